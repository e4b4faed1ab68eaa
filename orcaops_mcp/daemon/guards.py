"""Who may speak to the TCP door: the Host and Origin headers, and the bearer token.

They hold for every route and every address the door is bound to. A browser page of another site can reach a
loopback port (DNS rebinding), so the Host must be one of ours, and an Origin, if there is one, too.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from orcaops_mcp.views.problem import problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS: Final = frozenset({"/healthz"})
"""Paths that need no token and say nothing."""


class HostGuard:
    """Refuses requests whose Host or Origin is not ours.

    Args:
        app: What is guarded.
        hosts: Host header values allowed, in lower case, with the port.
        origins: Origin header values allowed.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], origins: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421 or 403."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            hosts, origins = headers.getlist("host"), headers.getlist("origin")
            if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
                refusal = _refusal(421, "host_not_allowed", "The Host header names no address of this server.")
                await refusal(scope, receive, send)
                return
            if origins and (len(origins) != 1 or origins[0].lower() not in self._origins):
                refusal = _refusal(403, "origin_not_allowed", "Pages of this origin may not call this server.")
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class TokenGuard:
    """Refuses requests without the bearer token; tokens in a query string do not count.

    Args:
        app: What is guarded.
        token: The one token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            given = Headers(scope=scope).get("authorization", "")
            scheme, _, token = given.partition(" ")
            offered = f"{scheme.title()} {token.strip()}".encode()
            if not hmac.compare_digest(offered, self._expected):
                refusal = _refusal(401, "unauthorized", "A bearer token is needed.")
                refusal.headers["www-authenticate"] = "Bearer"
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refusal(status: int, code: str, message: str) -> JSONResponse:
    hints = {
        401: "Send `Authorization: Bearer <token>`; `orcaops serve` prints where its token is.",
        403: "Add the origin to allowed_origins in the configuration.",
        421: "Use the address `orcaops serve` printed, or add the name to allowed_hosts in the configuration.",
    }
    return JSONResponse({"error": problem(code, message, hint=hints[status])}, status)
