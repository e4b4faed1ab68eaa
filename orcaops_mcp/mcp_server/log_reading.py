"""One answer of orcaops_stream_logs: which lines, within which budget, and what the footer says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import anyio

from core import InvalidArgumentError, LineChoice, LogCursor, LogPlace, LogQuery, Sought
from orcaops_mcp.mcp_server.untrusted import Shown, fenced, one_line
from orcaops_mcp.views.compact import compact_json, without_absent
from orcaops_mcp.views.log import matches_told

if TYPE_CHECKING:
    from core import Engine, LogLine, LogPage
    from orcaops_mcp.mcp_server.state import AppContext
    from orcaops_mcp.mcp_server.tools.logs import StreamLogs

QUIET_S: Final = 0.5
"""A follow ends once nothing more came for so long."""

_COUNT_S: Final = 1.0
"""As long a log is looked through for a count."""
_MAX_LINES: Final = 5000
_MAX_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader stands: a line, and in raw text a character of it.

    Attributes:
        line: The next line; None for the tail.
        offset: Characters of that line already read.
    """

    line: LogCursor | None = None
    offset: int = 0

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read a cursor such as ``1-42``, or ``1-42+16384`` within a long line.

        Raises:
            InvalidArgumentError: The text is not one.
        """
        if not text:
            return cls()
        line, plus, offset = text.partition("+")
        if plus and not (offset.isascii() and offset.isdecimal() and len(offset) <= 9):
            raise InvalidArgumentError("cursor: not a log cursor", hint="Use next_cursor of an earlier answer.")
        return cls(LogCursor.parse(line), int(offset or 0))


def page_query(arguments: StreamLogs, place: Place, service: str | None) -> LogQuery:
    """What to ask the engine for, of a job or of a service beside it."""
    return LogQuery(
        cursor=place.line,
        tail=None if place.line else arguments.tail,
        pattern=arguments.grep or None,
        errors_only=arguments.errors_only,
        context=arguments.context,
        streams=frozenset([arguments.stream]) if arguments.stream else None,
        step=arguments.step,
        max_lines=_MAX_LINES,
        max_bytes=_MAX_BYTES,
        service=service,
    )


async def follow(ctx: AppContext, job_id: str, page: LogPage, arguments: StreamLogs, service: str | None) -> LogPage:
    """Wait for lines and gather them until it gets quiet, the budget is full, or the time is over.

    Args:
        ctx: The request; its caller gets the lines as progress too, as they come.
        job_id: Whose log.
        page: An empty page that stands at the end of what there is.
        arguments: What was asked.
        service: The service beside the job whose log it is; None for the job's own.

    Returns:
        A page that begins where ``page`` stands.
    """
    engine = ctx.request_context.lifespan_context.engine
    began = anyio.current_time()
    gathered: list[LogLine] = []
    size = 0
    while True:
        left = began + arguments.follow_s - anyio.current_time()
        patience = min(left, QUIET_S) if gathered else left
        fresh = patience > 0 and await engine.wait_for_log(
            job_id, page.next_cursor, timeout_s=patience, service=service
        )
        page = await engine.read_logs(job_id, page_query(arguments, Place(page.next_cursor), service))
        gathered += page.lines
        size += sum(len(line.text) + 1 for line in page.lines)
        if page.lines:
            news = "\n".join(one_line(line.text) for line in page.lines[-20:])
            await ctx.report_progress(round(anyio.current_time() - began, 2), arguments.follow_s, news)
        if not fresh or page.done or size >= arguments.max_bytes:
            return replace(page, lines=tuple(gathered))


async def count_matches(
    engine: Engine, job_id: str, page: LogPage, arguments: StreamLogs, service: str | None
) -> int | str | None:
    """How many lines of the whole log match, shown or not; None where nothing is sought, or it spans lines."""
    if not arguments.grep or not page.attempt or "\n" in arguments.grep or "\r" in arguments.grep:
        return None
    asked = page_query(arguments, Place(), service)
    place = LogPlace(job_id, page.attempt, service)
    sought = Sought(arguments.grep, is_expression=True, ignore_case=False)
    choice = LineChoice(asked.streams, asked.step)
    return matches_told(await engine.search_log(place, sought, choice=choice, budget_s=_COUNT_S))


def render(log_id: str, page: LogPage, arguments: StreamLogs, place: Place, matches: int | str | None = None) -> str:
    """The text of the answer: fenced lines, then a line of JSON."""
    from_start = place.line is not None
    filtered = bool(arguments.grep or arguments.errors_only or arguments.stream or arguments.step is not None)
    shown = fenced(
        page.lines,
        max_bytes=arguments.max_bytes,
        keep="head" if from_start else "tail",
        raw=arguments.raw,
        numbered=filtered and not arguments.raw,
        offset=place.offset,
    )
    footer = _footer(log_id, page, shown, keeps_head=from_start, filtered=filtered) | {"matches": matches}
    return (
        f"{shown.text}\n{compact_json(without_absent(footer))}" if page.lines else compact_json(without_absent(footer))
    )


def _footer(log_id: str, page: LogPage, shown: Shown, *, keeps_head: bool, filtered: bool) -> dict[str, Any]:
    stopped_short = keeps_head and shown.resume is not None
    more = stopped_short or not page.at_end
    left_out: list[str] = []
    if not keeps_head and (earlier := page.skipped_lines + shown.left_out):
        left_out.append(
            f"{earlier} earlier lines: orcaops_stream_logs(id={log_id!r}, cursor='{page.attempt}-1'), or a larger tail"
        )
    if shown.cut_lines:
        left_out.append(f"the ends of {shown.cut_lines} long lines: the same call with raw=true")
    if page.summary.truncated:
        left_out.append(
            f"lines after {page.summary.gap_after} up to the kept tail: the log limit was reached; they were not stored"
        )
    if not page.summary.complete:
        left_out.append("some output may be missing: the container engine was away for a while")
    return {
        "attempt": page.attempt,
        "lines": f"{shown.first}-{shown.last} of {page.total_lines}" if shown.first else f"none of {page.total_lines}",
        "filtered": True if filtered else None,
        "next_cursor": shown.next_cursor(page),
        "done": page.done and not more,
        "more": True if more else None,
        "left_out": left_out,
        "next": _next_call(log_id, page, shown, more=more),
    }


def _next_call(log_id: str, page: LogPage, shown: Shown, *, more: bool) -> str | None:
    if page.done and not more:
        return None
    follow_s = "" if more else ", follow_s=25"
    return f"orcaops_stream_logs(id={log_id!r}, cursor='{shown.next_cursor(page)}'{follow_s})"
