"""Where a reader of a log begins, and how it goes on: the same for server-sent events and WebSockets."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import anyio

from core import InvalidArgumentError, LogCursor, LogPart, LogPattern, LogQuery, failure_document
from orcaops_mcp.api.lines import LineFilter
from orcaops_mcp.intake.fields import moment_or_span
from orcaops_mcp.views.job import duration_s

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime

    from core import Engine, Job
    from orcaops_mcp.api.models.log import FollowLog

PAUSE_S: Final = 0.1
"""Lines that come within this time travel together; a line waits no longer."""

_FULL: Final = 1000
_ENDED: Final = ".end"
"""Stands after the cursor in the id of the last event: who brings it back has everything."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reader begins.

    Attributes:
        cursor: The first line; None for the log's start.
        has_end: Whether it was told of the end before.
        service: Whose log it is, if not the job's own.
    """

    cursor: LogCursor | None
    has_end: bool = False
    service: str | None = None


def end_id(cursor: LogCursor) -> str:
    """The id of the last event."""
    return f"{cursor}{_ENDED}"


def line_filter(asked: FollowLog) -> LineFilter:
    """Which lines are wanted.

    Raises:
        InvalidArgumentError: The pattern is malformed.
    """
    pattern = LogPattern.compile(asked.grep) if asked.grep else None
    return LineFilter(frozenset(asked.stream) if asked.stream else None, asked.step, pattern)


async def start_of(engine: Engine, job: Job, asked: FollowLog, last_event_id: str | None, now: datetime) -> Start:
    """Where to begin: the last event's id, a cursor, a moment, or some last lines; the start if nothing is said.

    Raises:
        InvalidArgumentError: More than one of them, a malformed one, or an attempt or a service that is not there.
    """
    start = await _start_of(engine, job, asked, last_event_id, now)
    if asked.service is not None:
        await engine.read_logs(job.job_id, LogQuery(service=asked.service, max_lines=1))
    return replace(start, service=asked.service)


async def _start_of(engine: Engine, job: Job, asked: FollowLog, last_event_id: str | None, now: datetime) -> Start:
    given = [name for name in ("cursor", "since", "tail") if getattr(asked, name) is not None]
    if len(given) > 1:
        raise InvalidArgumentError(f"{given[1]}: {' and '.join(given)} exclude each other; give one of them")
    if last_event_id:
        text = last_event_id.removesuffix(_ENDED)
        return Start(_known(LogCursor.parse(text), job), has_end=text != last_event_id)
    if asked.cursor is not None:
        return Start(_known(LogCursor.parse(asked.cursor), job))
    if asked.since is not None:
        return Start(await _since(engine, job, moment_or_span(asked.since, now), asked.service))
    if asked.tail is not None:
        return Start(await _tail(engine, job, asked))
    return Start(None)


async def paced(engine: Engine, job_id: str, start: Start) -> AsyncGenerator[LogPart]:
    """A log as it grows, at most a part every `PAUSE_S` once the reader has caught up."""
    async with aclosing(engine.follow_log_parts(job_id, start.cursor, service=start.service)) as parts:
        async for part in parts:
            began = anyio.current_time()
            yield part
            if len(part.lines) < _FULL:
                await anyio.sleep(max(0, began + PAUSE_S - anyio.current_time()))


def end_view(job: Job) -> dict[str, Any]:
    """How the job ended, for the last event."""
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "exit_code": job.exit_code,
        "failure": failure_document(job.failure),
        "duration_s": duration_s(job),
        "version": job.version,
    }


def _known(cursor: LogCursor, job: Job) -> LogCursor:
    if cursor.attempt > max(job.attempt_number, 1):
        raise InvalidArgumentError(f"cursor: the job has had {job.attempt_number} attempts so far")
    return cursor


async def _since(engine: Engine, job: Job, moment: datetime, service: str | None) -> LogCursor:
    """The first line at or after a moment, of whatever attempt; beyond the last line if there is none yet."""
    cursor = LogCursor(1, 1)
    for attempt in range(1, job.attempt_number + 1):
        page = await engine.read_logs(job.job_id, LogQuery(attempt=attempt, since=moment, max_lines=1, service=service))
        if page.lines:
            return LogCursor(attempt, page.lines[0].number)
        cursor = page.next_cursor
    return cursor


async def _tail(engine: Engine, job: Job, asked: FollowLog) -> LogCursor | None:
    """The first of the last lines that are wanted."""
    if not job.attempt_number:
        return None
    streams = frozenset(asked.stream) if asked.stream else None
    query = LogQuery(
        tail=asked.tail or 1, streams=streams, step=asked.step, max_bytes=64 * 1024 * 1024, service=asked.service
    )
    page = await engine.read_logs(job.job_id, query)
    if not asked.tail or not page.lines:
        return page.next_cursor
    return LogCursor(page.attempt, page.lines[0].number)
