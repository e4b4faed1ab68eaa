"""The Host and Origin headers: a browser page of another site can reach a loopback port, and must get nowhere.

With DNS rebinding the page's own name points here, so the Host must be one of ours. An Origin, if there is one, must
be ours or allowed. Browsers also say by Sec-Fetch-Site where a request was made, even where they send no Origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orcaops_mcp.daemon.guards.refusal import Refusal, refuse
from orcaops_mcp.daemon.guards.request import header_values, is_guarded, is_local, sends_something

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from orcaops_mcp.daemon.guards.rules import Rules

_ELSEWHERE: Final = frozenset({b"cross-site", b"same-site"})

_HOST: Final = Refusal(
    421,
    "host_not_allowed",
    "The Host header names no address of this server.",
    "Use the address `orcaops serve` printed, or add the name to allowed_hosts in the configuration.",
)
_ORIGIN: Final = Refusal(
    403,
    "origin_not_allowed",
    "Pages of this origin may not call this server.",
    "Add the origin to allowed_origins in the configuration.",
)
_CROSS_SITE: Final = Refusal(
    403,
    "cross_site",
    "A page of another site made this request.",
    "Open OrcaOps itself in the browser, or add the page's origin to allowed_origins in the configuration.",
)


class SiteGuard:
    """Refuses requests whose Host or Origin is not ours.

    Args:
        app: What is guarded.
        rules: Which are ours.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._hosts = rules.hosts
        self._invited = rules.allowed_origins
        self._origins = rules.origins | rules.allowed_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421 or 403."""
        refusal = None if not is_guarded(scope) or is_local(scope) else self._judge(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refuse(refusal, scope, receive, send)

    def _judge(self, scope: Scope) -> Refusal | None:
        hosts = [value.decode("latin-1").lower() for value in header_values(scope, b"host")]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return _HOST
        origins = [value.decode("latin-1").lower() for value in header_values(scope, b"origin")]
        if origins and (len(origins) > 1 or origins[0] not in self._origins):
            return _ORIGIN
        is_invited = bool(origins) and origins[0] in self._invited
        return None if is_invited or not _is_strayed(scope) else _CROSS_SITE


def _is_strayed(scope: Scope) -> bool:
    """Whether a browser made it for another site's page; following a link to a page of ours is no such thing."""
    sites = header_values(scope, b"sec-fetch-site")
    if not sites or _ELSEWHERE.isdisjoint(sites):
        return False
    is_link = header_values(scope, b"sec-fetch-mode") == [b"navigate"]
    is_framed = not {b"document"}.issuperset(header_values(scope, b"sec-fetch-dest"))
    return sends_something(scope) or scope["type"] == "websocket" or not is_link or is_framed
