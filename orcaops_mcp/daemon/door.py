"""The listening socket and the token, both got before the event loop runs."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import RequestError
from orcaops_mcp.daemon.token import read_or_make_token
from orcaops_mcp.settings import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from orcaops_mcp.settings import Settings

_GONE_MS: Final = 60_000


class CannotListenError(RequestError):
    """The address cannot be listened on."""

    code = "cannot_listen"
    default_hint = "Choose another port with --port, or stop what listens there."


@dataclass(frozen=True, slots=True)
class Door:
    """Where callers come in.

    Attributes:
        listener: The bound socket.
        host: The address it was bound by.
        port: The port it really has.
        token: What callers must bring; None if nothing.
        token_path: Where the token is kept.
    """

    listener: socket.socket
    host: str
    port: int
    token: str | None
    token_path: Path

    @property
    def address(self) -> str:
        """Where pages and REST are served."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Where MCP is served."""
        return f"{self.address}/mcp"

    def welcome(self, stop: str) -> str:
        """How to connect, for a terminal.

        Args:
            stop: What becomes of things when the engine is stopped.
        """
        header = f' --header "Authorization: Bearer $(cat {self.token_path})"' if self.token else ""
        return (
            f"OrcaOps serves MCP at {self.url}\n"
            f"  token    {self.token_path if self.token else 'none needed, on loopback only'}\n"
            f"  connect  claude mcp add --transport http orcaops {self.url}{header}\n"
            f"  pages    {self.address}/jobs\n"
            f"  stop     Ctrl-C; {stop}"
        )


@contextmanager
def open_door(settings: Settings, *, with_token: bool = True) -> Generator[Door]:
    """Bind the address and read the token; the socket is closed with the context.

    Raises:
        CannotListenError: The port is taken, the address is not ours, or it is open to others without a token.
        UnusableTokenError: The token file cannot be used.
    """
    if not with_token and settings.host not in LOOPBACK:
        hint = "Leave out --no-token."
        raise CannotListenError(f"{settings.host} can be reached by others and needs a token.", hint=hint)
    token = read_or_make_token(settings.token_path) if with_token else None
    with _listen(settings.host, settings.port) as listener:
        port: int = listener.getsockname()[1]
        yield Door(listener, settings.host, port, token, settings.token_path)


@contextmanager
def loopback_door(settings: Settings) -> Generator[Door | None]:
    """The door of an engine that a call started: loopback only, and a free port if the wanted one is taken.

    None if the settings want no such door.

    Raises:
        UnusableTokenError: The token file cannot be used.
    """
    if not settings.tcp:
        yield None
        return
    host = settings.host if settings.host in LOOPBACK else "127.0.0.1"
    token = read_or_make_token(settings.token_path)
    try:
        listener = _listen(host, settings.port)
    except CannotListenError:
        listener = _listen(host, 0)
    with listener:
        port: int = listener.getsockname()[1]
        yield Door(listener, host, port, token, settings.token_path)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except OSError as error:
        raise CannotListenError(f"{host} is not an address of this machine: {error.strerror}.") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: a peer that takes nothing for so long is gone
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MS)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise CannotListenError(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    return listener
