"""Headers that every answer carries unless the application chose its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orcaops_mcp.daemon.guards.request import is_guarded

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DEFAULTS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
)
_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})


class AnswerGuard:
    """Tells browsers to take an answer for nothing else than it is.

    Args:
        app: What is guarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with the headers."""

        async def send_on(message: Message) -> None:
            if message["type"] in _STARTS:
                headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
                chosen = {name.lower() for name, _ in headers}
                missing = [header for header in _DEFAULTS if header[0] not in chosen]
                message = {**message, "headers": [*headers, *missing]}
            await send(message)

        await self._app(scope, receive, send_on if is_guarded(scope) else send)
