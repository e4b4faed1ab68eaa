"""uvicorn as one of several tasks of a process: no signals of its own, and it ends when the engine leaves."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import anyio
import uvicorn

from orcaops_mcp.daemon.guards import GuardedProtocol, GuardedWebSocket
from orcaops_mcp.daemon.peers import is_ours

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from orcaops_mcp.daemon.life import Life

_GOODBYE_S: Final = 1
_TICK_S: Final = 1.0
_SAID_BYTES: Final = 64 * 1024
"""What a client may say at once on a WebSocket; ours only show."""

_UNCOUNTED: Final = frozenset({"/healthz", "/readyz"})
"""Being asked for one's health is no work."""


class DoorProtocol(GuardedProtocol):
    """HTTP for anybody over TCP, and for our own user over a unix socket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - uvicorn's own signature
        """Take the connection, or end it at once."""
        super().connection_made(transport)
        connection: socket.socket = transport.get_extra_info("socket")
        if connection.family == socket.AF_UNIX and not is_ours(connection):
            transport.abort()


class WebServer(uvicorn.Server):
    """Serves HTTP until the life is over; requests under way then get a second.

    Args:
        app: What answers.
        life: What requests keep alive.
    """

    def __init__(self, app: ASGIApp, life: Life) -> None:
        super().__init__(
            uvicorn.Config(
                Engaging(app, life),
                http=DoorProtocol,
                ws=GuardedWebSocket,
                ws_max_size=_SAID_BYTES,
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_GOODBYE_S,
            )
        )
        self._life = life

    async def run_on(self, sockets: Sequence[socket.socket]) -> None:
        """Serve on these listening sockets, and close them at the end."""
        await self.serve(list(sockets))

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone: the engine has its own way to leave."""
        yield

    async def main_loop(self) -> None:
        """Keep the date header, until the life is over."""
        while not self._life.is_over:
            await self.on_tick(0)
            with anyio.move_on_after(_TICK_S):
                await self._life.wait()
        self.should_exit = True


class Engaging:
    """Counts requests and WebSockets as engagements of the engine.

    Args:
        app: What answers.
        life: Whose engagements they are.
    """

    def __init__(self, app: ASGIApp, life: Life) -> None:
        self._app = app
        self._life = life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "lifespan" or scope["path"] in _UNCOUNTED:
            await self._app(scope, receive, send)
            return
        with self._life.engagement():
            await self._app(scope, receive, send)
