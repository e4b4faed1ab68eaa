"""Jobs in lists, attempts and the audit trail as programs see them: every key is there, absent facts are null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import clean_text, failure_document, service_document, step_document, time_text
from orcaops_mcp.views.job import duration_s

if TYPE_CHECKING:
    from core import Attempt, FailureSummary, Job, SickService, StatusChange


def job_row(job: Job) -> dict[str, Any]:
    """A job in a table."""
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "name": job.spec.name,
        "image": job.spec.image,
        "source": job.submitted_by,
        "failure": failure_document(job.failure),
        "exit_code": job.exit_code,
        "created_at": time_text(job.created_at),
        "started_at": time_text(job.started_at),
        "finished_at": time_text(job.finished_at),
        "duration_s": duration_s(job),
        "tags": list(job.spec.tags),
        "workflow": {"id": job.workflow.workflow_id, "node": job.workflow.node_id} if job.workflow else None,
        "attempt": job.attempt_number,
        "rerun_of": job.rerun_of,
        "version": job.version,
    }


def change_view(change: StatusChange) -> dict[str, Any]:
    """One row of the audit trail."""
    return {
        "at": time_text(change.at),
        "event": change.event.value if change.event else None,
        "before": change.before.value if change.before else None,
        "after": change.after.value,
        "by": change.by,
        "why": change.why or None,
        "attempt": change.attempt,
    }


def attempt_view(attempt: Attempt) -> dict[str, Any]:
    """One try at a job."""
    return {
        "number": attempt.number,
        "phase": attempt.phase.value,
        "container": attempt.container_name,
        "image_digest": attempt.image_digest,
        "started_at": time_text(attempt.started_at),
        "finished_at": time_text(attempt.finished_at),
        "exit_code": attempt.exit_code,
        "failure": failure_document(attempt.failure),
        "steps": [step_document(step) for step in attempt.steps],
        "log_lines": attempt.log.lines,
    }


def digest_view(summary: FailureSummary) -> dict[str, Any]:
    """Why a job failed, with the lines that matter as the log has them but free of control codes."""
    job, diagnosis = summary.job, summary.diagnosis
    cause, counts = diagnosis.cause, diagnosis.tests
    has_failed = job.is_finished and job.status != "success"
    return {
        "job_id": job.job_id,
        "status": job.status.value,
        "exit_code": job.exit_code,
        "failure": failure_document(job.failure),
        "step": step_document(summary.step) if summary.step else None,
        "cause": {
            "kind": cause.kind,
            "headline": cause.headline,
            "log_line": cause.line or None,
            "file": cause.file,
            "line": cause.file_line,
            "hint": cause.hint or None,
        }
        if cause and has_failed
        else None,
        "tests": {"passed": counts.passed, "failed": counts.failed, "skipped": counts.skipped} if counts else None,
        "failed_tests": list(diagnosis.failed_tests),
        "suggestions": list(diagnosis.suggestions) if has_failed else [],
        "excerpts": [
            {"first_line": part.first_line, "lines": list(part.lines)} for part in diagnosis.excerpts if has_failed
        ],
        "warnings": list(job.warnings),
        "services": [sick_service_view(sick) for sick in summary.sick_services],
    }


def sick_service_view(sick: SickService) -> dict[str, Any]:
    """A service that failed or ended too early, with the end of its log."""
    return service_document(sick.result) | {"last_lines": [clean_text(line.text) for line in sick.last_lines]}
