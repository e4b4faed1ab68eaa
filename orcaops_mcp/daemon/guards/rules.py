"""Who is let in, made of the settings and the address that is bound."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import SystemClock
from orcaops_mcp.daemon.guards.book import TokenBook
from orcaops_mcp.daemon.named_tokens import TokenFile
from orcaops_mcp.settings import LOOPBACK, HttpSettings

if TYPE_CHECKING:
    from core import Clock
    from orcaops_mcp.settings import Settings

_HTTP: Final = 80


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may come in over TCP. Callers on a unix socket are the operator's own.

    Attributes:
        hosts: Host header values that are ours, in lower case, with the port.
        origins: Origin header values of our own pages.
        allowed_origins: Those of other pages that may call.
        book: The tokens; None asks for none.
        reading_needs_token: Whether those who only look need one too.
        limits: What is borne of a caller.
        clock: Tells the time.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    allowed_origins: frozenset[str]
    book: TokenBook | None
    reading_needs_token: bool
    limits: HttpSettings
    clock: Clock


def rules_for(settings: Settings, port: int, token: str | None, clock: Clock | None = None) -> Rules:
    """The rules for a door.

    Args:
        settings: Whose host, allowed names, home and limits apply.
        port: The port that is really served on.
        token: The operator's token; None asks nobody for one.
        clock: Tells the time; the machine's if None.
    """
    time = clock or SystemClock()
    names = host_names(settings)
    hosts = {f"{name}:{port}" for name in names}
    origins = {f"http://{name}:{port}" for name in names}
    if port == _HTTP:
        hosts |= names
        origins |= {f"http://{name}" for name in names}
    # A proxy that brings others here listens on loopback's side of us, and passes on the name that it is known by.
    others_may_come = settings.host not in LOOPBACK or bool(settings.allowed_hosts)
    must = settings.http.require_token_to_read
    return Rules(
        hosts=frozenset(hosts | {host.lower() for host in settings.allowed_hosts}),
        origins=frozenset(origins),
        allowed_origins=frozenset(origin.lower() for origin in settings.allowed_origins),
        book=None if token is None else TokenBook(token, TokenFile(settings.home), time),
        reading_needs_token=others_may_come if must == "auto" else must,
        limits=settings.http,
        clock=time,
    )


def host_names(settings: Settings) -> set[str]:
    """Names under which clients reach the bound address, as they stand in a Host header."""
    bound = settings.host.lower()
    names = {"127.0.0.1", "localhost", "[::1]"}
    if bound not in LOOPBACK:
        names.add(f"[{bound}]" if ":" in bound else bound)
        names.add(socket.gethostname().lower())
    return names
