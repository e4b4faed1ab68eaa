"""Row to record and back, for jobs, attempts and their audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from core.clock import from_microseconds, to_microseconds
from core.lifecycle.job import JobEvent, JobPhase, JobStatus
from core.records.job import Attempt, CancelRequest, Job, StatusChange
from core.records.workflow_node import NodeRef
from core.store import encoding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.records.job import Failure, StepResult, Usage
    from core.records.log import LogSummary
    from core.records.service import ServiceResult
    from core.store.queries import SqlValue


class JobFields(TypedDict, total=False):
    """What a change may say about a job beside its status."""

    started_at: datetime | None
    not_before: datetime | None
    exit_code: int | None
    failure: Failure | None
    outputs: Mapping[str, str]
    warnings: tuple[str, ...]


class AttemptFields(TypedDict, total=False):
    """What a change may say about a job's present attempt."""

    phase: JobPhase
    container_id: str | None
    image_digest: str | None
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime | None
    timeout_fired_at: datetime | None
    exit_code: int | None
    failure: Failure | None
    steps: tuple[StepResult, ...]
    usage: Usage | None
    log: LogSummary
    services: tuple[ServiceResult, ...]


class JobRow(NamedTuple):
    """The job's columns of the view ``job_records``, in its order."""

    job_id: str
    status: str
    created_us: int
    queued_us: int
    started_us: int | None
    finished_us: int | None
    not_before_us: int | None
    attempt: int
    version: int
    exit_code: int | None
    spec: str
    failure: str | None
    outputs: str
    warnings: str
    cancel_us: int | None
    cancel_by: str | None
    cancel_reason: str | None
    cancel_grace_s: float | None
    submitted_by: str
    rerun_of: str | None
    template: str | None
    workflow_id: str | None
    node_id: str | None
    run_attempt: int | None


class AttemptRow(NamedTuple):
    """The columns of ``attempts`` without the job's id, in the order of the view and of ``list_attempts``."""

    number: int
    phase: str
    container_name: str
    container_id: str | None
    image_digest: str | None
    token: str
    started_us: int | None
    finished_us: int | None
    deadline_us: int | None
    timeout_fired_us: int | None
    exit_code: int | None
    failure: str | None
    steps: str
    usage: str | None
    log: str
    services: str


_JOB_COLUMNS = len(JobRow._fields)


def job_from_row(row: tuple[Any, ...]) -> Job:
    """A job from a row of ``job_records``."""
    found = JobRow(*row[:_JOB_COLUMNS])
    attempt = row[_JOB_COLUMNS:]
    return Job(
        job_id=found.job_id,
        spec=encoding.spec_from_json(found.spec),
        status=JobStatus(found.status),
        version=found.version,
        created_at=from_microseconds(found.created_us),
        queued_at=from_microseconds(found.queued_us),
        started_at=encoding.moment(found.started_us),
        finished_at=encoding.moment(found.finished_us),
        not_before=encoding.moment(found.not_before_us),
        attempt=None if attempt[0] is None else attempt_from_row(attempt),
        attempt_number=found.attempt,
        exit_code=found.exit_code,
        failure=encoding.failure_from_json(found.failure),
        outputs=encoding.texts_from_json(found.outputs),
        warnings=encoding.list_from_json(found.warnings),
        cancel=_cancel(found),
        submitted_by=found.submitted_by,
        rerun_of=found.rerun_of,
        template=encoding.template_from_json(found.template),
        workflow=_node(found),
    )


def _node(row: JobRow) -> NodeRef | None:
    if row.workflow_id is None:
        return None
    return NodeRef(row.workflow_id, row.node_id or "", row.run_attempt or 1)


def _cancel(row: JobRow) -> CancelRequest | None:
    if row.cancel_us is None:
        return None
    return CancelRequest(
        at=from_microseconds(row.cancel_us),
        by=row.cancel_by or "",
        reason=row.cancel_reason or "",
        grace_s=row.cancel_grace_s,
    )


def attempt_from_row(row: tuple[Any, ...]) -> Attempt:
    """An attempt from its columns."""
    found = AttemptRow(*row)
    return Attempt(
        number=found.number,
        phase=JobPhase(found.phase),
        container_name=found.container_name,
        container_id=found.container_id,
        image_digest=found.image_digest,
        token=found.token,
        started_at=encoding.moment(found.started_us),
        finished_at=encoding.moment(found.finished_us),
        deadline_at=encoding.moment(found.deadline_us),
        timeout_fired_at=encoding.moment(found.timeout_fired_us),
        exit_code=found.exit_code,
        failure=encoding.failure_from_json(found.failure),
        steps=encoding.steps_from_json(found.steps),
        usage=encoding.usage_from_json(found.usage),
        log=encoding.log_from_json(found.log),
        services=encoding.services_from_json(found.services),
    )


def status_change_from_row(row: tuple[Any, ...]) -> StatusChange:
    """A line of the audit trail from the columns of ``list_transitions``."""
    at_us, event, before, after, by, why, attempt = row
    return StatusChange(
        at=from_microseconds(at_us),
        event=None if event is None else JobEvent(event),
        before=None if before is None else JobStatus(before),
        after=JobStatus(after),
        by=by,
        why=why,
        attempt=attempt,
    )


def job_values(job: Job) -> dict[str, SqlValue]:
    """The values of ``update_job``, and those of ``move_job`` beside the status."""
    return {
        "job_id": job.job_id,
        "started_us": encoding.micros(job.started_at),
        "not_before_us": encoding.micros(job.not_before),
        "attempt": job.attempt_number,
        "version": job.version,
        "exit_code": job.exit_code,
        "failure": encoding.failure_to_json(job.failure),
        "outputs": encoding.mapping_to_json(job.outputs),
        "warnings": encoding.list_to_json(job.warnings),
    }


def cancel_values(job_id: str, version: int, request: CancelRequest) -> dict[str, SqlValue]:
    """The values of ``update_cancel``."""
    return {
        "job_id": job_id,
        "version": version,
        "cancel_us": to_microseconds(request.at),
        "cancel_by": encoding.utf8(request.by),
        "cancel_reason": encoding.utf8(request.reason),
        "cancel_grace_s": request.grace_s,
    }


def first_attempt_values(job_id: str, attempt: Attempt) -> dict[str, SqlValue]:
    """What never changes about an attempt, and how it begins, as values of ``insert_attempt``."""
    return {
        **attempt_values(job_id, attempt),
        "container_name": attempt.container_name,
        "token": attempt.token,
    }


def attempt_values(job_id: str, attempt: Attempt) -> dict[str, SqlValue]:
    """What may change about an attempt, as values of ``update_attempt``."""
    return {
        "job_id": job_id,
        "number": attempt.number,
        "phase": attempt.phase,
        "container_id": attempt.container_id,
        "image_digest": attempt.image_digest,
        "started_us": encoding.micros(attempt.started_at),
        "finished_us": encoding.micros(attempt.finished_at),
        "deadline_us": encoding.micros(attempt.deadline_at),
        "timeout_fired_us": encoding.micros(attempt.timeout_fired_at),
        "exit_code": attempt.exit_code,
        "failure": encoding.failure_to_json(attempt.failure),
        "steps": encoding.steps_to_json(attempt.steps),
        "usage": encoding.usage_to_json(attempt.usage),
        "log": encoding.log_to_json(attempt.log),
        "services": encoding.services_to_json(attempt.services),
    }


def phase_values(job_id: str, attempt: Attempt) -> dict[str, SqlValue]:
    """The values of ``update_phase``."""
    return {
        "job_id": job_id,
        "number": attempt.number,
        "phase": attempt.phase,
        "container_id": attempt.container_id,
    }
