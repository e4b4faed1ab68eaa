"""How often one caller may come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orcaops_mcp.daemon.guards.buckets import Buckets
from orcaops_mcp.daemon.guards.refusal import Refusal, refuse
from orcaops_mcp.daemon.guards.request import address_of, is_guarded, is_local

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from orcaops_mcp.daemon.guards.rules import Rules
    from orcaops_mcp.intake.caller import Caller


class RateGuard:
    """Refuses callers who come faster than their bucket fills; each caller at each address has one.

    Args:
        app: What is guarded.
        rules: How much is borne.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._buckets = Buckets(rules.limits.rate_per_s, rules.limits.rate_burst, rules.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 429."""
        if is_guarded(scope) and not is_local(scope):
            caller: Caller = scope["state"]["caller"]
            wait_s = self._buckets.take((caller.name, address_of(scope)))
            if wait_s:
                hint = "Wait as long as Retry-After says. To hear of changes, follow a stream rather than ask again."
                message = "These are more requests than one caller may make."
                await refuse(Refusal(429, "rate_limited", message, hint, wait_s), scope, receive, send)
                return
        await self._app(scope, receive, send)
