"""A response of server-sent events at the reader's own pace: nothing is queued, a dead reader is let go."""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import anyio
from starlette.responses import Response

from core import OrcaOpsError
from orcaops_mcp.api.lines import event
from orcaops_mcp.api.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Receive, Scope, Send

    from orcaops_mcp.api.metrics import Metrics

_log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 15.0
"""After so long without an event a comment is sent, so that nobody between takes the stream for dead."""

_KEEPALIVE: Final = b": keepalive\n\n"
_PORTION: Final = 64 * 1024


class EventStream(Response):
    """Sends what a generator yields until it ends, the reader leaves, or takes nothing for too long.

    Args:
        events: Whole events, encoded; closed with the response.
        metrics: Where open streams are counted.
        stall_s: How long a send may wait for the reader.
        keepalive_s: The longest silence.
    """

    media_type = "text/event-stream"
    charset = "utf-8"

    def __init__(
        self,
        events: AsyncGenerator[bytes],
        metrics: Metrics,
        *,
        stall_s: float,
        keepalive_s: float = KEEPALIVE_S,
    ) -> None:
        super().__init__(None, 200, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._metrics = metrics
        self._stall_s = stall_s
        self._keepalive_s = keepalive_s
        self._sending = anyio.Lock()
        self._sent_at = 0.0

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        with self._metrics.stream("sse"):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            is_whole = False
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_until_gone, receive, tasks.cancel_scope)
                tasks.start_soon(self._keep_alive, send, tasks.cancel_scope)
                async with aclosing(self._events) as events:
                    is_whole = await self._deliver(events, send)
                tasks.cancel_scope.cancel()
            if is_whole:
                await send({"type": "http.response.body", "body": b""})

    async def _deliver(self, events: AsyncGenerator[bytes], send: Send) -> bool:
        """Send every event; False when the reader is dead."""
        try:
            async for piece in events:
                if not await self._send(send, piece):
                    return False
        except OrcaOpsError as error:
            return await self._send(send, event("error", {"error": problem_of(error)}))
        return True

    async def _send(self, send: Send, piece: bytes) -> bool:
        """Send in portions, so that little waits in the server's buffer for a slow reader."""
        async with self._sending:
            for start in range(0, len(piece), _PORTION):
                with anyio.move_on_after(self._stall_s) as patience:
                    await send(
                        {"type": "http.response.body", "body": piece[start : start + _PORTION], "more_body": True}
                    )
                if patience.cancelled_caught:
                    _log.info("a reader of a stream took nothing for %g seconds and was let go", self._stall_s)
                    return False
            self._sent_at = anyio.current_time()
        return True

    async def _keep_alive(self, send: Send, stream: anyio.CancelScope) -> None:
        self._sent_at = anyio.current_time()
        while True:
            silence = anyio.current_time() - self._sent_at
            if silence < self._keepalive_s:
                await anyio.sleep(self._keepalive_s - silence)
            elif not await self._send(send, _KEEPALIVE):
                stream.cancel()
                return


async def _until_gone(receive: Receive, stream: anyio.CancelScope) -> None:
    """End the stream once the reader has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.cancel()
