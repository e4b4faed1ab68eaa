"""Submit, wait, look, cancel, rerun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from pydantic import Field, field_validator

from core import InvalidArgumentError, failure_document
from orcaops_mcp.intake.fields import known_form
from orcaops_mcp.intake.job_request import canonical, spec_of
from orcaops_mcp.intake.template import named_version, spec_of_template
from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.outcomes import next_call, outcome, shown_spec, whole_record
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.tools.job_request import SubmitJob
from orcaops_mcp.mcp_server.toolset import READS, STARTS, STOPS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.untrusted import one_line
from orcaops_mcp.mcp_server.waiting import reporting

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import Engine, Job, JobSpec, Submitted, TemplateUse, WaitResult
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
        effective = await engine.admit(spec, folder=caller.folder)
        return facts({"dry_run": True, "admitted": True, "spec": shown_spec(effective)})
    key = arguments.idempotency_key or None
    submitted = await engine.submit_job(spec, by=caller.name, idempotency_key=key, folder=caller.folder, template=use)
    return await _accepted(ctx, submitted, arguments.wait_s)


class Wait(Arguments):
    """What to wait for."""

    ids: Annotated[list[str], Field(min_length=1, max_length=20)]
    """Job ids."""
    until: Literal["any_done", "all_done", "first_failure", "running", "log_match"] = "all_done"
    """When to return early."""
    pattern: Annotated[str, Field(max_length=500)] = ""
    """RE2 regular expression a log line must match, for until=log_match."""
    timeout_s: Annotated[float, Field(ge=0, le=50)] = 25
    """Longest wait in seconds."""
    since_version: Annotated[int, Field(ge=0)] | None = None
    """Return as soon as a job's version is above this."""

    @field_validator("ids", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


async def wait(ctx: AppContext, arguments: Wait) -> CallToolResult:
    """Wait for jobs, at most 50 seconds. Still running is a normal answer (done: false): call again.

    Never cancels anything.
    """
    if (arguments.until == "log_match") != bool(arguments.pattern):
        raise InvalidArgumentError("pattern goes with until=log_match, and that needs a pattern")
    engine = ctx.request_context.lifespan_context.engine
    ids = [known_form(job_id) for job_id in arguments.ids]
    result = await reporting(
        ctx,
        ids,
        arguments.timeout_s,
        lambda: engine.wait(
            ids,
            until=arguments.until,
            timeout_s=arguments.timeout_s,
            pattern=arguments.pattern or None,
            since_version=arguments.since_version,
        ),
    )
    return facts(_waited(engine, result, arguments))


class GetJobStatus(Arguments):
    """Which job."""

    job_id: str
    """The job."""
    detail: Literal["short", "full"] = "short"
    """full is the whole record: spec, times, usage, log size, artifacts."""


async def get_job_status(ctx: AppContext, arguments: GetJobStatus) -> CallToolResult:
    """Where a job stands: status, steps, exit code, failure, queue place, progress."""
    engine = ctx.request_context.lifespan_context.engine
    job = await engine.get_job(known_form(arguments.job_id))
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
        known_form(arguments.job_id), by=caller_of(ctx).name, reason=arguments.reason, grace_s=arguments.grace_s
    )
    note = (
        None if job.is_finished else "Stopping it was requested; the status says cancelled once its container is gone."
    )
    return facts({"job_id": job.job_id, "status": job.status.value, "note": note, "next": _after_cancel(job)})


class Rerun(Arguments):
    """Which job to repeat, and how otherwise."""

    id: str
    """The job to repeat."""
    start: Annotated[Literal["start", "failed"], Field(alias="from")] = "start"
    """Where to begin; a single job always begins at its start."""
    changes: dict[str, Any] | None = None
    """Fields of orcaops_submit_job to change, e.g. {"timeout_s":900,"env":["DEBUG=1"]}."""
    preview: bool = False
    """Only show the spec that would run."""
    idempotency_key: Annotated[str, Field(max_length=200)] = ""
    """A repeat with the same key returns the first rerun."""


async def rerun(ctx: AppContext, arguments: Rerun) -> CallToolResult:
    """Run a job again as a fresh job linked to the old one, unchanged or with changes."""
    engine, caller = ctx.request_context.lifespan_context.engine, caller_of(ctx)
    job_id = known_form(arguments.id)
    changes = await canonical(engine, arguments.changes or {}, caller)
    if arguments.preview:
        spec = await engine.rerun_spec(job_id, changes, folder=caller.folder)
        return facts({"preview": True, "rerun_of": job_id, "spec": shown_spec(spec)})
    key = arguments.idempotency_key or None
    submitted = await engine.rerun_job(
        job_id, changes=changes, by=caller.name, idempotency_key=key, folder=caller.folder
    )
    return await _accepted(ctx, submitted, 0)


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


async def _accepted(ctx: AppContext, submitted: Submitted, wait_s: float) -> CallToolResult:
    engine = ctx.request_context.lifespan_context.engine
    job = submitted.job
    if wait_s and not job.is_finished:
        job = await reporting(ctx, [job.job_id], wait_s, lambda: engine.wait_for_job(job.job_id, timeout_s=wait_s))
    content = await outcome(engine, job, with_log=wait_s > 0)
    return facts(content | {"replayed": True if submitted.replayed else None})


def _waited(engine: Engine, result: WaitResult, arguments: Wait) -> dict[str, Any]:
    since = arguments.since_version
    shown = [job for job in result.jobs if job.is_finished or (since is not None and job.version > since)]
    going = [job for job in result.jobs if not job.is_finished]
    content: dict[str, Any] = {
        "done": result.met or not going,
        "met": None if result.met or going else False,
        "jobs": [_ending(job) for job in shown],
        "unfinished": len(going) or None,
        "version": max(job.version for job in result.jobs),
    }
    if result.match is not None:
        content["match"] = {
            "job_id": result.match_job_id,
            "line": result.match.number,
            "untrusted_text": one_line(result.match.text),
        }
    if going and not result.met:
        content["now"] = _now(engine, going[0])
        content["next"] = "Call orcaops_wait again; after ten waits without change, tell the user it is still running."
    elif len(shown) == 1:
        content["next"] = next_call(shown[0])
    return content


def _ending(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "exit_code": job.exit_code,
        "failure": failure_document(job.failure),
    }


def _now(engine: Engine, job: Job) -> str:
    place = engine.queue_place(job.job_id)
    if place is not None:
        return f"queued at {place.position}: {place.reason}"
    return engine.progress(job.job_id) or job.status.value


def _after_cancel(job: Job) -> str | None:
    return None if job.is_finished else next_call(job)


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (
        ToolDefinition("orcaops_submit_job", "Submit a job", STARTS, SubmitJob, submit_job),
        ToolDefinition("orcaops_wait", "Wait for jobs", READS, Wait, wait),
        ToolDefinition("orcaops_get_job_status", "Job status", READS, GetJobStatus, get_job_status),
        ToolDefinition("orcaops_cancel_job", "Cancel a job", STOPS, CancelJob, cancel_job),
        ToolDefinition("orcaops_rerun", "Rerun a job", STARTS, Rerun, rerun),
    ),
)
