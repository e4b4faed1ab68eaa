"""Waiting for jobs and for runs of workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from pydantic import Field, field_validator

from core import InvalidArgumentError, NodeStatus, WorkflowRun, failure_document
from orcaops_mcp.intake.fields import known_form
from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.outcomes import next_call
from orcaops_mcp.mcp_server.places import run_id, run_place
from orcaops_mcp.mcp_server.run_report import MAX_NODE_BYTES, ids_of, next_of_run, nodes_page, run_brief
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.untrusted import one_line
from orcaops_mcp.mcp_server.waiting import reporting

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import Engine, Job, RunsWaited, WaitedWorkflow
    from orcaops_mcp.mcp_server.state import AppContext


_MANY: Final = 1000
"""Of a run with more nodes nobody looks through all to name those that run."""


_IN_FULL: Final = 2
"""Of more runs than this only the most important is told."""
_SHORT: Final = ("workflow_id", "status", "name", "summary", "reason", "failure", "version")


class Wait(Arguments):
    """What to wait for."""

    ids: Annotated[list[str], Field(min_length=1, max_length=20)]
    """Ids of jobs and workflow runs."""
    until: Literal["any_done", "all_done", "first_failure", "running", "log_match"] = "all_done"
    """When to return early."""
    pattern: Annotated[str, Field(max_length=500)] = ""
    """RE2 regular expression a log line must match, for until=log_match."""
    timeout_s: Annotated[float, Field(ge=0, le=50)] = 25
    """Longest wait in seconds."""
    since_version: Annotated[int, Field(ge=0)] | None = None
    """Return as soon as a version is above this (done stays false); of a workflow run tell the nodes changed since."""

    @field_validator("ids", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


async def wait(ctx: AppContext, arguments: Wait) -> CallToolResult:
    """Wait for jobs and workflow runs, at most 50 seconds. Still running is a normal answer (done: false): call again.

    Never cancels anything.
    """
    if (arguments.until == "log_match") != bool(arguments.pattern):
        raise InvalidArgumentError("pattern goes with until=log_match, and that needs a pattern")
    engine = ctx.request_context.lifespan_context.engine
    ids = [run_id(each) if run_place(each) else known_form(each) for each in arguments.ids]
    result = await reporting(
        ctx,
        ids,
        arguments.timeout_s,
        lambda: engine.wait_for_runs(
            ids,
            until=arguments.until,
            timeout_s=arguments.timeout_s,
            pattern=arguments.pattern or None,
            since_version=arguments.since_version,
        ),
    )
    return facts(await _waited(engine, result, arguments))


async def _waited(engine: Engine, result: RunsWaited, arguments: Wait) -> dict[str, Any]:
    since = arguments.since_version
    jobs = [job for job in result.jobs if job.is_finished or (since is not None and job.version > since)]
    told = [each for each in result.workflows if each.run.is_finished or since is not None]
    runs = [each for each in told if each.run.is_finished or each.run.version > (since or 0)]
    going = [each for each in (*result.jobs, *(each.run for each in result.workflows)) if not each.is_finished]
    only_changed = bool(going) and since is not None and arguments.until == "all_done"
    content: dict[str, Any] = {
        "done": (result.met or not going) and not only_changed,
        "met": None if result.met or going else False,
        "jobs": [_ending(job) for job in jobs],
        "workflows": [_run_ending(each, len(runs)) for each in runs],
        "unfinished": len(going) or None,
        "version": max(each.version for each in (*result.jobs, *(each.run for each in result.workflows))),
        "match": _match(result),
    }
    if only_changed:
        content["next"] = f"orcaops_wait(ids=[…], since_version={content['version']}) tells the next change."
    elif going and not result.met:
        content["now"] = await _now(engine, going[0])
        content["next"] = "Call orcaops_wait again; after ten waits without change, tell the user it is still running."
    elif len(jobs) + len(runs) == 1:
        content["next"] = next_call(jobs[0]) if jobs else next_of_run(runs[0].run)
    return content


def _ending(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "exit_code": job.exit_code,
        "failure": failure_document(job.failure),
    }


def _run_ending(waited: WaitedWorkflow, among: int) -> dict[str, Any]:
    """A run with those of its nodes that changed, in the share of the answer that each run has."""
    brief = run_brief(waited.run)
    if among > _IN_FULL:
        brief = {name: brief[name] for name in _SHORT}
    page = nodes_page(waited.nodes, room=MAX_NODE_BYTES // among)
    del page["next_cursor"]
    return brief | page


def _match(result: RunsWaited) -> dict[str, Any] | None:
    if result.match is None:
        return None
    is_run = result.match_node is not None
    return {
        "workflow_id" if is_run else "job_id": result.match_id,
        "node": result.match_node or None,
        "line": result.match.number,
        "untrusted_text": one_line(result.match.text),
    }


async def _now(engine: Engine, going: Job | WorkflowRun) -> str:
    """What is going on, in a few words."""
    if isinstance(going, WorkflowRun):
        return await _now_in(engine, going)
    place = engine.queue_place(going.job_id)
    if place is not None:
        return f"queued at {place.position}: {place.reason}"
    return engine.progress(going.job_id) or going.status.value


async def _now_in(engine: Engine, run: WorkflowRun) -> str:
    said = run_brief(run)["summary"] or run.status.value
    if not run.counts.running or run.counts.total > _MANY:
        return said
    running = ids_of(await engine.workflow_nodes(run.workflow_id), NodeStatus.RUNNING)
    return f"{said}; running: {', '.join(map(one_line, running))}"


TOOLS: Final = cast(
    "tuple[AnyTool, ...]", (ToolDefinition("orcaops_wait", "Wait for jobs and workflows", READS, Wait, wait),)
)
