"""`orcaops serve` as a process: a real socket, real clients, a clean end."""

from __future__ import annotations

import re
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import httpx2
import pytest
from anyio.streams.text import TextReceiveStream
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.orcaops_mcp.conftest import finished_job

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.slow

ORCAOPS = Path(sys.executable).parent / "orcaops"


@dataclass(frozen=True)
class Served:
    url: str
    token: str | None
    process: anyio.abc.Process

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@asynccontextmanager
async def served(home: Path, *options: str, patience_s: float = 90) -> AsyncGenerator[Served]:
    """A server on a free port; SIGTERM must end it with exit code 0."""
    command = [str(ORCAOPS), "serve", "--port", "0", "--home", str(home), "--backend", "simulated", *options]
    with anyio.fail_after(patience_s):
        async with await anyio.open_process(command) as process:
            assert process.stderr is not None
            said = ""
            async for chunk in TextReceiveStream(process.stderr):
                said += chunk
                if "stop " in said and said.endswith("\n"):
                    break
            address = re.search(r"http://\S+/mcp", said)
            assert address is not None, said
            token = await anyio.Path(home / "token").read_text() if "--no-token" not in options else None
            yield Served(address[0], token.strip() if token else None, process)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_runs_a_job_over_http(tmp_path: Path, mode: str) -> None:
    async with (
        served(tmp_path) as server,
        httpx2.AsyncClient(headers=server.headers, timeout=30) as http,
        Client(streamable_http_client(server.url, http_client=http), mode=mode) as client,
    ):
        outcome = await finished_job(client, "echo one", "echo two >&2; exit 3")
        assert outcome["failure"]["kind"] == "exit"
        assert [step["exit_code"] for step in outcome["steps"]] == [0, 3]


@pytest.mark.hostile("B16", "B17", "B18", "B21")
async def test_the_door_is_guarded(tmp_path: Path) -> None:
    async with served(tmp_path) as server, httpx2.AsyncClient(timeout=30) as http:
        health = server.url.replace("/mcp", "/healthz")
        assert (await http.get(health)).text == "ok\n"
        assert (await http.get(health, headers={"Host": "evil.example"})).status_code == 421
        assert (await http.post(server.url, json={})).status_code == 401
        assert (await http.post(server.url, json={})).headers["www-authenticate"] == "Bearer"
        foreign = server.headers | {"Origin": "http://evil.example"}
        assert (await http.post(server.url, json={}, headers=foreign)).status_code == 403
        plain = server.headers | {"Content-Type": "text/plain", "Accept": "application/json, text/event-stream"}
        assert (await http.post(server.url, content=b"{}", headers=plain)).status_code in (400, 415)
        large = server.headers | {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        assert (await http.post(server.url, content=b"x" * 5_000_000, headers=large)).status_code == 413


async def test_without_a_token_loopback_is_served_to_anybody_there(tmp_path: Path) -> None:
    async with served(tmp_path, "--no-token") as server, Client(server.url) as client:
        assert (await client.list_tools()).tools
