"""The REST API on a real socket, beside the engine it serves, and short ways to read its answers."""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
import uvicorn

from core import EngineSettings, LimitSettings, SimulationSettings, open_engine
from orcaops_mcp.api.app import build_api
from orcaops_mcp.intake.caller import Caller
from tests.orcaops_mcp.plain_http import NO_CERTIFICATES, PromptServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from core import Engine

BUSYBOX = "busybox:latest"


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(
        home=tmp_path / "home",
        backend="simulated",
        simulation=SimulationSettings(time_scale=0.2),
        limits=LimitSettings(upload_bytes=2_000_000, upload_files=50),
    )


@pytest.fixture
async def engine(settings: EngineSettings) -> AsyncGenerator[Engine]:
    async with open_engine(settings) as opened:
        yield opened


@pytest.fixture
def stops() -> list[bool]:
    """What the engine's process was asked, in order: whether it should leave only when idle."""
    return []


@pytest.fixture
async def api(engine: Engine, stops: list[bool]) -> AsyncGenerator[FastAPI]:
    async def stop(when_idle: bool) -> bool:
        stops.append(when_idle)
        return not when_idle

    built = build_api(engine, stop=stop, stall_s=1)
    async with built.router.lifespan_context(built):
        yield built


class ByHeader:
    """Stands where the guards stand: says who calls and from where, by headers that only these tests know."""

    callers = {  # noqa: RUF012 - a table
        b"reader": Caller("token reader", may_change=False),
        b"operator": Caller("operator", is_operator=True),
    }

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        name, folder = headers.get(b"test-caller", b""), headers.get(b"test-folder", b"")
        if name in self.callers:
            scope.setdefault("state", {})["caller"] = self.callers[name]
        if folder:
            scope.setdefault("state", {})["caller"] = Caller("cli", folder=Path(folder.decode()))
        await self._app(scope, receive, send)


@dataclass(frozen=True)
class Served:
    """Where the API answers."""

    port: int
    http: httpx2.AsyncClient

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncGenerator[Served]:
    """The application behind uvicorn on a free port of this process."""
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    config = uvicorn.Config(
        ByHeader(app),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=65_536,
        timeout_graceful_shutdown=1,
    )
    server = PromptServer(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            timeout=20,
            limits=httpx2.Limits(max_connections=None),
            verify=NO_CERTIFICATES,
        ) as http:
            yield Served(port, http)
        server.leave()


@pytest.fixture
async def served(api: FastAPI) -> AsyncGenerator[Served]:
    async with serving(api) as opened:
        yield opened


@pytest.fixture
def http(served: Served) -> httpx2.AsyncClient:
    return served.http


def error_of(response: httpx2.Response, status: int) -> dict[str, Any]:
    """The one envelope of an error."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"error"}
    error: dict[str, Any] = response.json()["error"]
    assert {"code", "message", "hint", "retryable"} <= error.keys()
    return error


async def submitted(http: httpx2.AsyncClient, *command: str, wait_s: float = 0, **more: Any) -> dict[str, Any]:
    """Submit a job; its record."""
    request = {"image": BUSYBOX, **({"command": list(command)} if command else {}), **more}
    response = await http.post("/orcaops/jobs", json=request, params={"wait_s": wait_s})
    assert response.status_code == 201, response.text
    record: dict[str, Any] = response.json()
    return record


async def events_of(response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    """Server-sent events: name, id and decoded data; comments are passed over."""
    event: dict[str, Any] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if not line and event:
            yield event
            event = {}
        elif name == "data":
            event["data"] = json.loads(value)
        elif name in ("event", "id"):
            event[name] = value


async def all_events(http: httpx2.AsyncClient, path: str, **more: Any) -> list[dict[str, Any]]:
    """Every event of a stream that ends."""
    with anyio.fail_after(60):
        async with http.stream("GET", path, **more) as response:
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            return [event async for event in events_of(response)]
