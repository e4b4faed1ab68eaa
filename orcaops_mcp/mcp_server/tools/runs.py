"""The history of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from pydantic import Field

from core import JobFilter, JobStatus
from orcaops_mcp.intake.fields import moment
from orcaops_mcp.mcp_server.answers import listing
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.views.job import job_line

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext


class ListRuns(Arguments):
    """Which jobs."""

    status: Literal["", "queued", "running", "success", "failed", "timed_out", "cancelled"] = ""
    """Only jobs with this status."""
    name: Annotated[str, Field(max_length=63)] = ""
    """Only jobs of this name."""
    tag: Annotated[str, Field(max_length=63)] = ""
    """Only jobs with this tag."""
    since: Annotated[str, Field(max_length=40)] = ""
    """Only jobs submitted at or after this time, RFC 3339: 2026-01-31T12:00:00Z."""
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    """Jobs a page."""
    cursor: Annotated[str, Field(max_length=100)] = ""
    """next_cursor of the page before."""


async def list_runs(ctx: AppContext, arguments: ListRuns) -> CallToolResult:
    """Jobs, newest first, a line each."""
    engine = ctx.request_context.lifespan_context.engine
    query = JobFilter(
        statuses=frozenset({JobStatus(arguments.status)} if arguments.status else ()),
        name=arguments.name or None,
        tag=arguments.tag or None,
        since=moment(arguments.since) if arguments.since else None,
    )
    page = await engine.list_jobs(query, limit=arguments.limit, cursor=arguments.cursor or None)
    return listing({"jobs": [job_line(job) for job in page.items], "next_cursor": page.next_cursor}, "jobs")


TOOLS: Final = cast(
    "tuple[AnyTool, ...]", (ToolDefinition("orcaops_list_runs", "List jobs", READS, ListRuns, list_runs),)
)
