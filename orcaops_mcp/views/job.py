"""A job as doors show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orcaops_mcp.views.artifact import artifact_view
from orcaops_mcp.views.compact import time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core import Artifact, Failure, Job, QueuePlace, StepResult, Usage


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
    attempt = job.attempt
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "name": job.spec.name,
        "image": job.spec.image,
        "created_at": time_text(job.created_at),
        "started_at": time_text(job.started_at),
        "finished_at": time_text(job.finished_at),
        "exit_code": job.exit_code,
        "failure": failure_view(job.failure),
        "steps": [step_view(step) for step in attempt.steps] if attempt else [],
        "artifacts": [artifact_view(artifact) for artifact in artifacts],
        "services": [],
        "attempt": job.attempt_number,
        "queue": place_view(place),
        "progress": progress,
        "cleanup": cleanup_text(job),
        "usage": usage_view(attempt.usage) if attempt else None,
        "tags": list(job.spec.tags),
        "workflow": None,
        "spec": job.spec.model_dump(mode="json"),
        "version": job.version,
        "outputs": dict(job.outputs),
        "warnings": list(job.warnings),
        "image_digest": attempt.image_digest if attempt else None,
        "log": log_view(job),
        "cancel_requested_at": time_text(job.cancel.at) if job.cancel else None,
        "submitted_by": job.submitted_by,
        "rerun_of": job.rerun_of,
    }


def job_outcome(
    job: Job, *, place: QueuePlace | None = None, progress: str | None = None, artifacts: Sequence[Artifact] = ()
) -> dict[str, Any]:
    """What somebody who waits for a job wants to know; facts that are absent are null."""
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "name": job.spec.name,
        "exit_code": job.exit_code,
        "failure": failure_view(job.failure),
        "steps": [step_brief(step) for step in job.attempt.steps] if job.attempt else [],
        "duration_s": duration_s(job),
        "attempt": job.attempt_number if job.attempt_number > 1 else None,
        "queue": place_view(place),
        "progress": progress,
        "cancel_requested": True if job.cancel and not job.is_finished else None,
        "outputs": dict(job.outputs),
        "artifacts": [artifact.path for artifact in artifacts if artifact.state == "kept"],
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


def failure_view(failure: Failure | None) -> dict[str, Any] | None:
    """Why a job did not succeed."""
    if failure is None:
        return None
    return {
        "kind": failure.kind.value,
        "message": failure.message,
        "hint": failure.hint or None,
        "retryable": failure.retryable,
        "step": failure.step,
    }


def step_view(step: StepResult) -> dict[str, Any]:
    """What became of a step."""
    return {
        "index": step.index,
        "title": step.title,
        "status": step.status,
        "exit_code": step.exit_code,
        "started_at": time_text(step.started_at),
        "finished_at": time_text(step.finished_at),
        "first_line": step.first_line,
        "last_line": step.last_line,
    }


def step_brief(step: StepResult) -> dict[str, Any]:
    """A step without its times."""
    return {"index": step.index, "title": step.title, "status": step.status, "exit_code": step.exit_code}


def place_view(place: QueuePlace | None) -> dict[str, Any] | None:
    """Where a job waits, and why."""
    return {"position": place.position, "reason": place.reason} if place else None


def usage_view(usage: Usage | None) -> dict[str, Any] | None:
    """What an attempt used."""
    if usage is None:
        return None
    return {
        "cpu_seconds": usage.cpu_seconds,
        "peak_memory_bytes": usage.peak_memory_bytes,
        "network_rx_bytes": usage.network_rx_bytes,
        "network_tx_bytes": usage.network_tx_bytes,
        "exact": usage.exact,
    }


def log_view(job: Job) -> dict[str, Any] | None:
    """What was kept of the last attempt's output."""
    if job.attempt is None:
        return None
    log = job.attempt.log
    return {
        "lines": log.lines,
        "bytes": log.size,
        "truncated": log.truncated,
        "gap_after": log.gap_after,
        "complete": log.complete,
    }


def cleanup_text(job: Job) -> str | None:
    """What became of the container: ``pending``, ``removed`` or ``kept``; None when there was none."""
    if job.attempt is None:
        return None
    if job.attempt.phase != "done":
        return "pending"
    failed = job.status != "success"
    kept = job.spec.cleanup == "keep" or (job.spec.cleanup == "keep_on_failure" and failed)
    return "kept" if kept else "removed"


def duration_s(job: Job) -> float | None:
    """Seconds from the first start to the end; None until it has ended."""
    if job.started_at is None or job.finished_at is None:
        return None
    return round((job.finished_at - job.started_at).total_seconds(), 3)
