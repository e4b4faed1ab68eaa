"""The history of jobs and of workflows' runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from pydantic import Field

from core import InvalidArgumentError, JobFilter, JobStatus, WorkflowFilter, WorkflowStatus
from orcaops_mcp.intake.fields import moment
from orcaops_mcp.mcp_server.answers import listing
from orcaops_mcp.mcp_server.run_report import run_line
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.views.job import job_line

if TYPE_CHECKING:
    from enum import StrEnum

    from mcp.types import CallToolResult

    from core import Engine
    from orcaops_mcp.mcp_server.state import AppContext

_EITHERS: Final = tuple(dict.fromkeys((*JobStatus, *WorkflowStatus)))


class ListRuns(Arguments):
    """Which jobs or runs."""

    kind: Literal["jobs", "workflows"] = "jobs"
    """jobs: those on their own, without the jobs that workflows run."""
    status: Annotated[str, Field(json_schema_extra={"enum": [status.value for status in _EITHERS]})] = ""
    """Only with this status. Jobs are queued or timed_out, workflows pending or partial; the rest is common."""
    name: Annotated[str, Field(max_length=200)] = ""
    """Only of this name."""
    tag: Annotated[str, Field(max_length=63)] = ""
    """Only with this tag."""
    since: Annotated[str, Field(max_length=40)] = ""
    """Only submitted at or after this time, RFC 3339: 2026-01-31T12:00:00Z."""
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    """As many a page."""
    cursor: Annotated[str, Field(max_length=100)] = ""
    """next_cursor of the page before."""


async def list_runs(ctx: AppContext, arguments: ListRuns) -> CallToolResult:
    """Jobs, or runs of workflows, newest first, a line each."""
    engine = ctx.request_context.lifespan_context.engine
    if arguments.kind == "workflows":
        return listing(await _workflows(engine, arguments), "workflows")
    return listing(await _jobs(engine, arguments), "jobs")


async def _jobs(engine: Engine, arguments: ListRuns) -> dict[str, Any]:
    query = JobFilter(
        statuses=frozenset({JobStatus(_status(arguments, JobStatus))} if arguments.status else ()),
        name=arguments.name or None,
        tag=arguments.tag or None,
        since=moment(arguments.since) if arguments.since else None,
        of_workflows=False,
    )
    page = await engine.list_jobs(query, limit=arguments.limit, cursor=arguments.cursor or None)
    return {"jobs": [job_line(job) for job in page.items], "next_cursor": page.next_cursor}


async def _workflows(engine: Engine, arguments: ListRuns) -> dict[str, Any]:
    query = WorkflowFilter(
        statuses=frozenset({WorkflowStatus(_status(arguments, WorkflowStatus))} if arguments.status else ()),
        name=arguments.name or None,
        tag=arguments.tag or None,
        since=moment(arguments.since) if arguments.since else None,
    )
    page = await engine.list_workflows(query, limit=arguments.limit, cursor=arguments.cursor or None)
    return {"workflows": [run_line(run) for run in page.items], "next_cursor": page.next_cursor}


def _status(arguments: ListRuns, statuses: type[StrEnum]) -> str:
    known = [status.value for status in statuses]
    if arguments.status not in known:
        raise InvalidArgumentError(f"status: {arguments.kind} are {', '.join(known)}")
    return arguments.status


TOOLS: Final = cast(
    "tuple[AnyTool, ...]", (ToolDefinition("orcaops_list_runs", "List jobs and workflows", READS, ListRuns, list_runs),)
)
