"""Docker is not there, comes, goes and comes again: every door says so, and nobody has to start anything anew."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.orcaops_mcp.conftest import call
from tests.orcaops_mcp.served import ORCAOPS, Served, served

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from anyio.abc import SocketStream

pytestmark = [pytest.mark.docker, pytest.mark.slow]

REAL = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
ABSENT = "Docker's socket does not exist"


@asynccontextmanager
async def docker_at(path: Path) -> AsyncGenerator[None]:
    """Docker answers at this path as long as the context lasts; then all its connections end."""

    async def pass_on(source: SocketStream, target: SocketStream) -> None:
        try:
            async for piece in source:
                await target.send(piece)
            await target.send_eof()
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            await target.aclose()

    async def serve(client: SocketStream) -> None:
        async with client, await anyio.connect_unix(REAL) as docker, anyio.create_task_group() as both:
            both.start_soon(pass_on, client, docker)
            both.start_soon(pass_on, docker, client)

    async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield
        tasks.cancel_scope.cancel()
    await anyio.Path(path).unlink(missing_ok=True)


async def orcaops(home: Path, *words: str) -> tuple[int, str]:
    """The command line's exit code and all it said."""
    done = await anyio.run_process([str(ORCAOPS), "--home", str(home), *words], check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


async def blocked_at(http: httpx2.AsyncClient) -> str:
    """Since when jobs wait, once the engine has noticed it."""
    while True:
        answer = await http.get("/readyz")
        said: dict[str, Any] = answer.json()
        if said["blocked_at"]:
            assert answer.status_code == 503
            return str(said["blocked_at"])


async def says_that_it_is_away(home: Path, server: Served, http: httpx2.AsyncClient) -> None:
    """REST, metrics, the page, the command line and MCP: with the reason, since when, and what to do."""
    ready = await http.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert ABSENT in ready.json()["containers"]["problem"]
    assert ready.json()["containers"]["hint"]
    since = await blocked_at(http)
    assert (await http.get("/healthz")).text == "ok\n"
    system = (await http.get("/orcaops/system")).json()
    assert (system["containers"]["available"], system["blocked_at"]) == (False, since)
    assert "orcaops_container_engine_up 0.0" in (await http.get("/orcaops/metrics")).text
    async with Client(streamable_http_client(server.url, http_client=http)) as client:
        told = await call(client, "orcaops_get_system_status")
        assert (told["containers"]["available"], told["blocked_at"]) == (False, since)
    code, text = await orcaops(home, "doctor")
    assert code == 1
    assert "FAIL  containers: " in text
    assert ABSENT in text
    assert f"since {since}" in text
    assert "Start Docker" in text
    code, text = await orcaops(home, "system")
    assert code != 0
    assert since in text


async def ended_well(home: Path, job_id: str) -> None:
    """The job's end, waited for by the command line."""
    code, text = await orcaops(home, "jobs", "watch", job_id)
    assert code == 0, text


@pytest.mark.fault("F14")
async def test_docker_away_is_told_at_every_door_with_its_time_until_it_is_back(tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "docker.sock"
    home.mkdir(mode=0o700)
    settings = {"docker": {"base_url": f"unix://{path}", "call_timeout_s": 5, "reconcile_s": 2}}
    await anyio.Path(home / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
    with anyio.fail_after(240):
        async with (
            served(home, "--backend", "docker", patience_s=240) as server,
            httpx2.AsyncClient(base_url=server.url.removesuffix("/mcp"), headers=server.headers, timeout=60) as http,
        ):
            await says_that_it_is_away(home, server, http)
            first = await blocked_at(http)
            request = {"image": "busybox:latest", "command": ["true"]}
            accepted = await http.post("/orcaops/jobs", json=request)
            assert accepted.status_code == 201
            async with docker_at(path):
                await ended_well(home, accepted.json()["job_id"])
                ready = await http.get("/readyz")
                assert (ready.status_code, ready.json()["ready"], ready.json()["blocked_at"]) == (200, True, None)
                assert "orcaops_container_engine_up 1.0" in (await http.get("/orcaops/metrics")).text
            assert (await http.get("/readyz")).status_code == 503
            accepted = await http.post("/orcaops/jobs", json=request)
            assert await blocked_at(http) > first
            async with docker_at(path):
                await ended_well(home, accepted.json()["job_id"])
                assert (await http.get("/readyz")).status_code == 200
