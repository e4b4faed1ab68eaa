from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from orcaops_mcp import places
from tests.orcaops_mcp.conftest import finished_job
from tests.orcaops_mcp.daemon.engines import connected, running, stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@asynccontextmanager
async def _http(home: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client on the home's REST socket."""
    path = await anyio.to_thread.run_sync(places.socket_path, str(home), places.API_SOCKET)
    transport = httpx2.AsyncHTTPTransport(uds=path)
    async with httpx2.AsyncClient(transport=transport, base_url="http://engine", timeout=30) as client:
        yield client


async def test_rest_mcp_and_health_answer_on_the_unix_socket_without_a_token(home: Path) -> None:
    async with running(home), _http(home) as http:
        assert (await http.get("/healthz")).text == "ok\n"
        assert (await http.get("/readyz")).status_code == 200
        created = await http.post("/orcaops/jobs", json={"image": "busybox", "command": ["echo", "hi"]})
        assert created.status_code == 201
        for mode in ("auto", "legacy"):
            async with Client(streamable_http_client("http://engine/mcp", http_client=http), mode=mode) as client:
                assert (await finished_job(client, "true"))["status"] == "success"
                status = await client.call_tool("orcaops_get_job_status", {"job_id": created.json()["job_id"]})
                assert not status.is_error


async def test_the_engine_is_not_ready_when_no_container_engine_answers(home: Path) -> None:
    docker: dict[str, Any] = {"backend": "docker", "docker.base_url": "unix:///nonexistent/docker.sock"}
    async with running(home, **docker), _http(home) as http:
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["ready"] is False
        assert ready.json()["containers"]["hint"]


@pytest.mark.parametrize("when_idle", [False, True])
async def test_the_engine_can_be_told_to_leave_over_rest(home: Path, when_idle: bool) -> None:
    async with running(home), _http(home) as http:
        answer = await http.post("/orcaops/system/stop", json={"when_idle": when_idle})
        assert answer.status_code == 202
        assert await anyio.to_thread.run_sync(places.wait_until_gone, str(home), 30.0)


async def test_a_stream_keeps_an_idle_engine_and_being_asked_for_its_health_does_not(home: Path) -> None:
    has_gone = partial(places.wait_until_gone, str(home))
    async with running(home, idle_exit_s=3), _http(home) as http:
        async with http.stream("GET", "/orcaops/events") as stream:
            assert stream.status_code == 200
            assert not await anyio.to_thread.run_sync(has_gone, 4.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_ask_for_health, http)
            assert await anyio.to_thread.run_sync(has_gone, 60.0)
            tasks.cancel_scope.cancel()


async def _ask_for_health(http: httpx2.AsyncClient) -> None:
    try:
        while True:
            await http.get("/healthz")
            await anyio.sleep(0.05)
    except httpx2.HTTPError:  # it has left
        return


async def test_the_command_line_starts_an_engine_and_meets_it_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCAOPS_TCP", "false")
    open_api = partial(places.open_api, str(home), ["--backend", "simulated"])
    first = await anyio.to_thread.run_sync(open_api)
    first.close()
    note = await anyio.to_thread.run_sync(places.note_of, str(home))
    again = await anyio.to_thread.run_sync(open_api)
    again.close()
    assert note is not None
    assert note == await anyio.to_thread.run_sync(places.note_of, str(home))
    async with connected(home, version="") as wire:
        assert await wire.tools()
    await anyio.to_thread.run_sync(stop, home)
    assert await anyio.to_thread.run_sync(places.note_of, str(home)) is None
