"""Finished jobs as history: list, read, delete, clean up, export."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.engine.filing import RunFiler
from core.engine.retention import Retention
from core.engine.verbs.base import Verbs, check_id
from core.errors import InvalidArgumentError, JobNotFinishedError, JobNotFoundError, JobOfWorkflowError
from core.lifecycle.job import JOB_LIFECYCLE
from core.store.listing import JobFilter
from core.store.retention import RunChoice

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.engine.retention import Cleanup
    from core.lifecycle.job import JobStatus
    from core.records.job import Job
    from core.records.page import Page

_ANY: Final = JobFilter()
_LONGEST: Final = timedelta(days=36_500)


class RunVerbs(Verbs):
    """Verbs about finished jobs."""

    async def list_runs(self, which: JobFilter = _ANY, *, limit: int = 20, cursor: str | None = None) -> Page[Job]:
        """A page of finished jobs, newest first.

        Args:
            which: Which of them; what it says of ``finished`` does not matter.
            limit: At most this many, from 1 to 200.
            cursor: ``next_cursor`` of the page before.

        Raises:
            InvalidArgumentError: The limit is not from 1 to 200, or the cursor is not one.
        """
        return await self._parts.jobs.list(replace(which, finished=True), limit=limit, cursor=cursor)

    async def count_jobs(self) -> Mapping[JobStatus, int]:
        """How many jobs there are of each status, zeros included."""
        return await self._parts.jobs.counts()

    async def get_run(self, job_id: str) -> Job:
        """The record of a finished job.

        Raises:
            JobNotFoundError: There is none.
            JobNotFinishedError: It has not finished.
        """
        check_id(job_id)
        job = await self._parts.jobs.get(job_id)
        if not job.is_finished:
            raise JobNotFinishedError(f"{job_id} has not finished: it is {job.status}.")
        return job

    async def delete_run(self, job_id: str, *, by: str = "python") -> Cleanup:
        """Delete a finished job: its record, log, artifacts, files in the home, idempotency key and kept container.

        Args:
            job_id: The job.
            by: Who deletes it, for the engine's log.

        Raises:
            JobNotFoundError: There is none.
            JobNotFinishedError: It has not finished.
            JobOfWorkflowError: It belongs to a workflow run, which goes as a whole.
            StoreError: The disk is failing; the record is gone if it was the files that could not be removed.
        """
        job = await self.get_run(job_id)
        if job.workflow is not None:
            raise JobOfWorkflowError(
                f"{job_id} belongs to the workflow run {job.workflow.workflow_id} and goes with it.",
                hint=f"Delete the run {job.workflow.workflow_id}, or leave it to the retention.",
            )
        removed = await Retention(self._parts).delete(job_id, by=by)
        if not removed.deleted:
            raise JobNotFoundError
        return removed

    async def clean_runs(
        self,
        *,
        older_than: timedelta | None = None,
        statuses: Collection[JobStatus] = (),
        keep: int | None = None,
        dry_run: bool = False,
        by: str = "python",
    ) -> Cleanup:
        """Delete finished jobs and workflow runs, those that ended first in front; what is given restricts which.

        A workflow run counts as one and goes with its jobs.

        Args:
            older_than: Only those that ended longer ago.
            statuses: Only those of these statuses; empty for all. ``failed`` stands for partial workflow runs too.
            keep: The newest so many of those statuses stay.
            dry_run: Only say what would go.
            by: Who asks, for the engine's log.

        Raises:
            InvalidArgumentError: Nothing is given, a status is not terminal, or a number is negative.
            StoreError: The disk is failing; what went before stays gone.
        """
        choice = self._choice(older_than, frozenset(statuses), keep)
        return await Retention(self._parts).clean(choice, by=by, dry_run=dry_run)

    async def export_runs(self) -> int:
        """Write the home's files anew: ``runs/<job_id>.json``, ``runs.jsonl`` and ``workflows/<workflow_id>.json``.

        Returns:
            How many jobs they hold: the finished ones whose container was seen to.

        Raises:
            StoreError: The disk is full or failing; ``runs.jsonl`` is as it was.
        """
        return await RunFiler(self._parts).export()

    def _choice(self, older_than: timedelta | None, statuses: frozenset[JobStatus], keep: int | None) -> RunChoice:
        if older_than is None and keep is None and not statuses:
            raise InvalidArgumentError(
                "nothing says which runs have to go",
                hint="Give older_than (0 for all), statuses or keep.",
            )
        if older_than is not None and older_than < timedelta():
            raise InvalidArgumentError("older_than: not below 0")
        if keep is not None and not 0 <= keep < 2**31:
            raise InvalidArgumentError("keep: from 0 to 2147483647")
        if alive := sorted(statuses - JOB_LIFECYCLE.terminal):
            raise InvalidArgumentError(
                f"statuses: {', '.join(alive)} is not a finished job's", hint="Cancel a job first, then delete its run."
            )
        ended_before = None if older_than is None else self._parts.clock.now() - min(older_than, _LONGEST)
        return RunChoice(statuses, ended_before, keep)
