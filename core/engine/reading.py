"""Logs for callers: pages by cursor, the tail, a search, a live follow over all attempts of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

from core.errors import InvalidArgumentError
from core.logs.search import LogPattern
from core.records.log import LogCursor, LogPart, LogSummary, service_log_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from datetime import datetime

    from core.engine.parts import Parts
    from core.records.job import Job
    from core.records.log import LogLine, Stream

_FOLLOW_LINES: Final = 2000
_FOLLOW_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which part of a log is wanted.

    Attributes:
        cursor: Begin here; None begins at the start, or at the tail.
        tail: Only the last so many lines; not with a cursor.
        since: Only lines from this moment on.
        pattern: Only lines that contain this RE2 expression.
        errors_only: Only lines that look like errors.
        context: With a pattern: so many lines before and after each match too.
        streams: Only these streams.
        step: Only this step, from 0.
        max_lines: At most so many lines.
        max_bytes: At most so many bytes of text.
        attempt: Which attempt; None for the cursor's or the last one.
        service: Of this service instead of the job itself.
    """

    cursor: LogCursor | None = None
    tail: int | None = None
    since: datetime | None = None
    pattern: str | None = None
    errors_only: bool = False
    context: int = 0
    streams: frozenset[Stream] | None = None
    step: int | None = None
    max_lines: int = 1000
    max_bytes: int = 65_536
    attempt: int | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """A part of a log.

    Attributes:
        lines: In order.
        next_cursor: Where to go on.
        at_end: Whether there was nothing more when this was read.
        done: Whether nothing more will ever come: the attempt has ended and all was read.
        attempt: Which attempt this is.
        total_lines: How many lines it has now.
        skipped_lines: How many lines before the first one shown a tail left out.
        summary: What the record says of the whole log.
    """

    lines: tuple[LogLine, ...]
    next_cursor: LogCursor
    at_end: bool
    done: bool
    attempt: int
    total_lines: int
    skipped_lines: int
    summary: LogSummary


class LogDesk:
    """Reads logs for callers.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def read(self, job_id: str, query: LogQuery) -> LogPage:
        """A part of a job's log.

        Raises:
            JobNotFoundError: There is no such job.
            InvalidArgumentError: A pattern is malformed, or the attempt or the service does not exist.
        """
        job = await self._parts.jobs.get(job_id)
        log_id = log_id_of(job, query.service)
        attempt = query.attempt or (query.cursor.attempt if query.cursor else job.attempt_number)
        if attempt > max(job.attempt_number, 1):
            raise InvalidArgumentError(
                f"attempt: the job has had {job.attempt_number} so far", hint="Leave it out for the last attempt."
            )
        if attempt == 0 or job.attempt_number == 0:
            return _nothing(job)
        lines, next_line, at_end = await self._lines(log_id, attempt, query)
        total = await self._parts.logs.total_lines(log_id, attempt)
        is_last = attempt == job.attempt_number
        cursor = LogCursor(attempt, next_line) if is_last or not at_end else LogCursor(attempt + 1, 1)
        return LogPage(
            lines=lines,
            next_cursor=cursor,
            at_end=at_end and is_last,
            done=at_end and is_last and job.is_finished,
            attempt=attempt,
            total_lines=total,
            skipped_lines=max(0, lines[0].number - 1) if lines and query.tail is not None else 0,
            summary=job.attempt.log if job.attempt and is_last and not query.service else LogSummary(lines=total),
        )

    async def wait(self, job_id: str, cursor: LogCursor, timeout_s: float, service: str | None = None) -> bool:
        """Whether lines at or after ``cursor`` come before the time is up or the job has ended."""
        log_id = service_log_id(job_id, service) if service else job_id
        with anyio.move_on_after(timeout_s), self._parts.bus.subscribe({job_id, log_id}) as news:
            while True:
                page = await self.read(job_id, LogQuery(cursor=cursor, max_lines=1, service=service))
                if page.lines or page.done:
                    return bool(page.lines)
                cursor = page.next_cursor
                if page.at_end:
                    await news.wait()
                    news.take()
        return False

    async def follow(
        self, job_id: str, cursor: LogCursor | None = None, service: str | None = None
    ) -> AsyncGenerator[LogPart]:
        """The log as it grows, over all attempts, until the job has ended and everything was delivered."""
        attempt, line = (cursor.attempt, cursor.line) if cursor else (1, 1)
        with self._parts.bus.subscribe([job_id]) as news:
            while True:
                news.take()
                job = await self._parts.jobs.get(job_id)
                if attempt <= job.attempt_number:
                    is_over = job.is_finished or attempt < job.attempt_number
                    log_id = log_id_of(job, service)
                    async for lines in self._parts.logs.follow(log_id, attempt, line, is_over=is_over):
                        yield LogPart(attempt, lines)
                    attempt, line = attempt + 1, 1
                elif job.is_finished:
                    return
                else:
                    await news.wait()

    async def parts(self, job: Job) -> AsyncIterator[tuple[LogLine, ...]]:
        """Every line kept of the last attempt until now, in parts of bounded size."""
        cursor = LogCursor(max(job.attempt_number, 1), 1)
        is_over = False
        while not is_over:
            query = LogQuery(cursor=cursor, max_lines=_FOLLOW_LINES, max_bytes=_FOLLOW_BYTES)
            page = await self.read(job.job_id, query)
            cursor, is_over = page.next_cursor, page.at_end
            if page.lines:
                yield page.lines

    async def _lines(self, log_id: str, attempt: int, query: LogQuery) -> tuple[tuple[LogLine, ...], int, bool]:
        """The lines wanted, where to go on, and whether that was the end for now."""
        logs = self._parts.logs
        first = query.cursor.line if query.cursor else 1
        if query.since is not None:
            first = max(first, await logs.first_line_at_or_after(log_id, attempt, query.since))
        if query.pattern is not None or query.errors_only:
            pattern = LogPattern.errors() if query.pattern is None else LogPattern.compile(query.pattern)
            found = await logs.search(
                log_id,
                attempt,
                pattern,
                first_line=first,
                max_matches=query.max_lines,
                context=query.context,
                max_bytes=query.max_bytes,
                streams=query.streams,
                step=query.step,
            )
            return found.lines, found.next_line, found.at_end
        if query.tail is not None and query.cursor is None:
            last = await logs.tail(
                log_id, attempt, query.tail, max_bytes=query.max_bytes, streams=query.streams, step=query.step
            )
            return last.lines, last.next_line, last.at_end
        part = await logs.read(
            log_id,
            attempt,
            first,
            max_lines=query.max_lines,
            max_bytes=query.max_bytes,
            streams=query.streams,
            step=query.step,
        )
        return part.lines, part.next_line, part.at_end


def log_id_of(job: Job, service: str | None) -> str:
    """What the log of a job, or of one of its services, is called.

    Raises:
        InvalidArgumentError: The job has no such service.
    """
    if service is None:
        return job.job_id
    ids = [known.id for known in job.spec.services]
    if service not in ids:
        hint = f"Its services: {', '.join(ids)}." if ids else "It has no services."
        raise InvalidArgumentError("service: the job has no service of this name", hint=hint)
    return service_log_id(job.job_id, service)


def _nothing(job: Job) -> LogPage:
    return LogPage(
        (),
        LogCursor(1, 1),
        at_end=True,
        done=job.is_finished,
        attempt=0,
        total_lines=0,
        skipped_lines=0,
        summary=LogSummary(),
    )
