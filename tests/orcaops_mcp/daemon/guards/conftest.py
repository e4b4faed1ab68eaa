"""A room behind the guards: a small application on a real server, that notes who came in and what they did."""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from orcaops_mcp.daemon.guards import GuardedProtocol, GuardedWebSocket, Rules, guarded, rules_for
from orcaops_mcp.daemon.named_tokens import TokenFile
from orcaops_mcp.settings import HttpSettings, Settings
from tests.orcaops_mcp.plain_http import NO_CERTIFICATES, PromptServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from anyio.abc import SocketStream
    from starlette.requests import Request
    from starlette.websockets import WebSocket

    from core import Clock
    from orcaops_mcp.daemon.named_tokens import NamedToken, TokenScope

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Room:
    """What stands behind the guards.

    Attributes:
        port: Where it is reached.
        home: The home whose tokens count.
        rules: Who may come in.
        socket: Its unix socket.
        changes: Method and path of each request that got in and may change something.
        left: Set when a stream's reader has gone.
        changed: Set when such a request got in.
    """

    port: int
    home: Path
    rules: Rules
    socket: Path
    changes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    left: anyio.Event = field(default_factory=anyio.Event)
    changed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def tokens(self) -> TokenFile:
        return TokenFile(self.home)

    async def token(self, name: str, scope: TokenScope = "write", expires_at: datetime | None = None) -> dict[str, str]:
        """The header of a named token made now."""
        made = await anyio.to_thread.run_sync(self.tokens.add, name, scope, self.rules.clock.now(), expires_at)
        return {"Authorization": f"Bearer {made}"}

    async def stored_tokens(self) -> tuple[NamedToken, ...]:
        return await anyio.to_thread.run_sync(self.tokens.read)

    def client(self, **more: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, timeout=20, verify=NO_CERTIFICATES, **more)

    async def say(self, *lines: str, body: bytes = b"") -> tuple[int, dict[str, str], dict[str, Any]]:
        """Send lines as they are, with the Host if none is among them, and read one answer."""
        async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
            await stream.send(self.head(*lines) + body)
            return await answer_on(stream)

    def head(self, *lines: str) -> bytes:
        hosts = [] if any(line.lower().startswith("host:") for line in lines) else [f"Host: 127.0.0.1:{self.port}"]
        return "\r\n".join([lines[0], *hosts, *lines[1:], "", ""]).encode("latin-1")


async def answer_on(stream: SocketStream) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and JSON of the next answer on a connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += await stream.receive()
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += await stream.receive()
    return int(first.split()[1]), headers, json.loads(body or b"{}")


def _app(room: Room) -> Starlette:
    async def anything(request: Request) -> JSONResponse:
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            room.changes.append((request.method, request.url.path))
            room.changed.set()
        size = 0
        async for part in request.stream():
            size += len(part)
        caller = request.state.caller
        folder = None if caller.folder is None else str(caller.folder)
        return JSONResponse(
            {
                "name": caller.name,
                "may_change": caller.may_change,
                "is_operator": caller.is_operator,
                "folder": folder,
                "size": size,
            }
        )

    async def stream(_: Request) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            try:
                yield "data: one\n\n"
                await anyio.sleep_forever()
            finally:
                room.left.set()

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def web_socket(connection: WebSocket) -> None:
        await connection.accept()
        await connection.send_text(connection.state.caller.name)
        await connection.receive()

    methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route("/stream", stream),
            WebSocketRoute("/ws", web_socket),
            Route("/{_:path}", anything, methods=methods),
        ]
    )


@asynccontextmanager
async def a_room(
    home: Path,
    *,
    token: str | None = TOKEN,
    clock: Clock | None = None,
    http: type[GuardedProtocol] = GuardedProtocol,
    limits: HttpSettings | None = None,
    **settings: Any,
) -> AsyncGenerator[Room]:
    """A room on a port and on a unix socket of their own."""
    path = home / "api.sock"
    await anyio.Path(home).mkdir(mode=0o700, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))
        port = tcp.getsockname()[1]
        chosen = Settings(home=home, http=limits or HttpSettings(), **settings)
        room = Room(port, home, rules_for(chosen, port, token, clock), path)
        config = uvicorn.Config(
            guarded(_app(room), room.rules),
            http=http,
            ws=GuardedWebSocket,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        server = PromptServer(config)
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.serve, [tcp, unix])
                await server.ready.wait()
                try:
                    yield room
                finally:
                    server.force_exit = True
                    server.leave()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Room]:
    async with a_room(tmp_path / "home") as opened:
        yield opened
