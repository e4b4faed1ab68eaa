"""The jobs in the database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from core.lifecycle.job import JOB_LIFECYCLE
from core.records.job import Job
from core.store import changes, encoding, listing
from core.store.changes import AskedJob, Change, Move, Submission, Submitted
from core.store.listing import JobFilter
from core.store.queries import QueryFile
from core.store.recent import RecentJobs
from core.store.retention import delete_runs
from core.store.rows import AttemptFields, JobFields, attempt_from_row, status_change_from_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from core.clock import Clock
    from core.lifecycle.job import JobEvent, JobStatus
    from core.records.job import Attempt, CancelRequest, StatusChange
    from core.records.page import Page
    from core.records.template import TemplateUse
    from core.records.workflow_node import NodeRef
    from core.spec.job import JobSpec
    from core.store.database import Database
    from core.store.listing import QueueEntry

_SQL: Final = QueryFile("history")
_LIST_ATTEMPTS: Final = _SQL.take("list_attempts")
_LIST_TRANSITIONS: Final = _SQL.take("list_transitions")

_NO_FILTER: Final = JobFilter()
_LIVE: Final = 1000
_ENDED: Final = 100
"""Jobs kept in memory that have not ended and that have, ten kibibytes each."""


class JobStore:
    """Keeps jobs, their attempts and their audit trail.

    Each method is one transaction: it happened wholly and durably when it returns, and not at all when it raises.
    Beside what is listed, every method raises `StoreError` and `StoreBusyError` as `Database` does.

    One of these speaks for a database: the jobs that changed last are kept in memory.

    Args:
        database: Where they are.
        clock: Tells the time of what is written.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._recent = RecentJobs(live=_LIVE, ended=_ENDED)

    async def submit(
        self,
        job_id: str,
        spec: JobSpec,
        *,
        by: str,
        idempotency_key: str | None,
        request_digest: str,
        rerun_of: str | None = None,
        template: TemplateUse | None = None,
        node: NodeRef | None = None,
        warnings: tuple[str, ...] = (),
        max_queued: int,
    ) -> Submitted:
        """Accept a job into the queue.

        Args:
            job_id: A fresh id.
            spec: The admitted spec.
            by: Who submits it.
            idempotency_key: Makes the call repeatable: the same key and digest give the first call's job.
            request_digest: Of the caller's request; compared when the key was used before.
            rerun_of: The job it repeats.
            template: What it was filled from.
            node: The node of a workflow's run that it runs: then the call is repeatable by the job's id.
            warnings: What whoever submits it should know.
            max_queued: As many may wait; one more is refused. A repetition is never refused.

        Raises:
            IdempotencyConflictError: The key was used with another digest.
            QueueFullError: As many wait already as may.
        """
        asked = AskedJob(job_id, spec, by, idempotency_key, request_digest, rerun_of, template, node, warnings)
        return (await self.submit_all([asked], max_queued=max_queued))[0]

    async def submit_all(self, asked: Sequence[AskedJob], *, max_queued: int) -> tuple[Submitted, ...]:
        """Accept some jobs into the queue, all of them or none.

        Args:
            asked: The jobs.
            max_queued: As in `submit`.

        Returns:
            What became of each, in their order.

        Raises:
            IdempotencyConflictError: As `submit` does.
            QueueFullError: As `submit` does.
        """
        submissions = [self._submission(each, max_queued) for each in asked]
        for each in asked:
            self._recent.begin(each.job_id)
        fresh: dict[str, Job] = {}
        try:
            submitted = await self._database.write(partial(changes.insert_all, submissions=submissions))
            fresh = {each.job.job_id: each.job for each in submitted if not each.replayed}
        finally:
            for each in asked:
                self._recent.end(each.job_id, fresh.get(each.job_id))
        return submitted

    def _submission(self, asked: AskedJob, max_queued: int) -> Submission:
        now = self._clock.now()
        job = Job(
            job_id=asked.job_id,
            spec=asked.spec,
            status=JOB_LIFECYCLE.initial,
            version=1,
            created_at=now,
            queued_at=now,
            submitted_by=encoding.utf8(asked.by),
            rerun_of=asked.rerun_of,
            template=encoding.template_from_json(encoding.template_to_json(asked.template)),  # as it will be read back
            workflow=asked.node,
            warnings=tuple(map(encoding.utf8, asked.warnings)),
        )
        key = None if asked.idempotency_key is None else encoding.utf8(asked.idempotency_key)
        return Submission(job, encoding.spec_to_json(asked.spec), key, asked.request_digest, max_queued)

    async def get(self, job_id: str) -> Job:
        """The job.

        Raises:
            JobNotFoundError: There is none; the hint names up to three ids that begin alike.
        """
        known = self._recent.find(job_id)
        if known is not None:
            return known
        return await self._database.read(partial(listing.get_job, job_id=encoding.utf8(job_id)))

    async def get_many(self, job_ids: Iterable[str]) -> tuple[Job, ...]:
        """The jobs there are of those ids, in the order given; unknown ids are left out."""
        return await self._database.read(partial(listing.get_jobs, job_ids=tuple(job_ids)))

    async def list(self, which: JobFilter = _NO_FILTER, *, limit: int = 20, cursor: str | None = None) -> Page[Job]:
        """A page of jobs, newest first. Jobs accepted meanwhile shift no later page.

        Args:
            which: Which jobs.
            limit: At most this many, from 1 to 200.
            cursor: ``next_cursor`` of the page before.

        Raises:
            InvalidArgumentError: The limit or the cursor is not valid.
        """
        return await self._database.read(
            partial(listing.page_of_jobs, which=which, limit=limit, cursor=cursor),
        )

    async def ids_starting_with(self, prefix: str, limit: int) -> tuple[str, ...]:
        """Ids that begin with ``prefix``, newest first, at most ``limit``."""
        return await self._database.read(partial(listing.ids_starting_with, prefix=prefix, limit=limit))

    async def counts(self) -> Mapping[JobStatus, int]:
        """How many jobs there are of each status, zeros included."""
        return await self._database.read(listing.count_jobs)

    async def queued(self) -> list[QueueEntry]:
        """The queue: higher priority first, then who joined it first."""
        return await self._database.read(listing.list_queued)

    async def live(self) -> list[Job]:
        """Jobs that run, and finished ones whose last attempt is not done: its container may have to go."""
        return await self._database.read(listing.list_live)

    async def move(
        self,
        job_id: str,
        event: JobEvent,
        *,
        by: str,
        why: str = "",
        job: JobFields | None = None,
        attempt: AttemptFields | None = None,
        new_attempt: Attempt | None = None,
    ) -> Job:
        """Move a job by the table in `core.lifecycle`, and note it in the audit trail.

        Of callers that race for one move exactly one wins.

        Args:
            job_id: Which job.
            event: What happens to it.
            by: Who.
            why: In words.
            job: What else changes about the job.
            attempt: What else changes about its present attempt; the new one if one begins.
            new_attempt: The attempt that begins; its number follows the last one's.

        Returns:
            The job after the move, one version on.

        Raises:
            JobNotFoundError: There is no such job.
            IllegalMoveError: Its status does not allow the event, or the attempt's number does not follow.
        """
        now = self._clock.now()
        known, moved = self._recent.begin(job_id), None
        try:
            move = Move(job_id, event, now, by, why, job or {}, attempt or {}, new_attempt, known)
            moved = await self._database.write(move.apply)
            return moved
        finally:
            self._recent.end(job_id, moved)

    async def change(self, job_id: str, *, job: JobFields | None = None, attempt: AttemptFields | None = None) -> Job:
        """Change what a job or its present attempt says, beside the status.

        Returns:
            The job after the change, one version on.

        Raises:
            JobNotFoundError: There is no such job.
            StoreError: An attempt is to be changed before there is one.
        """
        known, changed = self._recent.begin(job_id), None
        try:
            changed = await self._database.write(Change(job_id, job or {}, attempt or {}, known).apply)
            return changed
        finally:
            self._recent.end(job_id, changed)

    async def request_cancel(self, job_id: str, request: CancelRequest) -> Job:
        """Note that somebody wants the job to stop.

        Returns:
            The job; unchanged if it is finished or was asked to stop before: the first request stands.

        Raises:
            JobNotFoundError: There is no such job.
        """
        self._recent.begin(job_id)
        asked = None
        try:
            asked = await self._database.write(partial(changes.request_cancel, job_id=job_id, request=request))
            return asked
        finally:
            self._recent.end(job_id, asked)

    async def history(self, job_id: str) -> tuple[StatusChange, ...]:
        """The job's audit trail, its creation first.

        Raises:
            JobNotFoundError: There is no such job.
        """
        return await self._database.read(partial(_history, job_id=job_id))

    async def attempts(self, job_id: str) -> tuple[Attempt, ...]:
        """All attempts at the job, the first one first.

        Raises:
            JobNotFoundError: There is no such job.
        """
        return await self._database.read(partial(_attempts, job_id=job_id))

    async def delete(self, job_ids: Collection[str], *, of_run: str | None = None) -> dict[str, int]:
        """Forget the finished ones of some jobs, with their attempts, audit trails, artifact rows and idempotency keys.

        Args:
            job_ids: Which jobs.
            of_run: The workflow run they belong to; None for jobs of their own. Others stay.

        Returns:
            The bytes kept of each that is gone now; a job that is unknown or has not finished is not among them.
        """
        for job_id in job_ids:
            self._recent.begin(job_id)
        try:
            return await self._database.write(partial(delete_runs, job_ids=job_ids, of_run=of_run))
        finally:
            for job_id in job_ids:
                self._recent.end(job_id, None)


def _history(connection: sqlite3.Connection, job_id: str) -> tuple[StatusChange, ...]:
    listing.get_job(connection, job_id)
    return tuple(map(status_change_from_row, _LIST_TRANSITIONS.run(connection, job_id=job_id)))


def _attempts(connection: sqlite3.Connection, job_id: str) -> tuple[Attempt, ...]:
    listing.get_job(connection, job_id)
    return tuple(map(attempt_from_row, _LIST_ATTEMPTS.run(connection, job_id=job_id)))
