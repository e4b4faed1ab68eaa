"""A failure in as few words as explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import failure_document
from orcaops_mcp.mcp_server.untrusted import excerpt, fenced, one_line
from orcaops_mcp.views.job import service_brief, step_brief

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core import FailureSummary, Job, SickService


def failure_digest(summary: FailureSummary, max_bytes: int) -> dict[str, Any]:
    """What `core` found out, for a model.

    Args:
        summary: What was found.
        max_bytes: Most log text.
    """
    job = summary.job
    content: dict[str, Any] = {
        "job_id": job.job_id,
        "status": job.status.value,
        "exit_code": job.exit_code,
        "failure": failure_document(job.failure),
        "step": step_brief(summary.step) if summary.step else None,
    }
    if job.status in ("success", "queued", "running"):
        content["note"] = f"The job has not failed: it is {job.status.value}."
        return content
    content["services"] = sick_services(summary.sick_services, max_bytes // 2)
    content |= evidence(summary, max_bytes)
    content["warnings"] = list(job.warnings)
    content["next"] = _advice(job)
    return content


def evidence(summary: FailureSummary, max_bytes: int) -> dict[str, Any]:
    """What the log says of the cause, with the lines that matter inside a fence."""
    diagnosis = summary.diagnosis
    cause, counts = diagnosis.cause, diagnosis.tests
    tests = [one_line(name) for name in diagnosis.failed_tests[:50]]
    found: dict[str, Any] = {
        "cause": {
            "kind": cause.kind,
            "headline": one_line(cause.headline, 300),
            "log_line": cause.line or None,
            "file": one_line(cause.file) if cause.file else None,
            "line": cause.file_line,
        }
        if cause
        else None,
        "failed_tests": tests,
        "tests": {"passed": counts.passed, "failed": counts.failed, "skipped": counts.skipped} if counts else None,
        "suggestions": list(diagnosis.suggestions[:3]),
    }
    if diagnosis.excerpts:
        found["excerpts"] = excerpt([(part.first_line, part.lines) for part in diagnosis.excerpts], max_bytes)
    elif summary.last_lines:
        found["last_lines"] = fenced(summary.last_lines, max_bytes=max_bytes).text
    return found


def sick_services(services: Iterable[SickService], max_bytes: int) -> list[dict[str, Any]]:
    """Services that failed or ended too early, each with the end of its log."""
    return [_sick(sick, max_bytes) for sick in services]


def _sick(sick: SickService, max_bytes: int) -> dict[str, Any]:
    """A service that failed, with the end of its log."""
    lines = fenced(sick.last_lines, max_bytes=max_bytes, keep="tail").text if sick.last_lines else None
    return service_brief(sick.result) | {"image": sick.result.image, "last_lines": lines}


def _advice(job: Job) -> str:
    if job.failure is not None and job.failure.retryable:
        return f'orcaops_rerun(id="{job.job_id}")'
    if job.attempt is None:
        return "Correct the request and submit it again."
    return (
        f'Mend the cause, then orcaops_rerun(id="{job.job_id}", changes={{…}}); '
        f'more of the log: orcaops_stream_logs(id="{job.job_id}", grep="…", context=5).'
    )
