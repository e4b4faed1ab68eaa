"""Read what a job printed, and why it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from pydantic import Field

from orcaops_mcp.intake.fields import known_form, log_place
from orcaops_mcp.mcp_server import answers
from orcaops_mcp.mcp_server.digest import failure_digest
from orcaops_mcp.mcp_server.log_reading import Place, follow, page_query, render
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext


class StreamLogs(Arguments):
    """Which lines, and how much of them."""

    id: str
    """The job, or job/service for a service's log."""
    cursor: Annotated[str, Field(max_length=60)] = ""
    """next_cursor of an earlier answer: exactly the lines after it. 1-1 is the first line of the first attempt."""
    tail: Annotated[int, Field(ge=1, le=5000)] = 100
    """Last lines to show when there is no cursor."""
    grep: Annotated[str, Field(max_length=500)] = ""
    """Only lines matching this RE2 regular expression."""
    context: Annotated[int, Field(ge=0, le=20)] = 0
    """Lines around each match."""
    errors_only: bool = False
    """Only lines that look like errors."""
    stream: Literal["", "stdout", "stderr"] = ""
    """Only this stream."""
    step: Annotated[int, Field(ge=0)] | None = None
    """Only this step, from 0."""
    follow_s: Annotated[float, Field(ge=0, le=50)] = 0
    """If there is nothing yet, wait up to this many seconds for lines."""
    max_bytes: Annotated[int, Field(ge=256, le=65536)] = 16384
    """Most text to return."""
    raw: bool = False
    """Uncleaned text: colours, progress bars, repeats and long lines as they are."""


async def stream_logs(ctx: AppContext, arguments: StreamLogs) -> CallToolResult:
    """Read a job's log, while it runs or later: the tail, a search, or from a cursor on.

    The last line of the answer is JSON: next_cursor, done, and what was left out with the call that gets it.
    """
    engine = ctx.request_context.lifespan_context.engine
    job_id, _ = log_place(arguments.id)
    place = Place.parse(arguments.cursor)
    page = await engine.read_logs(job_id, page_query(arguments, place))
    if arguments.follow_s and not page.done and not page.lines:
        place = Place(page.next_cursor)
        page = await follow(ctx, job_id, page, arguments)
    return answers.text(render(arguments.id, page, arguments, place))


class GetFailureSummary(Arguments):
    """Which job."""

    id: str
    """The job."""
    max_bytes: Annotated[int, Field(ge=512, le=65536)] = 8192
    """Most log text to return."""


async def get_failure_summary(ctx: AppContext, arguments: GetFailureSummary) -> CallToolResult:
    """Why a job failed: the step, the kind of failure, the exit code, the lines that matter, and the next call."""
    engine = ctx.request_context.lifespan_context.engine
    summary = await engine.explain_failure(known_form(arguments.id), max_bytes=arguments.max_bytes)
    content: dict[str, Any] = failure_digest(summary, arguments.max_bytes)
    return answers.facts(content)


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (
        ToolDefinition("orcaops_stream_logs", "Read a log", READS, StreamLogs, stream_logs),
        ToolDefinition(
            "orcaops_get_failure_summary", "Why a job failed", READS, GetFailureSummary, get_failure_summary
        ),
    ),
)
