"""A record as a JSON document: what the home keeps of a run for people and programs, and what doors show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.clock import time_text
from core.records.template import use_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.records.artifact import Artifact
    from core.records.job import Failure, Job, StepResult, Usage
    from core.records.service import ServiceResult


def job_document(job: Job, artifacts: Sequence[Artifact] = ()) -> dict[str, Any]:
    """Everything the record says: every key is there, absent facts are null, times are RFC 3339.

    Args:
        job: The record.
        artifacts: What was kept of it, and what was not and why.
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
        "failure": failure_document(job.failure),
        "steps": [step_document(step) for step in attempt.steps] if attempt else [],
        "artifacts": [artifact_document(artifact) for artifact in artifacts],
        "services": [service_document(service) for service in attempt.services] if attempt else [],
        "attempt": job.attempt_number,
        "cleanup": cleanup_text(job),
        "usage": usage_document(attempt.usage) if attempt else None,
        "tags": list(job.spec.tags),
        "workflow": {"id": job.workflow.workflow_id, "node": job.workflow.node_id} if job.workflow else None,
        "spec": job.spec.model_dump(mode="json"),
        "version": job.version,
        "outputs": dict(job.outputs),
        "warnings": list(job.warnings),
        "image_digest": attempt.image_digest if attempt else None,
        "log": log_document(job),
        "cancel_requested_at": time_text(job.cancel.at) if job.cancel else None,
        "submitted_by": job.submitted_by,
        "rerun_of": job.rerun_of,
        "template": use_document(job.template),
    }


def artifact_document(artifact: Artifact) -> dict[str, Any]:
    """A kept file, or why there is none."""
    return {
        "path": artifact.path,
        "state": artifact.state,
        "size": artifact.size if artifact.state == "kept" else None,
        "sha256": artifact.sha256 or None,
        "type": artifact.media_type or None,
        "pattern": artifact.pattern or None,
        "note": artifact.note or None,
        "attempt": artifact.attempt,
    }


def failure_document(failure: Failure | None) -> dict[str, Any] | None:
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


def step_document(step: StepResult) -> dict[str, Any]:
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
        "outcome": step.outcome,
        "attempts": step.attempts,
        "outputs": dict(step.outputs),
        "summary": step.summary or None,
        "reason": step.reason or None,
    }


def service_document(service: ServiceResult) -> dict[str, Any]:
    """What became of a service."""
    return {
        "id": service.service_id,
        "image": service.image,
        "status": service.status,
        "ready_after_s": service.ready_after_s,
        "exit_code": service.exit_code,
        "container": service.container_name,
        "image_digest": service.image_digest,
        "message": service.message or None,
    }


def usage_document(usage: Usage | None) -> dict[str, Any] | None:
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


def log_document(job: Job) -> dict[str, Any] | None:
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
    return "kept" if job.is_finished and job.keeps_container else "removed"
