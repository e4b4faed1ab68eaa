"""Where an engine is, and how a connection to it is made."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orcaops_mcp.client.errors import ClientError, unreachable
from orcaops_mcp.client.wire import dial_tcp

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence


@dataclass(slots=True)
class HomeDial:
    """The engine of a home, over its unix socket; started if none answers.

    Attributes:
        home: The home's folder, absolute.
        options: Arguments of the engine, should it be started.
        starts: Whether it may be started.
        prefix: Nothing: paths begin at the root.
    """

    home: str
    options: Sequence[str] = ()
    starts: bool = True
    prefix: str = ""
    _met: bool = False

    @property
    def host(self) -> str:
        """What to send as the Host header."""
        return "localhost"

    def __call__(self, timeout_s: float | None) -> socket.socket:
        """A connected socket.

        Raises:
            ClientError: No engine answers, and none could be started.
        """
        from orcaops_mcp import places  # noqa: PLC0415 - not needed with --url

        connection = places.connect(self.home) if self._met or not self.starts else None
        if connection is None:
            if not self.starts:
                raise unreachable(f"No engine runs on {self.home}.", "Any command that needs one starts it.")
            try:
                connection = places.open_api(self.home, self.options)
            except places.EngineError as error:
                raise unreachable(error.message, error.hint) from None
        self._met = True
        connection.settimeout(timeout_s)
        return connection


@dataclass(frozen=True, slots=True)
class UrlDial:
    """An engine over TCP.

    Attributes:
        name: Host name or address.
        port: Port.
        tls: Whether the connection is encrypted.
        prefix: What stands before each path, when the engine is behind a proxy.
    """

    name: str
    port: int
    tls: bool = False
    prefix: str = ""

    @property
    def host(self) -> str:
        """What to send as the Host header."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == (443 if self.tls else 80) else f"{name}:{self.port}"

    def __call__(self, timeout_s: float | None) -> socket.socket:
        """A connected socket.

        Raises:
            ClientError: Nobody answers, or not as the host it should be.
        """
        connection = dial_tcp(self.name, self.port, timeout_s)
        if not self.tls:
            return connection
        import ssl  # noqa: PLC0415 - slow to import, and rarely needed

        try:
            return ssl.create_default_context().wrap_socket(connection, server_hostname=self.name)
        except OSError as error:
            connection.close()
            raise unreachable(f"No secure connection to {self.host}: {error}.", "Check --url.") from None


def dial_url(url: str) -> UrlDial:
    """How to reach the engine at a URL.

    Raises:
        ClientError: It is not an ``http`` or ``https`` URL.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - not needed for a home's engine

    hint = "Write --url http://127.0.0.1:8787; `orcaops serve` tells the address."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ClientError("invalid_argument", "url: not a URL", hint=hint) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ClientError("invalid_argument", "url: must begin with http:// or https:// and name a host", hint=hint)
    if parts.username is not None or parts.query or parts.fragment:
        hint = "Give the token with --token or ORCAOPS_TOKEN."
        raise ClientError("invalid_argument", "url: must hold no user, query or fragment", hint=hint)
    tls = parts.scheme == "https"
    return UrlDial(parts.hostname, port or (443 if tls else 80), tls, parts.path.rstrip("/"))


def folder_header() -> dict[str, str]:
    """The folder the caller stands in, for the engine of the same machine; nothing if it is gone."""
    try:
        return {"OrcaOps-Folder": encoded(os.getcwd(), "/")}  # noqa: PTH109 - pathlib is slow to import
    except FileNotFoundError:
        return {}


def encoded(text: str, also: str = "") -> str:
    """Text percent-encoded for a part of a URL.

    Args:
        text: Any text; lone surrogates stand for bytes of a file's name.
        also: Characters to leave as they are, beside those that may stand anywhere.
    """
    plain = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" + also.encode())
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))
