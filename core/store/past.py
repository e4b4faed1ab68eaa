"""Ended jobs put into the database as they are: for a home that is made up or brought from elsewhere, not lived.

An engine tells the store of a job move by move, each durable before the next. What is over can be told at once, and
thousands in the time of a few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.clock import to_microseconds
from core.errors import IllegalMoveError
from core.store import encoding
from core.store.queries import QueryFile
from core.store.rows import cancel_values, first_attempt_values, job_values

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.records.job import Attempt, Job, StatusChange
    from core.store.database import Database
    from core.store.queries import SqlValue

_SQL: Final = QueryFile("past")
_LIVING: Final = QueryFile("jobs")
_INSERT_JOB: Final = _SQL.take("insert_past_job")
_INSERT_TRANSITION: Final = _SQL.take("insert_past_transition")
_INSERT_ATTEMPT: Final = _LIVING.take("insert_attempt")
_INSERT_TAG: Final = _LIVING.take("insert_tag")


@dataclass(frozen=True, slots=True)
class PastJob:
    """Everything about a job that has ended.

    Attributes:
        job: The record.
        attempts: All of them, the first one first.
        history: Its audit trail, its creation first.
        kept_bytes: Of its log and artifacts; its files in the home count as written.
    """

    job: Job
    attempts: tuple[Attempt, ...]
    history: tuple[StatusChange, ...]
    kept_bytes: int = 0


async def keep_past_jobs(database: Database, jobs: Sequence[PastJob]) -> None:
    """Put ended jobs into the database, all of them or none.

    Raises:
        IllegalMoveError: One of them has not ended, or its container was not seen to.
        StoreError: An id is taken, or the database could not be written.
    """
    for past in jobs:
        if not past.job.is_settled:
            raise IllegalMoveError(f"{past.job.job_id} has not ended: it is {past.job.status}.")
    await database.write(lambda connection: _insert(connection, jobs))


def _insert(connection: sqlite3.Connection, jobs: Sequence[PastJob]) -> None:
    _INSERT_JOB.run_many(connection, map(_values, jobs))
    _INSERT_ATTEMPT.run_many(
        connection, [first_attempt_values(past.job.job_id, attempt) for past in jobs for attempt in past.attempts]
    )
    _INSERT_TRANSITION.run_many(
        connection,
        [
            _change_values(past.job.job_id, number, change)
            for past in jobs
            for number, change in enumerate(past.history, 1)
        ],
    )
    _INSERT_TAG.run_many(
        connection,
        [
            {"tag": tag, "created_us": to_microseconds(past.job.created_at), "job_id": past.job.job_id}
            for past in jobs
            for tag in dict.fromkeys(past.job.spec.tags)
        ],
    )


def _values(past: PastJob) -> dict[str, SqlValue]:
    job, node = past.job, past.job.workflow
    asked: dict[str, SqlValue] = dict.fromkeys(("cancel_us", "cancel_by", "cancel_reason", "cancel_grace_s"))
    if job.cancel is not None:
        asked = cancel_values(job.job_id, job.version, job.cancel)
    told = job_values(job)
    del told["not_before_us"]
    return {
        **asked,
        **told,
        "status": job.status,
        "name": job.spec.name,
        "image": job.spec.image,
        "priority": job.spec.priority,
        "slots": encoding.mapping_to_json(job.spec.slots),
        "created_us": to_microseconds(job.created_at),
        "queued_us": to_microseconds(job.queued_at),
        "finished_us": encoding.micros(job.finished_at),
        "spec": encoding.spec_to_json(job.spec),
        "submitted_by": encoding.utf8(job.submitted_by),
        "rerun_of": job.rerun_of,
        "template": encoding.template_to_json(job.template),
        "workflow_id": node.workflow_id if node else None,
        "node_id": encoding.utf8(node.node_id) if node else None,
        "run_attempt": node.attempt if node else None,
        "kept_bytes": past.kept_bytes,
    }


def _change_values(job_id: str, number: int, change: StatusChange) -> dict[str, SqlValue]:
    return {
        "job_id": job_id,
        "seq": number,
        "at_us": to_microseconds(change.at),
        "event": change.event,
        "before": change.before,
        "after": change.after,
        "by": encoding.utf8(change.by),
        "why": encoding.utf8(change.why),
        "attempt": change.attempt,
    }
