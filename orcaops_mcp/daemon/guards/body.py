"""How large a body may be, and how long it may take to come. It is counted as it passes, never gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from orcaops_mcp.daemon.guards.refusal import Exchange, Refusal, refuse
from orcaops_mcp.daemon.guards.request import header_values

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from orcaops_mcp.daemon.guards.rules import Rules

_UPLOADS: Final = "/orcaops/uploads"
_JOBS: Final = "/orcaops/jobs"
_SLOWEST_BYTES_PER_S: Final = 1024


class BodyGuard:
    """Refuses bodies that are too large or too slow.

    A body may keep us waiting for a time, and a second longer for each KiB that it has brought: one that drips byte
    by byte is not read for ever.

    Args:
        app: What is guarded.
        rules: How much is borne.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._limits = rules.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 408 or 413."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        most = self._limits.max_upload_bytes if _sends_files(scope) else self._limits.max_body_bytes
        if any(not value.isdigit() or int(value[:20]) > most for value in header_values(scope, b"content-length")):
            await refuse(_too_large(most), scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        await exchange.run(self._app, receive=_Meter(exchange, receive, most, self._limits.body_idle_s))


class _Meter:
    """Passes a body on, and cuts its request off when it is too much or too slow."""

    def __init__(self, exchange: Exchange, receive: Receive, most: int, idle_s: float) -> None:
        self._exchange = exchange
        self._receive = receive
        self._most = most
        self._idle_s = idle_s
        self._bytes = 0
        self._waited_s = 0.0
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        message = await self._next_part()
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
            if self._bytes > self._most:
                return await self._cut_off(_too_large(self._most))
        return message

    async def _next_part(self) -> Message:
        patience_s = min(self._idle_s, self._idle_s + self._bytes / _SLOWEST_BYTES_PER_S - self._waited_s)
        began = anyio.current_time()
        with anyio.move_on_after(patience_s):
            message = await self._receive()
            self._waited_s += anyio.current_time() - began
            return message
        return await self._cut_off(_TOO_SLOW)

    async def _cut_off(self, refusal: Refusal) -> Message:
        self._is_whole = True
        await self._exchange.cut_off(refusal)
        return {"type": "http.disconnect"}


def _has_body(scope: Scope) -> bool:
    lengths = header_values(scope, b"content-length")
    return bool(header_values(scope, b"transfer-encoding")) or any(length != b"0" for length in lengths)


def _sends_files(scope: Scope) -> bool:
    path: str = scope["path"]
    if path == _UPLOADS or path.startswith(_UPLOADS + "/"):
        return True
    kinds = header_values(scope, b"content-type")
    return path == _JOBS and any(kind.lower().startswith(b"multipart/form-data") for kind in kinds)


def _too_large(most: int) -> Refusal:
    size = f"{most / (1024 * 1024):g} MiB" if most >= 1024 * 1024 else f"{most} bytes"
    return Refusal(
        413,
        "body_too_large",
        f"The request's body is larger than {size}.",
        "Send files by POST /orcaops/uploads, or raise http.max_body_bytes or http.max_upload_bytes.",
    )


_TOO_SLOW: Final = Refusal(
    408,
    "body_too_slow",
    "The request's body did not come in time.",
    "Send it again, over a better connection or in smaller parts.",
    retry_after_s=1,
)
