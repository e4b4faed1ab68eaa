"""uvicorn's protocols, mended where they bear too much or say too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    import asyncio

    from h11 import Request


class GuardedProtocol(H11Protocol):
    """uvicorn's HTTP protocol, with a time limit for a request's head and a limit on connections.

    uvicorn itself waits for ever for a connection that says nothing, or never the whole of it.
    """

    head_s: ClassVar[float] = 15.0
    """How long a connection may take for the head of a request, counted from its first byte, or from the start."""

    most_connections: ClassVar[int] = 8192
    """Connections at once; one more is closed."""

    _impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - uvicorn's own
        """Begin to wait for the first head."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            transport.abort()
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; what is no whole head yet must become one in time."""
        if self._impatience is None and self._is_between_requests():
            self._expect_head()
        super().data_received(data)
        if not self._is_between_requests():
            self._expect_nothing()

    def handle_websocket_upgrade(self, event: Request) -> None:
        """The head has come, and the connection is another protocol's from here on."""
        self._expect_nothing()
        super().handle_websocket_upgrade(event)

    def _is_between_requests(self) -> bool:
        cycle = cast("Any", self.cycle)
        return cycle is None or bool(cycle.response_complete)

    def _expect_head(self) -> None:
        self._impatience = self.loop.call_later(self.head_s, self._lose_patience)

    def _expect_nothing(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    def _lose_patience(self) -> None:
        self._impatience = None
        if not self.transport.is_closing():
            self.transport.abort()


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which logs no header and takes a refusal for a complete answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # At the level debug the library writes down whole heads, with the token in them.
        self.conn.debug = False

    async def send(self, message: Any) -> None:
        """Pass a message on; uvicorn logs an error for each refusal if it is not told that the handshake is over."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what the connection took.

        The library's parser is a generator that holds its own connection, and with it what compresses: tens of
        kibibytes each, which counts as a few objects to the search for garbage.
        """
        super().connection_lost(exc)
        self.conn.parser.close()

    def shutdown(self) -> None:
        """Leave; to whom a handshake was refused everything has been said, and uvicorn would answer once more."""
        if self.conn.eof_sent:
            self.transport.close()
        else:
            super().shutdown()
