"""Around every request: who may change, what every answer carries, how long it took, and what becomes of a crash."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection

from orcaops_mcp.api.answers import refusal
from orcaops_mcp.api.problems import crashed
from orcaops_mcp.api.state import caller_of
from orcaops_mcp.intake.looking import only_looks
from orcaops_mcp.views.problem import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from orcaops_mcp.api.metrics import Metrics

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Edge:
    """The outermost of the API.

    Args:
        app: What is inside.
        metrics: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        connection = HTTPConnection(scope)
        try:
            if not only_looks(scope["method"], scope["path"]) and not caller_of(connection).may_change:
                await refusal(_READ_ONLY, 403)(scope, receive, send_on)
            else:
                await self._app(scope, receive, send_on)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:  # noqa: BLE001 - the edge: logged with its traceback, answered with its id
            response = crashed(connection, error)
            if not status:
                await response(scope, receive, send_on)
        finally:
            self._metrics.count_request(_route_of(scope), scope["method"], status, time.perf_counter() - began)


_READ_ONLY: Final = problem(
    "read_only_token", "This token may only look.", hint="Use a token with the scope write: `orcaops tokens add`."
)


def _route_of(scope: Scope) -> str:
    """The path's template, so that ids do not become labels."""
    route: Any = scope.get("route")
    return str(getattr(route, "path_format", "")) or "(none)"
