"""How the door says no: one problem body, over HTTP and to a WebSocket that was never accepted."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel

from orcaops_mcp.views.problem import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LINGER_S: Final = 1.0
_LINGER_BYTES: Final = 8 * 1024 * 1024
_SMALL_BODY: Final = 64 * 1024
_POLICY_VIOLATION: Final = 1008


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request does not get in.

    Attributes:
        status: The HTTP status.
        code: For programs.
        message: For people.
        hint: What to do instead.
        retry_after_s: When it may be tried again; None if trying again does not help.
        challenge: What a 401 asks for.
        location: Where a browser is sent on to.
    """

    status: int
    code: str
    message: str
    hint: str
    retry_after_s: float | None = None
    challenge: str = ""
    location: str = ""

    @property
    def body(self) -> bytes:
        """The problem, as every door words it."""
        again_s = self.retry_after_s
        view = problem(self.code, self.message, hint=self.hint, retryable=again_s is not None, retry_after_s=again_s)
        return json.dumps({"error": view}, separators=(",", ":")).encode()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that go with the body."""
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(self.body)).encode())]
        if self.retry_after_s is not None:
            headers.append((b"retry-after", str(max(1, math.ceil(self.retry_after_s))).encode()))
        if self.challenge:
            headers.append((b"www-authenticate", self.challenge.encode()))
        if self.location:
            headers.append((b"location", self.location.encode()))
        return headers


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in the application's place.

    A connection whose body would have to be read to its end first is closed instead; what the client has on its way
    is taken for a moment, so that it finds the answer and not a reset connection.
    """
    # uvicorn notes a refused WebSocket with its whole address, and what was refused may be a token in it.
    scope["query_string"] = b""
    if scope["type"] == "websocket":
        await _deny(refusal, scope, send)
        return
    is_closing = not _has_small_body(scope)
    headers = [*refusal.headers, *([(b"connection", b"close")] if is_closing else [])]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    if is_closing:
        await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
        await _linger(receive)
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": refusal.body})


class Exchange:
    """One request while the application answers it; a refusal can still take the answer's place.

    Args:
        scope: The request's.
        receive: Where its body comes from.
        send: Where the answer goes.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._life = anyio.CancelScope()
        self._has_begun = False
        self._is_over = False

    async def run(self, app: ASGIApp, receive: Receive | None = None, send: Send | None = None) -> None:
        """Let the application answer, by these callables if given."""
        with self._life:
            await app(self._scope, receive or self._receive, send or self.send)

    async def send(self, message: Message) -> None:
        """Pass a message of the application on; nothing goes out once it was cut off."""
        if not self._is_over:
            self._has_begun = True
            await self._send(message)

    async def cut_off(self, refusal: Refusal) -> None:
        """Refuse, unless an answer has begun, and cancel the application's work on the request.

        Returns only to an application that shields itself from cancellation; to it the client is gone.
        """
        if not self._is_over:
            self._is_over = True
            if not self._has_begun:
                await refuse(refusal, self._scope, self._receive, self._send)
        self._life.cancel()
        await anyio.lowlevel.checkpoint()


async def _deny(refusal: Refusal, scope: Scope, send: Send) -> None:
    if "websocket.http.response" in (scope.get("extensions") or {}):
        start = {"type": "websocket.http.response.start", "status": refusal.status, "headers": refusal.headers}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": refusal.body})
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": refusal.code})


def _has_small_body(scope: Scope) -> bool:
    """Whether what is left of the request is read sooner than a new connection is made."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return False
        if name == b"content-length":
            length = int(value) if value.isdigit() and len(value) < 16 else _SMALL_BODY + 1
    return length <= _SMALL_BODY


async def _linger(receive: Receive) -> None:
    taken = 0
    with anyio.move_on_after(_LINGER_S):
        while taken < _LINGER_BYTES:
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                return
            taken += len(message.get("body", b""))
