"""How many streams may be open at once: server-sent events, WebSockets, and MCP messages under way."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from orcaops_mcp.daemon.guards.refusal import Exchange, Refusal, refuse
from orcaops_mcp.daemon.guards.request import MCP_PATH, is_guarded

if TYPE_CHECKING:
    from collections.abc import Generator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from orcaops_mcp.daemon.guards.rules import Rules

_TOO_MANY: Final = Refusal(
    503,
    "too_many_streams",
    "As many streams are open as this server bears.",
    "Close streams that nobody reads, or raise http.max_streams in the configuration.",
    retry_after_s=5,
)


class StreamGuard:
    """Refuses one stream more than there may be.

    An answer is known to be a stream when it begins. MCP messages are counted apart and before they are looked at:
    what they ask for may be done by the time that their answer begins, so that a refusal would be a lie then.

    Args:
        app: What is guarded.
        rules: How much is borne.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._most = rules.limits.max_streams
        self._open = {"streams": 0, "messages": 0}

    @property
    def open_streams(self) -> int:
        """Streams and WebSockets open now."""
        return self._open["streams"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 503."""
        if not is_guarded(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._counted("streams", scope, receive, send)
        elif scope["method"] == "GET":
            await self._watched(scope, receive, send)
        elif scope["path"] == MCP_PATH:
            await self._counted("messages", scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _counted(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._open[kind] >= self._most:
            await refuse(_TOO_MANY, scope, receive, send)
            return
        with self._one_more(kind):
            await self._app(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        is_stream = False

        async def count(message: Message) -> None:
            nonlocal is_stream
            if not is_stream and _begins_stream(message):
                if self._open["streams"] >= self._most:
                    await exchange.cut_off(_TOO_MANY)
                    return
                is_stream = True
                self._open["streams"] += 1
            await exchange.send(message)

        try:
            await exchange.run(self._app, send=count)
        finally:
            if is_stream:
                self._open["streams"] -= 1

    @contextmanager
    def _one_more(self, kind: str) -> Generator[None]:
        self._open[kind] += 1
        try:
            yield
        finally:
            self._open[kind] -= 1


def _begins_stream(message: Message) -> bool:
    return message["type"] == "http.response.start" and any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message.get("headers", ())
    )
