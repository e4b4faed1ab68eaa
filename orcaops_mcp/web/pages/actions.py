"""Cancel, repeat and delete jobs. Each is asked about on a page of its own, which scripts show as a dialog."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import Job
from orcaops_mcp.web.pages.asking import already_ended, ask
from orcaops_mcp.web.pages.login import safe_next
from orcaops_mcp.web.security import ReadOnlyCallerError, form_of, text_field
from orcaops_mcp.web.state import acting_as, caller_of, engine_of

router = APIRouter()

_LONGEST_REASON: Final = 500


@router.get("/jobs/{job_id}/cancel")
async def confirm_cancel(request: Request, job_id: str) -> Response:
    """Whether the job shall be stopped."""
    job = await _job(request, job_id)
    if job.is_finished:
        return already_ended(request, "job", job.status)
    is_queued = job.status == "queued"
    return _question(
        request,
        job,
        "cancel",
        heading="Cancel this job?",
        question="It has not begun and will not begin."
        if is_queued
        else "Its container is told to stop, and killed if it does not. What it wrote so far is kept.",
        verb="Cancel the job",
        icon="square-x",
        back="Keep it running" if not is_queued else "Let it wait",
        is_dangerous=True,
        asks_reason=True,
    )


@router.post("/jobs/{job_id}/cancel")
async def cancel(request: Request, job_id: str) -> Response:
    """Ask for the job to stop."""
    form = await form_of(request)
    reason = text_field(form, "reason")[:_LONGEST_REASON]
    await engine_of(request).cancel_job(job_id, by=acting_as(request), reason=reason)
    return RedirectResponse(safe_next(text_field(form, "next"), f"/jobs/{job_id}"), 303)


@router.get("/jobs/{job_id}/rerun")
async def confirm_rerun(request: Request, job_id: str) -> Response:
    """Whether the job shall run once more."""
    job = await _job(request, job_id)
    return _question(
        request,
        job,
        "rerun",
        heading="Run this job again?",
        question="A new job with the same request is made; this one stays as it is.",
        verb="Run again",
        icon="rotate-ccw",
        back="Back",
        other={"href": f"/jobs/new?from={job_id}", "word": "Change first…"},
    )


@router.post("/jobs/{job_id}/rerun")
async def rerun(request: Request, job_id: str) -> Response:
    """Submit the job once more, and go to the new one."""
    caller = caller_of(request)
    submitted = await engine_of(request).rerun_job(job_id, by=acting_as(request), folder=caller.folder)
    return RedirectResponse(f"/jobs/{submitted.job.job_id}", 303)


@router.get("/jobs/{job_id}/delete")
async def confirm_delete(request: Request, job_id: str) -> Response:
    """Whether the job's record shall go."""
    job = await _job(request, job_id)
    return _question(
        request,
        job,
        "delete",
        heading="Delete this job?",
        question="Its record, its log and its artifacts go for good.",
        verb="Delete for good",
        icon="trash-2",
        back="Keep it",
        is_dangerous=True,
    )


@router.post("/jobs/{job_id}/delete")
async def delete(request: Request, job_id: str) -> Response:
    """Remove the job's record, log and artifacts."""
    form = await form_of(request)
    await engine_of(request).delete_run(job_id, by=acting_as(request))
    wanted = safe_next(text_field(form, "next"))
    return RedirectResponse("/jobs" if wanted.startswith(f"/jobs/{job_id}") else wanted, 303)


async def _job(request: Request, job_id: str) -> Job:
    """The job that is asked about, by somebody who may act.

    Raises:
        ReadOnlyCallerError: They may only look.
        JobNotFoundError: There is none.
    """
    if not caller_of(request).may_change:
        raise ReadOnlyCallerError("You may look at everything and change nothing.")
    return await engine_of(request).get_job(job_id)


def _question(request: Request, job: Job, verb_path: str, **facts: Any) -> Response:
    named = {"subject": job.spec.name or job.spec.image, "subject_id": job.job_id}
    return ask(request, f"/jobs/{job.job_id}", verb_path, **(named | facts))
