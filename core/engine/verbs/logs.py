"""Read, follow and explain what jobs print."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from core.engine.failures import summarise_failure
from core.engine.reading import LogQuery
from core.engine.verbs.base import Verbs, check_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from core.engine.failures import FailureSummary
    from core.engine.reading import LogPage
    from core.records.log import LogCursor, LogLine, LogPart

_WHOLE = LogQuery()


class LogVerbs(Verbs):
    """Verbs about logs."""

    async def read_logs(self, job_id: str, query: LogQuery = _WHOLE) -> LogPage:
        """A part of the job's log.

        Raises:
            JobNotFoundError: There is no such job.
            InvalidArgumentError: A pattern is malformed, or the attempt or the service does not exist.
        """
        check_id(job_id)
        return await self._desk.read(job_id, query)

    async def wait_for_log(
        self, job_id: str, cursor: LogCursor, *, timeout_s: float, service: str | None = None
    ) -> bool:
        """Wait for lines at or after ``cursor``; False when the time is up or nothing more will come."""
        check_id(job_id)
        return await self._desk.wait(job_id, cursor, timeout_s, service)

    def follow_logs(
        self, job_id: str, cursor: LogCursor | None = None, *, service: str | None = None
    ) -> AsyncIterator[tuple[LogLine, ...]]:
        """The log from ``cursor`` (or its start) on, as it grows, over all attempts; ends with the job.

        Args:
            job_id: The job.
            cursor: Where to begin.
            service: Of this service instead of the job itself.
        """
        return _lines_of(self.follow_log_parts(job_id, cursor, service=service))

    def follow_log_parts(
        self, job_id: str, cursor: LogCursor | None = None, *, service: str | None = None
    ) -> AsyncGenerator[LogPart]:
        """As `follow_logs`, with the attempt that the lines belong to.

        Those who stand at the same place are given the same tuple of lines.
        """
        check_id(job_id)
        return self._desk.follow(job_id, cursor, service)

    async def explain_failure(self, job_id: str, *, max_bytes: int = 8192) -> FailureSummary:
        """Why a job failed: its record, the failing step, and the lines of its log that matter.

        Raises:
            JobNotFoundError: There is no such job.
        """
        check_id(job_id)
        job = await self._parts.jobs.get(job_id)
        return await summarise_failure(self._desk, job, max_bytes)


async def _lines_of(parts: AsyncGenerator[LogPart]) -> AsyncGenerator[tuple[LogLine, ...]]:
    async with aclosing(parts):
        async for part in parts:
            yield part.lines
