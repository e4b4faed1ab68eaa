"""How many requests of one connection may be under way: an agent that asks without waiting would fill the memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from mcp.types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from core import BusyError
from orcaops_mcp.mcp_server.answers import refusal
from orcaops_mcp.mcp_server.sdk import answer_message, error_message
from orcaops_mcp.views.problem import problem_view

if TYPE_CHECKING:
    from orcaops_mcp.mcp_server.sdk import SessionMessage

MOST_CALLS: Final = 256
"""Requests of one connection without an answer."""

_BUSY: Final = -32000
_HINT: Final = "Wait for answers before you ask on. To hear of changes, wait for them with orcaops_wait."


class CallsUnderWay:
    """Counts the requests of one connection that have no answer yet, by their ids, which may be the same."""

    def __init__(self) -> None:
        self._open: Counter[int | str] = Counter()

    def refuse(self, message: SessionMessage) -> SessionMessage | None:
        """The answer to a request that is one too many; None for all else, which is counted.

        A tool's refusal is its result, as all of a tool's errors are, so that a model reads it. What is cancelled gets
        no answer and counts no more.
        """
        said = message.message
        if isinstance(said, JSONRPCNotification) and said.method == "notifications/cancelled":
            self._settle((said.params or {}).get("requestId"))
        if not isinstance(said, JSONRPCRequest):
            return None
        if self._open.total() < MOST_CALLS:
            self._open[said.id] += 1
            return None
        error = BusyError(
            f"{MOST_CALLS} requests of this connection have no answer yet, as many as may be.", hint=_HINT
        )
        if said.method == "tools/call":
            return answer_message(said.id, refusal(problem_view(error)))
        return error_message(said.id, _BUSY, f"{error.message} {error.hint}")

    def note_answer(self, message: SessionMessage) -> None:
        """Count a request no more that was answered."""
        said = message.message
        if isinstance(said, JSONRPCResponse | JSONRPCError):
            self._settle(said.id)

    def _settle(self, request_id: object) -> None:
        if isinstance(request_id, int | str) and request_id in self._open:
            self._open[request_id] -= 1
            if not self._open[request_id]:
                del self._open[request_id]
