"""Logs that ended a moment ago without a file: whoever came to follow one just before must still hear of its end."""

from __future__ import annotations

from typing import Final

_REMEMBERED: Final = 4096
"""Far more than end between a look at a job's record and the look at its log that follows."""


class SilentLogs:
    """Remembers the last logs that ended without a line. Used on the event loop only."""

    def __init__(self) -> None:
        self._ended: dict[tuple[str, int], None] = {}

    def add(self, job_id: str, attempt: int) -> None:
        """Note that an attempt's log has ended."""
        self._ended[job_id, attempt] = None
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def discard(self, job_id: str, attempt: int) -> None:
        """Forget one that is written after all."""
        self._ended.pop((job_id, attempt), None)

    def has(self, job_id: str, attempt: int) -> bool:
        """Whether an attempt's log is known to have ended so."""
        return (job_id, attempt) in self._ended
