"""A job's whole record as this door answers with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orcaops_mcp.api.answers import answer
from orcaops_mcp.views.job import job_view

if TYPE_CHECKING:
    from starlette.responses import Response

    from core import Engine, Job, Submitted


async def whole_record(engine: Engine, job: Job) -> dict[str, Any]:
    """The record with its place in the line, its progress and its artifacts."""
    artifacts = await engine.list_artifacts(job.job_id) if job.attempt and job.spec.keeps_files else ()
    return job_view(
        job, place=engine.queue_place(job.job_id), progress=engine.progress(job.job_id), artifacts=artifacts
    )


async def accepted(engine: Engine, submitted: Submitted, wait_s: float) -> Response:
    """The answer to a submit: 201, or 200 for a repetition.

    Args:
        engine: The engine.
        submitted: What became of it.
        wait_s: How long to wait for the job's end before answering.
    """
    job = submitted.job
    if wait_s and not job.is_finished:
        job = await engine.wait_for_job(job.job_id, timeout_s=wait_s)
    content = await whole_record(engine, job) | {"replayed": submitted.replayed}
    return answer(content, 200 if submitted.replayed else 201, {"Location": f"/orcaops/jobs/{job.job_id}"})
