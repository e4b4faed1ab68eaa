"""What the guards ask of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orcaops_mcp.intake.looking import LOOKING_METHODS, only_looks

if TYPE_CHECKING:
    from starlette.types import Scope

MCP_PATH: Final = "/mcp"
"""Where every message is a POST, whether it changes something or not; the MCP server looks at each."""

OPEN_PATHS: Final = frozenset({"/healthz"})
"""Paths that say nothing and ask nobody who they are."""


def is_guarded(scope: Scope) -> bool:
    """Whether it is a request; not the server's start and end."""
    return scope["type"] in ("http", "websocket")


def is_local(scope: Scope) -> bool:
    """Whether it came by a unix socket, whose file only its owner can open. Servers name no port for one."""
    server = scope.get("server")
    return server is not None and server[1] is None


def changes_something(scope: Scope) -> bool:
    """Whether it may change something. No WebSocket does: they only show."""
    return scope["type"] == "http" and not only_looks(scope["method"], scope["path"])


def sends_something(scope: Scope) -> bool:
    """Whether it is made with a method that brings something, even where nothing is changed by it."""
    return scope["type"] == "http" and scope["method"] not in LOOKING_METHODS


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """All values of a header; the name in lower case."""
    return [value for key, value in scope["headers"] if key == name]


def cookie_of(scope: Scope, name: str) -> str:
    """The value of a cookie; empty if it was not brought, or more than once."""
    pairs = [part.strip() for line in header_values(scope, b"cookie") for part in line.decode("latin-1").split(";")]
    values = [pair.partition("=")[2] for pair in pairs if pair.partition("=")[0] == name]
    return values[0].strip('"') if len(values) == 1 else ""


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks for a page to show."""
    accepts = b",".join(header_values(scope, b"accept"))
    return scope["type"] == "http" and scope["method"] in LOOKING_METHODS and b"text/html" in accepts


def address_of(scope: Scope) -> str:
    """Who is at the other end, for counting; an IPv6 network counts as one, since its owner has all addresses of it."""
    client = scope.get("client")
    if not client:
        return ""
    address = str(client[0])
    return address if address.startswith("::") or ":" not in address else ":".join(address.split(":")[:4])
