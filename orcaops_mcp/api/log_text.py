"""Parts of a log as they are asked for and answered with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from core import InvalidArgumentError, LogCursor, LogQuery
from orcaops_mcp.api.lines import after, line_view, plain_text
from orcaops_mcp.intake.fields import moment_or_span

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime

    from starlette.requests import Request

    from core import Engine, LogPage
    from orcaops_mcp.api.models.log import ReadLog

__all__ = ("log_query", "page_view", "pages", "plain_text", "wants_json")

_PAGE_LINES: Final = 1000
_PAGE_BYTES: Final = 1024 * 1024


def wants_json(request: Request) -> bool:
    """Whether the caller asks for lines as JSON rather than text."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return "application/json" in accepted and "text/plain" not in accepted


def log_query(query: ReadLog, now: datetime) -> LogQuery:
    """What to ask the engine for.

    Args:
        query: In the caller's words.
        now: The present moment.

    Raises:
        InvalidArgumentError: A cursor, a time or a combination is not valid.
    """
    if query.tail is not None and query.cursor is not None:
        raise InvalidArgumentError("tail: cursor and tail exclude each other; give one of them")
    searches = bool(query.grep or query.errors_only)
    if query.context and not searches:
        raise InvalidArgumentError("context: goes with grep or errors_only")
    if query.tail is not None and searches:
        raise InvalidArgumentError("tail: a search goes from the start; give a cursor or since, or leave tail out")
    return LogQuery(
        cursor=LogCursor.parse(query.cursor.removesuffix(".end")) if query.cursor else None,
        tail=query.tail,
        since=moment_or_span(query.since, now) if query.since else None,
        pattern=query.grep or None,
        errors_only=query.errors_only,
        context=query.context,
        streams=frozenset(query.stream) if query.stream else None,
        step=query.step,
        max_lines=query.limit or _PAGE_LINES,
        max_bytes=_PAGE_BYTES if query.tail is None else 16 * _PAGE_BYTES,
        attempt=query.attempt,
        service=query.service,
    )


def page_view(page: LogPage) -> dict[str, Any]:
    """A part of a log as JSON."""
    return {
        "items": [{**line_view(line), "cursor": after(page.attempt, line)} for line in page.lines],
        "next_cursor": str(page.next_cursor),
        "at_end": page.at_end,
        "done": page.done,
        "attempt": page.attempt,
        "total_lines": page.total_lines,
        "truncated": page.summary.truncated,
        "gap_after": page.summary.gap_after,
        "complete": page.summary.complete,
    }


async def pages(engine: Engine, job_id: str, query: LogQuery, first: LogPage) -> AsyncGenerator[LogPage]:
    """A log part by part to its present end, within one attempt if the query names one.

    Args:
        engine: Whose.
        job_id: Which job's.
        query: What the first part was asked for with.
        first: The first part.
    """
    page, attempt = first, first.attempt
    while True:
        yield page
        if page.at_end or not page.attempt or page.next_cursor.attempt != attempt:
            return
        page = await engine.read_logs(job_id, replace(query, cursor=page.next_cursor, since=None))
