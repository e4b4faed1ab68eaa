"""What the door and the dashboard both know: which paths are pages, the login cookie, who judges tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

PAGE_SEGMENTS: Final = frozenset(
    {
        *("", "jobs", "workflows", "artifacts", "templates", "analytics", "system", "connect"),
        *("login", "logout", "theme", "events", "static", "favicon.ico"),
    }
)
"""The first part of every path that a page is at."""

LOGIN_PATH: Final = "/login"
LOGIN_COOKIE: Final = "orcaops_login"
"""Stands for a token that was brought to the login page."""

_OPEN_SEGMENTS: Final = frozenset({"login", "logout", "theme", "static", "favicon.ico"})


_OTHER_SEGMENTS: Final = frozenset({"mcp", "orcaops", "docs", "openapi.json", "healthz", "readyz", "metrics"})


def first_segment(path: str) -> str:
    """The part of a path between its first two slashes."""
    return path.split("/", 2)[1] if path.startswith("/") else path


def is_page(path: str) -> bool:
    """Whether a path is one of the dashboard's."""
    return first_segment(path) in PAGE_SEGMENTS


def is_nowhere(path: str) -> bool:
    """Whether nothing at all is served at paths that begin so."""
    return first_segment(path) not in PAGE_SEGMENTS | _OTHER_SEGMENTS


def is_open_page(path: str) -> bool:
    """Whether it says nothing of what runs here and changes nothing but what a browser keeps: for whoever comes."""
    return first_segment(path) in _OPEN_SEGMENTS


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody who brought a token to the login page is told.

    Attributes:
        name: Whose token it is; empty if it is not good.
        cookie: What the browser is to bring from now on; empty if the token is not good.
        lasts_s: How long that is good for.
        problem: Why the token is not good.
        retry_after_s: When the next one may be tried, if too many were not.
    """

    name: str = ""
    cookie: str = ""
    lasts_s: int = 0
    problem: str = ""
    retry_after_s: float | None = None


class Doorkeeper(Protocol):
    """Knows the tokens. Where nobody is asked for one there is none."""

    async def admit(self, token: str, address: str) -> Entry:
        """Judge a token that somebody at an address brought."""
        ...

    def dismiss(self, cookie: str) -> None:
        """Let this cookie be good no more."""
        ...
