"""A job's whole record as this door answers with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orcaops_mcp.views.job import job_view

if TYPE_CHECKING:
    from core import Engine, Job


async def whole_record(engine: Engine, job: Job) -> dict[str, Any]:
    """The record with its place in the line, its progress and its artifacts."""
    artifacts = await engine.list_artifacts(job.job_id) if job.attempt and job.spec.artifacts else ()
    return job_view(
        job, place=engine.queue_place(job.job_id), progress=engine.progress(job.job_id), artifacts=artifacts
    )
