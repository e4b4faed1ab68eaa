"""A job as doors show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import failure_document, job_document, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core import Artifact, Cleanup, Job, JobSpec, QueuePlace, ServiceResult, StepResult


def job_view(
    job: Job, *, place: QueuePlace | None = None, progress: str | None = None, artifacts: Sequence[Artifact] = ()
) -> dict[str, Any]:
    """The whole record: every key is there, absent facts are null.

    Args:
        job: The record.
        place: Where it stands in the queue.
        progress: What it does right now.
        artifacts: What was kept of it.
    """
    return job_document(job, artifacts) | {"queue": place_view(place), "progress": progress}


def job_outcome(
    job: Job, *, place: QueuePlace | None = None, progress: str | None = None, artifacts: Sequence[Artifact] = ()
) -> dict[str, Any]:
    """What somebody who waits for a job wants to know; facts that are absent are null."""
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "name": job.spec.name,
        "exit_code": job.exit_code,
        "failure": failure_document(job.failure),
        "steps": [step_brief(step) for step in job.attempt.steps] if job.attempt else [],
        "duration_s": duration_s(job),
        "attempt": job.attempt_number if job.attempt_number > 1 else None,
        "queue": place_view(place),
        "progress": progress,
        "cancel_requested": True if job.cancel and not job.is_finished else None,
        "outputs": dict(job.outputs),
        "artifacts": [artifact.path for artifact in artifacts if artifact.state == "kept"],
        "services": [service_brief(service) for service in job.attempt.services] if job.attempt else [],
        "warnings": list(job.warnings),
        "rerun_of": job.rerun_of,
    }


def job_line(job: Job) -> dict[str, Any]:
    """A job in a list: one short line."""
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "name": job.spec.name,
        "image": job.spec.image,
        "failure": job.failure.kind.value if job.failure else None,
        "exit_code": job.exit_code,
        "created_at": time_text(job.created_at),
        "duration_s": duration_s(job),
        "tags": list(job.spec.tags),
    }


def admitted_view(spec: JobSpec, warnings: Sequence[str]) -> dict[str, Any]:
    """What a dry run says: the job that would run, and what to look out for."""
    return {"dry_run": True, "admitted": True, "spec": spec.model_dump(mode="json"), "warnings": list(warnings)}


def cleanup_view(cleanup: Cleanup) -> dict[str, Any]:
    """What a removal of runs did, or would do."""
    return {
        "deleted": cleanup.deleted,
        "bytes": cleanup.bytes,
        "job_ids": list(cleanup.job_ids),
        "workflow_ids": list(cleanup.workflow_ids),
        "dry_run": cleanup.dry_run,
        "remaining": cleanup.remaining,
    }


def step_brief(step: StepResult) -> dict[str, Any]:
    """A step without its times; what is as usual is null."""
    is_tolerated = step.status == "success" and step.outcome not in {None, "success"}
    return {
        "index": step.index,
        "title": step.title,
        "status": step.status,
        "exit_code": step.exit_code,
        "outcome": step.outcome if is_tolerated else None,
        "attempts": step.attempts if step.attempts > 1 else None,
        "reason": step.reason or None,
    }


def service_brief(service: ServiceResult) -> dict[str, Any]:
    """A service in a line; its exit code only where it ended by itself."""
    is_sick = service.status == "failed" or service.has_died
    return {
        "id": service.service_id,
        "status": service.status,
        "exit_code": service.exit_code if is_sick else None,
        "message": service.message or None,
    }


def place_view(place: QueuePlace | None) -> dict[str, Any] | None:
    """Where a job waits, and why."""
    return {"position": place.position, "reason": place.reason} if place else None


def duration_s(job: Job) -> float | None:
    """Seconds from the first start to the end, never negative, however a clock was set; None until it has ended."""
    if job.started_at is None or job.finished_at is None:
        return None
    return max(0.0, round((job.finished_at - job.started_at).total_seconds(), 3))
