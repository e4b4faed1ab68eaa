"""Finding jobs: pages, ids by their beginning, the queue, what is still alive."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.clock import from_microseconds
from core.errors import JobNotFoundError
from core.lifecycle.job import JOB_LIFECYCLE, JobStatus
from core.store import encoding, walks
from core.store.queries import QueryFile
from core.store.rows import job_from_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from core.records.job import Job
    from core.records.page import Page, PageKey

_SQL: Final = QueryFile("listing")
_NEWEST_BY_STATUS: Final = _SQL.take("newest_by_status")
_NEWEST_BY_NAME: Final = _SQL.take("newest_by_name")
_NEWEST_BY_TAG: Final = _SQL.take("newest_by_tag")
_NEWEST_OF_WORKFLOW: Final = _SQL.take("newest_of_workflow")
_GET_JOB: Final = _SQL.take("get_job")
_GET_JOBS: Final = _SQL.take("get_jobs")
_IDS_BETWEEN: Final = _SQL.take("ids_between")
_COUNT_JOBS: Final = _SQL.take("count_jobs")
_LIST_QUEUED: Final = _SQL.take("list_queued")
_LIST_LIVE: Final = _SQL.take("list_live")

_MOMENT_LENGTH: Final = 12
"""As much of an id as two made within the same second share."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list; what is not given does not restrict.

    Attributes:
        statuses: Any of these; empty for all.
        finished: Only those with (True) or without (False) a terminal status.
        name: Exactly this name.
        tag: Has this tag.
        since: Accepted at or after this moment.
        text: Its name, image or id contains this, in whatever case.
        submitted_by: Exactly this caller submitted it.
        until: Accepted before this moment.
        job_id_prefix: Its id begins with this.
        workflow_id: It runs a node of this run.
        of_workflows: Only those that run nodes (True), or that do not (False); with ``workflow_id`` it says nothing.
    """

    statuses: frozenset[JobStatus] = frozenset()
    finished: bool | None = None
    name: str | None = None
    tag: str | None = None
    since: datetime | None = None
    text: str | None = None
    submitted_by: str | None = None
    until: datetime | None = None
    job_id_prefix: str | None = None
    workflow_id: str | None = None
    of_workflows: bool | None = None

    def wanted(self) -> frozenset[JobStatus]:
        """The statuses that pass."""
        statuses = self.statuses or frozenset(JobStatus)
        if self.finished is None:
            return statuses
        return statuses & JOB_LIFECYCLE.terminal if self.finished else statuses - JOB_LIFECYCLE.terminal


class QueueEntry(NamedTuple):
    """A queued job, as little of it as a scheduler needs."""

    job_id: str
    priority: int
    created_at: datetime
    queued_at: datetime
    not_before: datetime | None
    slots: Mapping[str, int]


def get_job(connection: sqlite3.Connection, job_id: str) -> Job:
    """The job.

    Raises:
        JobNotFoundError: There is none; the hint names ids that begin alike.
    """
    row = _GET_JOB.run(connection, job_id=job_id).fetchone()
    if row is None:
        raise _not_found(connection, job_id)
    return job_from_row(row)


def get_jobs(connection: sqlite3.Connection, job_ids: Iterable[str]) -> tuple[Job, ...]:
    """The jobs there are, in the order of the ids given."""
    wanted = tuple(dict.fromkeys(job_ids))
    rows = _GET_JOBS.run(connection, job_ids=json.dumps(wanted))
    found = {job.job_id: job for job in map(job_from_row, rows)}
    return tuple(found[job_id] for job_id in wanted if job_id in found)


def page_of_jobs(connection: sqlite3.Connection, which: JobFilter, limit: int, cursor: str | None) -> Page[Job]:
    """A page of jobs, newest first.

    Raises:
        InvalidArgumentError: The limit or the cursor is not valid.
    """
    return walks.page(limit, cursor, partial(_newest, connection, which), partial(get_jobs, connection))


def _newest(connection: sqlite3.Connection, which: JobFilter, before: PageKey, count: int) -> list[walks.Key]:
    name, span = walks.stored(which.name), walks.span(which, which.job_id_prefix, before, count)
    if which.workflow_id is not None or which.tag is not None:
        chosen = {"name": name, "statuses": json.dumps(sorted(which.wanted())), "tag": walks.stored(which.tag)}
        if which.workflow_id is not None:
            workflow_id = encoding.utf8(which.workflow_id)
            return _NEWEST_OF_WORKFLOW.run(connection, workflow_id=workflow_id, **chosen, **span).fetchall()
        return _NEWEST_BY_TAG.run(connection, of_workflows=which.of_workflows, **chosen, **span).fetchall()
    found: list[list[walks.Key]] = []
    for status in which.wanted():
        one = {"status": status, "of_workflows": which.of_workflows, **span}
        if name is None:
            found.append(_NEWEST_BY_STATUS.run(connection, **one).fetchall())
        else:
            found.append(_NEWEST_BY_NAME.run(connection, name=name, **one).fetchall())
    return walks.merged(found, count)


def ids_starting_with(connection: sqlite3.Connection, prefix: str, limit: int) -> tuple[str, ...]:
    """Ids that begin with the text, newest first."""
    text = encoding.utf8(prefix)
    rows = _IDS_BETWEEN.run(connection, first=text, past=text + walks.BEYOND, count=limit)
    return tuple(job_id for (job_id,) in rows)


def count_jobs(connection: sqlite3.Connection) -> dict[JobStatus, int]:
    """How many jobs there are of each status, zeros included."""
    return {JobStatus(status): jobs for status, jobs in _COUNT_JOBS.run(connection)}


def list_queued(connection: sqlite3.Connection) -> list[QueueEntry]:
    """The queue: by priority, then by when they joined it."""
    return [
        QueueEntry(
            job_id=job_id,
            priority=priority,
            created_at=from_microseconds(created_us),
            queued_at=from_microseconds(queued_us),
            not_before=encoding.moment(not_before_us),
            slots=encoding.numbers_from_json(slots),
        )
        for job_id, priority, created_us, queued_us, not_before_us, slots in _LIST_QUEUED.run(connection)
    ]


def list_live(connection: sqlite3.Connection) -> list[Job]:
    """Jobs that run, and ended ones whose last container may still be there."""
    return list(get_jobs(connection, [job_id for (job_id,) in _LIST_LIVE.run(connection)]))


def _not_found(connection: sqlite3.Connection, job_id: str) -> JobNotFoundError:
    for beginning in (job_id, job_id[:_MOMENT_LENGTH]):
        near = ids_starting_with(connection, beginning, 3) if beginning else ()
        if near:
            return JobNotFoundError(hint=f"Did you mean {' or '.join(near)}?")
    return JobNotFoundError()
