"""Callers who may only look: changing tools are not shown to them, and refused, message by message."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from core import SystemClock
from orcaops_mcp.daemon.guards import guarded, rules_for
from orcaops_mcp.daemon.named_tokens import TokenFile
from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from orcaops_mcp.settings import Settings
from tests.orcaops_mcp.conftest import error_of, facts_of, finished_job

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core import Engine
    from orcaops_mcp.daemon.named_tokens import TokenScope
    from orcaops_mcp.mcp_server.server import OrcaServer

OPERATOR = "correct-horse-battery"
CHANGING = {
    "orcaops_submit_job", "orcaops_cancel_job", "orcaops_rerun", "orcaops_upload_files", "orcaops_save_template",
    "orcaops_run_workflow", "orcaops_cancel_workflow",
}  # fmt: skip


@dataclass(frozen=True)
class Served:
    url: str
    tokens: TokenFile

    async def token(self, name: str, scope: TokenScope) -> str:
        return await anyio.to_thread.run_sync(self.tokens.add, name, scope, SystemClock().now())

    @asynccontextmanager
    async def client(self, token: str, era: str) -> AsyncGenerator[Client]:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=era) as client,
        ):
            yield client


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    ready: anyio.Event


@pytest.fixture
async def served(server: OrcaServer, tmp_path: Path) -> AsyncGenerator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        rules = rules_for(Settings(home=tmp_path), port, OPERATOR)
        app = guarded(server.streamable_http_app(), rules)
        config = uvicorn.Config(app, log_config=None, proxy_headers=False, lifespan="off", timeout_graceful_shutdown=1)
        running = _Server(config)
        running.ready = anyio.Event()
        with anyio.fail_after(60):
            async with server.session_manager.run(), anyio.create_task_group() as tasks:
                tasks.start_soon(running.serve, [listener])
                await running.ready.wait()
                yield Served(f"http://127.0.0.1:{port}/mcp", TokenFile(tmp_path))
                running.should_exit = running.force_exit = True


async def _offer(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def test_who_may_only_look_sees_no_tool_that_changes_something(engine: Engine, era: str) -> None:
    server = build_server(already_open(engine), caller=Caller("watcher", may_change=False))
    async with Client(server, mode=era) as client:
        offer = await _offer(client)
        assert offer
        assert not offer & CHANGING
        error = error_of(await client.call_tool("orcaops_submit_job", {"image": "busybox", "command": ["true"]}))
        assert error["code"] == "read_only_token"
        assert not any(name in error["hint"] for name in CHANGING)
        assert facts_of(await client.call_tool("orcaops_get_system_status", {}))
        unknown = error_of(await client.call_tool("orcaops_submit", {}))
        assert not any(name in unknown["hint"] for name in CHANGING)


async def test_a_read_only_token_cannot_cancel(served: Served, engine: Engine, era: str) -> None:
    async with served.client(OPERATOR, era) as operator:
        assert await _offer(operator) >= CHANGING
        arguments = {"image": "busybox", "command": ["sleep", "30"]}
        job_id = facts_of(await operator.call_tool("orcaops_submit_job", arguments))["job_id"]
        async with served.client(await served.token("watcher", "read"), era) as watcher:
            assert not await _offer(watcher) & CHANGING
            for tool, more in (
                ("orcaops_cancel_job", {"job_id": job_id}),
                ("orcaops_rerun", {"id": job_id}),
                ("orcaops_submit_job", arguments),
                ("orcaops_upload_files", {"files": [{"path": "a", "text": "b"}]}),
                ("orcaops_cancel_job", {}),
            ):
                assert error_of(await watcher.call_tool(tool, more))["code"] == "read_only_token"
            seen = facts_of(await watcher.call_tool("orcaops_get_job_status", {"job_id": job_id}))
            assert seen["status"] in ("queued", "running")
        job = await engine.get_job(job_id)
        assert job.cancel is None
        assert facts_of(await operator.call_tool("orcaops_cancel_job", {"job_id": job_id}))["job_id"] == job_id


async def test_a_token_that_may_write_runs_jobs(served: Served, era: str) -> None:
    async with served.client(await served.token("ci", "write"), era) as client:
        assert (await finished_job(client, "echo hi"))["status"] == "success"


async def test_each_message_is_judged_by_the_token_it_came_with(served: Served) -> None:
    async with httpx2.AsyncClient(timeout=20) as http:
        who = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": who}
        call = {
            "jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": {"name": "orcaops_submit_job", "arguments": {"image": "busybox", "command": ["true"]}},
        }  # fmt: skip

        def headers(token: str) -> dict[str, str]:
            both = "application/json, text/event-stream"
            return {"Authorization": f"Bearer {token}", "Accept": both, "Content-Type": "application/json"}

        async def submit(token: str) -> tuple[int, str]:
            session = {"mcp-session-id": session_id, "mcp-protocol-version": "2025-06-18"}
            answer = await http.post(served.url, json=call, headers=headers(token) | session)
            return answer.status_code, answer.text

        token = await served.token("ci", "write")
        opened = await http.post(served.url, json=hello, headers=headers(token))
        session_id = opened.headers["mcp-session-id"]
        assert "job_id" in (await submit(token))[1]
        assert (await submit(OPERATOR))[0] == 404
        await anyio.to_thread.run_sync(served.tokens.remove, ["ci"])
        assert (await submit(token))[0] == 401
        lessened = await served.token("ci", "read")
        status, said = await submit(lessened)
        assert status == 200
        assert "read_only_token" in said
        bare = {name: value for name, value in headers("").items() if name != "Authorization"}
        assert (await http.get(served.url, headers=bare | {"mcp-session-id": session_id})).status_code == 404
