"""What clients and servers of the tests speak: HTTP without TLS, over loopback."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import anyio
import uvicorn

if TYPE_CHECKING:
    import socket

NO_CERTIFICATES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For a client's ``verify``: reading the machine's certificates takes longer than most tests."""


class PromptServer(uvicorn.Server):
    """A server that leaves when it is told to, and not at uvicorn's next look at the clock.

    Attributes:
        ready: It listens.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = anyio.Event()
        self._told = anyio.Event()

    def leave(self) -> None:
        """Answer what is under way and end."""
        self._told.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Serve until it is told to leave."""
        await self.on_tick(0)
        await self._told.wait()
        self.should_exit = True
