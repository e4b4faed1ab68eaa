"""Submit a job, look at it, cancel it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from pydantic import Field

from core import InvalidArgumentError
from orcaops_mcp.intake.job_request import spec_of
from orcaops_mcp.intake.template import named_version, spec_of_template
from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.outcomes import accepted, next_call, outcome, shown_spec, whole_record
from orcaops_mcp.mcp_server.places import job_of, own_job
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.tools.job_request import SubmitJob
from orcaops_mcp.mcp_server.toolset import READS, STARTS, STOPS, AnyTool, Arguments, ToolDefinition

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import Engine, Job, JobSpec, TemplateUse
    from orcaops_mcp.intake.caller import Caller
    from orcaops_mcp.mcp_server.state import AppContext


async def submit_job(ctx: AppContext, arguments: SubmitJob) -> CallToolResult:
    """Run a command, shell steps or uploaded code in a fresh container.

    Returns job_id and status at once; the job goes on whatever becomes of this call. With wait_s also the outcome:
    exit code, failure, steps, last log lines.
    """
    engine, caller = ctx.request_context.lifespan_context.engine, caller_of(ctx)
    spec, use = await _asked(engine, arguments, caller)
    if arguments.dry_run:
        effective = await engine.admit(spec, folder=caller.folder, by=caller.name)
        warnings = list(engine.remarks_on(effective))
        return facts({"dry_run": True, "admitted": True, "spec": shown_spec(effective), "warnings": warnings})
    key = arguments.idempotency_key or None
    submitted = await engine.submit_job(spec, by=caller.name, idempotency_key=key, folder=caller.folder, template=use)
    return await accepted(ctx, submitted, arguments.wait_s)


class GetJobStatus(Arguments):
    """Which job."""

    job_id: str
    """The job, or run/node of a workflow."""
    detail: Literal["short", "full"] = "short"
    """full is the whole record: spec, times, usage, log size, artifacts."""


async def get_job_status(ctx: AppContext, arguments: GetJobStatus) -> CallToolResult:
    """Where a job stands: status, steps, exit code, failure, queue place, progress."""
    engine = ctx.request_context.lifespan_context.engine
    job = await engine.get_job(await job_of(engine, arguments.job_id))
    if arguments.detail == "full":
        return facts(await whole_record(engine, job))
    return facts(await outcome(engine, job) | {"version": job.version})


class CancelJob(Arguments):
    """Which job to stop."""

    job_id: str
    """The job."""
    reason: Annotated[str, Field(max_length=500)] = ""
    """Why, for the record."""
    grace_s: Annotated[float, Field(ge=0, le=60)] | None = None
    """Seconds from SIGTERM to SIGKILL."""


async def cancel_job(ctx: AppContext, arguments: CancelJob) -> CallToolResult:
    """Stop a queued or running job. A job that has ended comes back as it is."""
    engine = ctx.request_context.lifespan_context.engine
    job = await engine.cancel_job(
        own_job(arguments.job_id), by=caller_of(ctx).name, reason=arguments.reason, grace_s=arguments.grace_s
    )
    note = (
        None if job.is_finished else "Stopping it was requested; the status says cancelled once its container is gone."
    )
    return facts({"job_id": job.job_id, "status": job.status.value, "note": note, "next": _after_cancel(job)})


async def _asked(engine: Engine, arguments: SubmitJob, caller: Caller) -> tuple[JobSpec, TemplateUse | None]:
    """The job that the arguments describe, or that a template does."""
    request = arguments.request()
    if not arguments.template:
        if arguments.inputs:
            raise InvalidArgumentError("inputs go with template, the name of a saved one")
        return await spec_of(engine, request, caller), None
    if request:
        said = f"template brings its own job, so {', '.join(sorted(request))} cannot be given beside it"
        raise InvalidArgumentError(said, hint="Choose by its inputs; orcaops_list_templates(name) shows them.")
    name, version = named_version(arguments.template)
    return await spec_of_template(engine, name, arguments.inputs or {}, version, caller)


def _after_cancel(job: Job) -> str | None:
    return None if job.is_finished else next_call(job)


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (
        ToolDefinition("orcaops_submit_job", "Submit a job", STARTS, SubmitJob, submit_job),
        ToolDefinition("orcaops_get_job_status", "Job status", READS, GetJobStatus, get_job_status),
        ToolDefinition("orcaops_cancel_job", "Cancel a job", STOPS, CancelJob, cancel_job),
    ),
)
