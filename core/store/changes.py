"""Changing jobs: each function is the whole of one transaction's work on one job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.clock import to_microseconds
from core.errors import (
    IdempotencyConflictError,
    IllegalMoveError,
    QueueFullError,
    StoreError,
)
from core.frozen import quickly_made, replace
from core.lifecycle.job import JOB_LIFECYCLE, JobEvent, JobStatus
from core.store import encoding
from core.store.listing import get_job, get_jobs
from core.store.queries import QueryFile
from core.store.rows import (
    AttemptFields,
    JobFields,
    attempt_values,
    cancel_values,
    first_attempt_values,
    job_values,
    phase_values,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from core.records.job import Attempt, CancelRequest, Job
    from core.records.template import TemplateUse
    from core.records.workflow_node import NodeRef
    from core.spec.job import JobSpec
    from core.store.queries import SqlValue

_SQL: Final = QueryFile("jobs")
_BEFORE_JOBS: Final = _SQL.take("before_jobs")
_INSERT_JOB: Final = _SQL.take("insert_job")
_INSERT_TAG: Final = _SQL.take("insert_tag")
_INSERT_FIRST_TRANSITION: Final = _SQL.take("insert_first_transition")
_INSERT_TRANSITION: Final = _SQL.take("insert_transition")
_FIND_IDEMPOTENCY: Final = _SQL.take("find_idempotency")
_INSERT_IDEMPOTENCY: Final = _SQL.take("insert_idempotency")
_MOVE_JOB: Final = _SQL.take("move_job")
_UPDATE_JOB: Final = _SQL.take("update_job")
_TOUCH_JOB: Final = _SQL.take("touch_job")
_UPDATE_CANCEL: Final = _SQL.take("update_cancel")
_INSERT_ATTEMPT: Final = _SQL.take("insert_attempt")
_UPDATE_ATTEMPT: Final = _SQL.take("update_attempt")
_UPDATE_PHASE: Final = _SQL.take("update_phase")

_PHASE_FIELDS: Final = frozenset({"phase", "container_id"})


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submit.

    Attributes:
        job: The new job, or the one that the same request made before.
        replayed: Whether it was there before.
    """

    job: Job
    replayed: bool


@quickly_made
@dataclass(frozen=True, slots=True)
class AskedJob:
    """A job that somebody asks to accept.

    Attributes:
        job_id: A fresh id.
        spec: The admitted spec.
        by: Who submits it.
        idempotency_key: Makes the call repeatable: the same key and digest give the first call's job.
        request_digest: Of the caller's request; compared when the key was used before.
        rerun_of: The job it repeats.
        template: What it was filled from.
        node: The node of a workflow's run that it runs: then the call is repeatable by the job's id.
        warnings: What whoever asks should know.
    """

    job_id: str
    spec: JobSpec
    by: str
    idempotency_key: str | None = None
    request_digest: str = ""
    rerun_of: str | None = None
    template: TemplateUse | None = None
    node: NodeRef | None = None
    warnings: tuple[str, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True)
class Submission:
    """A job about to be inserted.

    Attributes:
        job: As it will be.
        spec_json: Its spec, encoded beforehand.
        idempotency_key: The caller's key, if any.
        request_digest: Of the caller's request, to tell a repetition from another request.
        max_queued: As many may wait.
    """

    job: Job
    spec_json: str
    idempotency_key: str | None
    request_digest: str
    max_queued: int

    def insert(self, connection: sqlite3.Connection) -> Submitted:
        """Do it. See `JobStore.submit`."""
        if self.idempotency_key is not None and (earlier := self._earlier(connection, self.idempotency_key)):
            return Submitted(earlier, replayed=True)
        (submitted,) = _inserted(connection, [self])
        if self.idempotency_key is not None and not submitted.replayed:
            _INSERT_IDEMPOTENCY.run(
                connection,
                key=self.idempotency_key,
                job_id=self.job.job_id,
                digest=self.request_digest,
                created_us=to_microseconds(self.job.created_at),
            )
        return submitted

    def values(self) -> dict[str, SqlValue]:
        """The values of ``insert_job``."""
        job, node = self.job, self.job.workflow
        return {
            "job_id": job.job_id,
            "name": job.spec.name,
            "image": job.spec.image,
            "priority": job.spec.priority,
            "slots": encoding.mapping_to_json(job.spec.slots),
            "created_us": to_microseconds(job.created_at),
            "spec": self.spec_json,
            "warnings": encoding.list_to_json(job.warnings),
            "by": job.submitted_by,
            "rerun_of": job.rerun_of,
            "template": encoding.template_to_json(job.template),
            "workflow_id": node.workflow_id if node else None,
            "node_id": encoding.utf8(node.node_id) if node else None,
            "run_attempt": node.attempt if node else None,
        }

    def _earlier(self, connection: sqlite3.Connection, key: str) -> Job | None:
        found = _FIND_IDEMPOTENCY.run(connection, key=key).fetchone()
        if found is None:
            return None
        job_id, digest = found
        if digest != self.request_digest:
            raise IdempotencyConflictError(
                f"The idempotency key was used before with another request, which made {job_id}."
            )
        return get_job(connection, job_id)


def insert_all(connection: sqlite3.Connection, submissions: Sequence[Submission]) -> tuple[Submitted, ...]:
    """Insert several jobs. See `JobStore.submit_all`."""
    job_ids = {submission.job.job_id for submission in submissions}
    if len(job_ids) == len(submissions) and all(each.idempotency_key is None for each in submissions):
        return _inserted(connection, submissions)
    return tuple(submission.insert(connection) for submission in submissions)  # one may be another's repetition


def _inserted(connection: sqlite3.Connection, submissions: Sequence[Submission]) -> tuple[Submitted, ...]:
    """Insert jobs of different ids; those that there are already stay as they are, since a node names its job.

    Raises:
        QueueFullError: As `JobStore.submit` does.
    """
    job_ids = [submission.job.job_id for submission in submissions]
    queued, found = _BEFORE_JOBS.run(connection, job_ids=encoding.list_to_json(job_ids)).fetchone()
    known = encoding.list_from_json(found)
    earlier = {job.job_id: job for job in get_jobs(connection, known)} if known else {}
    jobs: list[dict[str, SqlValue]] = []
    tags: list[dict[str, SqlValue]] = []
    for each in submissions:
        if each.job.job_id in earlier:
            continue
        if queued + len(jobs) >= each.max_queued:
            raise QueueFullError(f"The queue is full: {each.max_queued} jobs wait already.")
        jobs.append(values := each.values())
        place = {"created_us": values["created_us"], "job_id": each.job.job_id}
        tags += ({"tag": tag, **place} for tag in dict.fromkeys(each.job.spec.tags))
    _INSERT_JOB.run_many(connection, jobs)
    begun = ({"job_id": job["job_id"], "at_us": job["created_us"], "by": job["by"]} for job in jobs)
    _INSERT_FIRST_TRANSITION.run_many(connection, begun)
    if tags:
        _INSERT_TAG.run_many(connection, tags)
    return tuple(
        Submitted(earlier[each.job.job_id], replayed=True)
        if each.job.job_id in earlier
        else Submitted(each.job, replayed=False)
        for each in submissions
    )


@quickly_made
@dataclass(frozen=True, slots=True)
class Move:
    """An event about to move a job.

    Attributes:
        job_id: Which job.
        event: What happens to it.
        at: When.
        by: Who.
        why: In words; may be empty.
        job: What changes about the job with it.
        attempt: What changes about its present attempt with it.
        new_attempt: The attempt that begins with it.
        known: The job as it was when somebody looked last, which saves reading it if that still holds.
    """

    job_id: str
    event: JobEvent
    at: datetime
    by: str
    why: str
    job: JobFields
    attempt: AttemptFields
    new_attempt: Attempt | None
    known: Job | None = None

    def apply(self, connection: sqlite3.Connection) -> Job:
        """Do it. See `JobStore.move`."""
        return _carried_out(connection, self)

    def after(self, found: Job) -> Job:
        """The job as it is then.

        Raises:
            IllegalMoveError: As `JobStore.move` does.
        """
        status = JOB_LIFECYCLE.next_status(found.status, self.event)
        return replace(
            found,
            status=status,
            queued_at=self.at if status is JobStatus.QUEUED else found.queued_at,
            finished_at=self.at if status.is_terminal else None,
            attempt=_attempt_after(found, self.attempt, self.new_attempt),
            attempt_number=found.attempt_number if self.new_attempt is None else self.new_attempt.number,
            version=found.version + 1,
            **self.job,
        )

    def write(self, connection: sqlite3.Connection, found: Job, moved: Job) -> bool:
        """Write it; False, with nothing written, if the job is no longer as it was found."""
        written = _MOVE_JOB.run(
            connection,
            status=moved.status,
            queued_us=to_microseconds(moved.queued_at),
            finished_us=encoding.micros(moved.finished_at),
            **job_values(moved),
        )
        if not written.rowcount:
            return False
        if moved.attempt is not None and self.new_attempt is not None:
            _INSERT_ATTEMPT.run(connection, **first_attempt_values(moved.job_id, moved.attempt))
        else:
            _write_attempt(connection, moved, self.attempt)
        _INSERT_TRANSITION.run(
            connection,
            job_id=moved.job_id,
            at_us=to_microseconds(self.at),
            event=self.event,
            before=found.status,
            after=moved.status,
            by=encoding.utf8(self.by),
            why=encoding.utf8(self.why),
            attempt=moved.attempt_number,
        )
        return True


@dataclass(frozen=True, slots=True)
class Change:
    """What a job says is about to change, beside its status.

    Attributes:
        job_id: Which job.
        job: What changes about the job.
        attempt: What changes about its present attempt.
        known: As in `Move`.
    """

    job_id: str
    job: JobFields
    attempt: AttemptFields
    known: Job | None = None

    def apply(self, connection: sqlite3.Connection) -> Job:
        """Do it. See `JobStore.change`."""
        return _carried_out(connection, self)

    def after(self, found: Job) -> Job:
        """The job as it is then.

        Raises:
            StoreError: As `JobStore.change` does.
        """
        return replace(found, attempt=_attempt_after(found, self.attempt), version=found.version + 1, **self.job)

    def write(self, connection: sqlite3.Connection, found: Job, changed: Job) -> bool:  # noqa: ARG002 - as `Move` does
        """Write it; False, with nothing written, if the job is no longer as it was found."""
        if self.job:
            written = _UPDATE_JOB.run(connection, **job_values(changed))
        else:
            written = _TOUCH_JOB.run(connection, job_id=changed.job_id, version=changed.version)
        if not written.rowcount:
            return False
        _write_attempt(connection, changed, self.attempt)
        return True


def request_cancel(connection: sqlite3.Connection, job_id: str, request: CancelRequest) -> Job:
    """Note that somebody wants the job to stop. See `JobStore.request_cancel`."""
    found = get_job(connection, job_id)
    if found.is_finished or found.cancel is not None:
        return found
    asked = replace(found, cancel=request, version=found.version + 1)
    _UPDATE_CANCEL.run(connection, **cancel_values(job_id, asked.version, request))
    return asked


def _carried_out(connection: sqlite3.Connection, act: Move | Change) -> Job:
    """The job after a move or a change, which begins with what is known of the job and reads it only if that is old."""
    if act.known is not None:
        try:
            after = act.after(act.known)
            if act.write(connection, act.known, after):
                return after
        except (IllegalMoveError, StoreError):
            pass  # of a job as it was: said again if it is so still
    found = get_job(connection, act.job_id)
    after = act.after(found)
    act.write(connection, found, after)
    return after


def _attempt_after(job: Job, fields: AttemptFields, begun: Attempt | None = None) -> Attempt | None:
    """The job's attempt after a change, or the one that begins.

    Raises:
        IllegalMoveError: The number of the one that begins does not follow.
        StoreError: There is none that could change.
    """
    if begun is not None and begun.number != job.attempt_number + 1:
        raise IllegalMoveError(f"Attempt {begun.number} does not follow attempt {job.attempt_number}.")
    attempt = begun or job.attempt
    if attempt is None:
        if fields:
            raise StoreError(f"{job.job_id} has no attempt yet that could change.")
        return None
    return replace(attempt, **fields) if fields else attempt


def _write_attempt(connection: sqlite3.Connection, job: Job, fields: AttemptFields) -> None:
    """Write a job's present attempt, of which some fields changed."""
    if job.attempt is None or not fields:
        return
    if fields.keys() <= _PHASE_FIELDS:
        _UPDATE_PHASE.run(connection, **phase_values(job.job_id, job.attempt))
    else:
        _UPDATE_ATTEMPT.run(connection, **attempt_values(job.job_id, job.attempt))
