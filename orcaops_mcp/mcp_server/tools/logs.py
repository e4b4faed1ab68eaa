"""Read what jobs and runs printed, and why they failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from pydantic import Field

from orcaops_mcp.intake.fields import log_place
from orcaops_mcp.mcp_server import answers
from orcaops_mcp.mcp_server.digest import failure_digest
from orcaops_mcp.mcp_server.log_reading import Place, count_matches, follow, page_query, render
from orcaops_mcp.mcp_server.places import is_run, job_of, run_place
from orcaops_mcp.mcp_server.run_digest import run_digest
from orcaops_mcp.mcp_server.run_log_reading import run_log_place, run_log_text
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext


class StreamLogs(Arguments):
    """Which lines, and how much of them."""

    id: str
    """A job, job/service, a workflow run (all its nodes, each line behind its node), or run/node."""
    cursor: Annotated[str, Field(max_length=8000)] = ""
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
    """Read the log of a job or a workflow run, while it runs or later: the tail, a search, or from a cursor on.

    The last line of the answer is JSON: next_cursor, done, matches (of grep in the whole log), and what was left out
    with the call that gets it.
    """
    engine = ctx.request_context.lifespan_context.engine
    run = run_place(arguments.id)
    if run is None:
        return await _log_of_job(ctx, *log_place(arguments.id), arguments)
    wanted = await run_log_place(engine, run)
    if wanted.job_id is not None:
        return await _log_of_job(ctx, wanted.job_id, None, arguments)
    return answers.text(await run_log_text(ctx, wanted, arguments))


async def _log_of_job(ctx: AppContext, job_id: str, service: str | None, arguments: StreamLogs) -> CallToolResult:
    engine = ctx.request_context.lifespan_context.engine
    place = Place.parse(arguments.cursor)
    page = await engine.read_logs(job_id, page_query(arguments, place, service))
    if arguments.follow_s and not page.done and not page.lines:
        place = Place(page.next_cursor)
        page = await follow(ctx, job_id, page, arguments, service)
    matches = await count_matches(engine, job_id, page, arguments, service)
    return answers.text(render(arguments.id, page, arguments, place, matches))


class GetFailureSummary(Arguments):
    """Which job or run."""

    id: str
    """A job, a workflow run, or run/node."""
    max_bytes: Annotated[int, Field(ge=512, le=65536)] = 8192
    """Most log text to return."""


async def get_failure_summary(ctx: AppContext, arguments: GetFailureSummary) -> CallToolResult:
    """Why a job or a workflow run failed: first cause, step, exit code, the lines that matter, next call.

    Of a run also what did not run because of it.
    """
    engine = ctx.request_context.lifespan_context.engine
    if is_run(arguments.id):
        run = await engine.workflow_summary(arguments.id, max_bytes=arguments.max_bytes)
        return answers.facts(run_digest(run, arguments.max_bytes))
    job_id = await job_of(engine, arguments.id)
    summary = await engine.explain_failure(job_id, max_bytes=arguments.max_bytes)
    return answers.facts(failure_digest(summary, arguments.max_bytes))


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (
        ToolDefinition("orcaops_stream_logs", "Read a log", READS, StreamLogs, stream_logs),
        ToolDefinition("orcaops_get_failure_summary", "Why it failed", READS, GetFailureSummary, get_failure_summary),
    ),
)
