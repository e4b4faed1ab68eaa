"""Jobs: submit, list, see, wait, cancel, repeat."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from core import InvalidArgumentError
from orcaops_mcp.api import examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import read_model
from orcaops_mcp.api.document import header, json_body, json_content, problems, reply
from orcaops_mcp.api.listing import job_filter, job_list
from orcaops_mcp.api.models import job as shapes
from orcaops_mcp.api.models.base import JOB_ID, JobId
from orcaops_mcp.api.records import accepted, whole_record
from orcaops_mcp.api.state import caller_of, engine_of
from orcaops_mcp.api.submission import read_submission
from orcaops_mcp.intake.job_request import canonical, spec_of
from orcaops_mcp.views.history import attempt_view, change_view, digest_view
from orcaops_mcp.views.job import admitted_view

router = APIRouter(prefix="/orcaops/jobs", tags=["jobs"])

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The same key with the same request gives the first call's job; with another it is refused.",
    ),
]

_LOCATION: Final = {"Location": header("Where the job is.")}
_COMMAND_JOB: Final = {"image": "busybox:latest", "command": ["echo", "hello"]}
_STEPS_JOB: Final = {
    "image": "python:3.12-slim",
    "name": "unit-tests",
    "commands": ["python --version", "python -m unittest"],
    "env": {"PYTHONUNBUFFERED": "1"},
    "artifacts": ["report.txt"],
    "timeout_s": 300,
    "tags": ["ci"],
}
_FORM: Final[dict[str, Any]] = {
    "schema": {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "spec": {"type": "string", "description": "The job request as JSON."},
            "code_files": {
                "type": "array",
                "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                "description": "Files for the working directory; the filename is the path.",
            },
            "input_files": {
                "type": "array",
                "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                "description": "Further files for the working directory.",
            },
        },
    }
}


@router.post(
    "",
    operation_id="submit_job",
    status_code=201,
    summary="Submit a job",
    response_model=None,
    responses={
        201: reply(
            shapes.AcceptedJob, "Accepted; it survives anything from here on.", examples.ACCEPTED, headers=_LOCATION
        ),
        200: reply(
            shapes.AcceptedJob | shapes.AdmittedSpec,
            "The idempotency key was used before: the first call's job. Or a dry run.",
            {**examples.ACCEPTED, "replayed": True},
        ),
        **problems(400, 404, 409, 413, 415, 422),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": json_content("JobRequest", {"command": _COMMAND_JOB, "steps": _STEPS_JOB}),
                "multipart/form-data": _FORM,
            },
        }
    },
)
async def submit_job(
    request: Request, query: Annotated[shapes.SubmitQuery, Query()], idempotency_key: Key = None
) -> Response:
    """Run a command, shell steps or uploaded code in a fresh container.

    The job goes on whatever becomes of this call. With `dry_run` nothing is started, and the answer is
    `{dry_run, admitted, spec, warnings}`. A form sends files along: the field `spec` holds the job request.
    """
    engine, caller = engine_of(request), caller_of(request)
    spec = await spec_of(engine, await read_submission(request, engine), caller)
    if query.dry_run:
        admitted = await engine.admit(spec, folder=caller.folder, by=caller.name)
        return answer(admitted_view(admitted, engine.remarks_on(admitted)))
    submitted = await engine.submit_job(spec, by=caller.name, idempotency_key=idempotency_key, folder=caller.folder)
    return await accepted(engine, submitted, query.wait_s)


@router.get(
    "",
    operation_id="list_jobs",
    summary="List jobs",
    response_model=None,
    responses={200: reply(shapes.JobList, "A page of jobs.", examples.LIST), **problems(422)},
)
async def list_jobs(request: Request, query: Annotated[shapes.ListQuery, Query()]) -> Response:
    """Jobs, newest first. Every filter given has to hold; `counts` counts all jobs whatever is asked for."""
    engine = engine_of(request)
    page = await engine.list_jobs(job_filter(query, finished=query.finished), limit=query.limit, cursor=query.cursor)
    counts = await engine.count_jobs()
    return answer(job_list(page, counts))


@router.get(
    "/{job_id}",
    operation_id="get_job",
    summary="See a job",
    response_model=None,
    responses={200: reply(shapes.JobRecord, "The whole record.", examples.JOB), **problems(404)},
)
async def get_job(request: Request, job_id: JobId) -> Response:
    """The whole record: status, steps, exit code, failure, artifacts, use, and the spec that ran."""
    engine = engine_of(request)
    return answer(await whole_record(engine, await engine.get_job(job_id)))


_CANCELLED: Final[dict[int | str, dict[str, Any]]] = {
    200: reply(shapes.JobRecord, "The job has ended: just now, or before.", examples.JOB),
    202: reply(shapes.JobRecord, "Its container is being stopped.", {**examples.QUEUED, "status": "running"}),
}


@router.delete(
    "/{job_id}",
    operation_id="delete_job",
    summary="Cancel a job",
    response_model=None,
    responses={**_CANCELLED, **problems(404)},
)
async def delete_job(request: Request, job_id: JobId) -> Response:
    """Stop a queued or running job. A job that has ended stays as it is; DELETE /orcaops/runs/{job_id} removes it."""
    return await _cancel(request, job_id, shapes.CancelBody())


@router.post(
    "/{job_id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job, with a reason",
    response_model=None,
    responses={**_CANCELLED, **problems(400, 404, 413, 415, 422)},
    openapi_extra={
        "requestBody": json_body("CancelBody", {"reason": {"reason": "superseded", "grace_s": 2}}, required=False)
    },
)
async def cancel_job(request: Request, job_id: JobId) -> Response:
    """Send SIGTERM, then SIGKILL after the grace; the status is `cancelled` once the container has ended."""
    return await _cancel(request, job_id, await read_model(request, shapes.CancelBody, required=False))


@router.post(
    "/{job_id}/rerun",
    operation_id="rerun_job",
    status_code=201,
    summary="Run a job again",
    response_model=None,
    responses={
        201: reply(
            shapes.AcceptedJob,
            "A job of its own, linked to the first.",
            {**examples.ACCEPTED, "rerun_of": JOB_ID},
            headers=_LOCATION,
        ),
        200: reply(
            shapes.AcceptedJob | shapes.RerunPreview,
            "Only a preview. Or the idempotency key was used before.",
            examples.PREVIEW,
        ),
        **problems(400, 404, 409, 413, 415, 422),
    },
    openapi_extra={
        "requestBody": json_body(
            "RerunBody", {"changed": {"changes": {"timeout_s": 900, "env": ["DEBUG=1"]}}}, required=False
        )
    },
)
async def rerun_job(request: Request, job_id: JobId, idempotency_key: Key = None) -> Response:
    """Submit a job's spec once more, as it was or with some fields replaced."""
    engine, caller = engine_of(request), caller_of(request)
    body = await read_model(request, shapes.RerunBody, required=False)
    await engine.get_job(job_id)
    changes = await canonical(engine, body.changes or {}, caller)
    if body.preview:
        spec = await engine.rerun_spec(job_id, changes, folder=caller.folder)
        return answer({"preview": True, "rerun_of": job_id, "spec": spec.model_dump(mode="json")})
    submitted = await engine.rerun_job(
        job_id, changes=changes, by=caller.name, idempotency_key=idempotency_key, folder=caller.folder
    )
    return await accepted(engine, submitted, 0)


@router.get(
    "/{job_id}/wait",
    operation_id="wait_for_job",
    summary="Wait for a job",
    response_model=None,
    responses={200: reply(shapes.Waited, "It came true, or the time is over.", examples.WAITED), **problems(404, 422)},
)
async def wait_for_job(request: Request, job_id: JobId, query: Annotated[shapes.WaitQuery, Query()]) -> Response:
    """Answer once something is true of the job, at the latest after `timeout_s`. Never cancels anything."""
    if (query.until == "log_match") != bool(query.pattern):
        raise InvalidArgumentError("pattern: goes with until=log_match, and that needs a pattern")
    engine = engine_of(request)
    result = await engine.wait(
        [job_id],
        until=query.until,
        timeout_s=query.timeout_s,
        pattern=query.pattern,
        since_version=query.since_version,
    )
    match = {"n": result.match.number, "text": result.match.text} if result.match else None
    return answer({"met": result.met, "job": await whole_record(engine, result.jobs[0]), "match": match})


@router.get(
    "/{job_id}/events",
    operation_id="job_events",
    summary="The audit trail",
    response_model=None,
    responses={200: reply(shapes.AuditTrail, "Every change of its status.", examples.TRAIL), **problems(404)},
)
async def job_events(request: Request, job_id: JobId) -> Response:
    """Who moved the job's status, when and why, oldest first."""
    engine = engine_of(request)
    await engine.get_job(job_id)
    return answer({"items": [change_view(change) for change in await engine.history(job_id)]})


@router.get(
    "/{job_id}/attempts",
    operation_id="job_attempts",
    summary="Every attempt",
    response_model=None,
    responses={200: reply(shapes.AttemptList, "Every try at it.", examples.ATTEMPTS), **problems(404)},
)
async def job_attempts(request: Request, job_id: JobId) -> Response:
    """Every try at the job with its cause and steps, oldest first."""
    engine = engine_of(request)
    await engine.get_job(job_id)
    return answer({"items": [attempt_view(attempt) for attempt in await engine.attempts(job_id)]})


@router.get(
    "/{job_id}/failure",
    operation_id="job_failure",
    summary="Why a job failed",
    response_model=None,
    responses={200: reply(shapes.FailureDigest, "The digest.", examples.DIGEST), **problems(404, 422)},
)
async def job_failure(request: Request, job_id: JobId, query: Annotated[shapes.FailureQuery, Query()]) -> Response:
    """The failing step, the first real cause and the lines of the log that matter; `failure` is null if it did not."""
    summary = await engine_of(request).explain_failure(job_id, max_bytes=query.max_bytes)
    return answer(digest_view(summary))


async def _cancel(request: Request, job_id: str, how: shapes.CancelBody) -> Response:
    engine = engine_of(request)
    job = await engine.cancel_job(job_id, by=caller_of(request).name, reason=how.reason, grace_s=how.grace_s)
    return answer(await whole_record(engine, job), 200 if job.is_finished else 202)
