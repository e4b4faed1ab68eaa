"""Running again: a job as a fresh one, a workflow's run as its next attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from pydantic import Field, field_validator

from core import InvalidArgumentError, WorkflowCheck
from orcaops_mcp.intake.job_request import canonical
from orcaops_mcp.mcp_server.answers import facts, refusal
from orcaops_mcp.mcp_server.outcomes import accepted, shown_spec
from orcaops_mcp.mcp_server.places import own_job, run_id, run_place
from orcaops_mcp.mcp_server.run_changes import rerun_request
from orcaops_mcp.mcp_server.run_report import next_of_run, plan_brief, run_brief
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.toolset import STARTS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.workflow_report import refused_workflow

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext


class Rerun(Arguments):
    """What to repeat, and how otherwise."""

    id: str
    """The job or the workflow run."""
    start: Annotated[Literal["", "failed", "start"], Field(alias="from")] = ""
    """Of a workflow: failed (default) keeps what succeeded and is unchanged, start keeps nothing. A job starts over."""
    jobs: Annotated[list[str] | None, Field(max_length=100)] = None
    """Of a workflow: run these and what needs them, keep the rest; with from=failed run what failed as well."""
    changes: dict[str, Any] | None = None
    """Of a job: fields of orcaops_submit_job, e.g. {"timeout_s":900}. Of a workflow: {"edits":[{"old":"text of the file","new":"…"}]} or {"spec":"whole file"} or {"path":…}; {"inputs":{…}}; {"skip":{"job":{"output":"value"}}}; {"only":true}; {"include_tolerated":true}; {"new_run":true}."""  # noqa: E501 - a description is one line
    preview: bool = False
    """Only show what would run, and of a workflow what is kept and why."""
    idempotency_key: Annotated[str, Field(max_length=200)] = ""
    """A repeat with the same key returns the first rerun."""

    @field_validator("jobs", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


async def rerun(ctx: AppContext, arguments: Rerun) -> CallToolResult:
    """Run a job again as a fresh job, or a workflow run as its next attempt, unchanged or with changes."""
    if run_place(arguments.id) is not None:
        return await _rerun_workflow(ctx, arguments)
    if arguments.jobs:
        raise InvalidArgumentError("jobs goes with the id of a workflow run")
    engine, caller = ctx.request_context.lifespan_context.engine, caller_of(ctx)
    job_id = own_job(arguments.id)
    changes = await canonical(engine, arguments.changes or {}, caller)
    if arguments.preview:
        spec = await engine.rerun_spec(job_id, changes, folder=caller.folder)
        return facts({"preview": True, "rerun_of": job_id, "spec": shown_spec(spec)})
    key = arguments.idempotency_key or None
    submitted = await engine.rerun_job(
        job_id, changes=changes, by=caller.name, idempotency_key=key, folder=caller.folder
    )
    return await accepted(ctx, submitted, 0)


async def _rerun_workflow(ctx: AppContext, arguments: Rerun) -> CallToolResult:
    engine, caller = ctx.request_context.lifespan_context.engine, caller_of(ctx)
    workflow_id = run_id(arguments.id)
    jobs, changes = arguments.jobs or [], arguments.changes or {}
    request = await rerun_request(engine, workflow_id, arguments.start, jobs, changes, caller)
    if isinstance(request, WorkflowCheck):
        return refusal(refused_workflow(request))
    if arguments.preview:
        plan = await engine.plan_rerun(workflow_id, request)
        return facts({"preview": True, **plan_brief(plan)})
    key = arguments.idempotency_key or None
    done = await engine.rerun_workflow(workflow_id, request, by=caller.name, idempotency_key=key, folder=caller.folder)
    brief: dict[str, Any] = run_brief(done.run)
    return facts(
        {
            "workflow_id": done.run.workflow_id,
            "status": brief["status"],
            "attempt": done.run.attempt,
            "rerun_of": done.run.rerun_of,
            "replayed": True if done.replayed else None,
            **plan_brief(done.plan),
            "next": next_of_run(done.run),
        }
    )


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (ToolDefinition("orcaops_rerun", "Rerun a job or a workflow", STARTS, Rerun, rerun),),
)
