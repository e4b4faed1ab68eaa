"""What has to go: finished jobs and workflow runs by age, number and bytes, and sent files that nobody needs.

A workflow run goes as a whole: its jobs are no runs of their own here.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio
import anyio.to_thread

from core.clock import to_microseconds
from core.ids import is_job_id, is_workflow_id
from core.lifecycle.job import JOB_LIFECYCLE
from core.lifecycle.workflow import WorkflowStatus
from core.store.faults import file_error
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from pathlib import Path

    from core.lifecycle.job import JobStatus
    from core.store.database import Database
    from core.store.queries import SqlValue

_SQL: Final = QueryFile("retention")
_SUM_JOBS: Final = _SQL.take("sum_jobs")
_SUM_WORKFLOWS: Final = _SQL.take("sum_workflows")
_OLDEST_JOBS: Final = _SQL.take("oldest_jobs")
_OLDEST_WORKFLOWS: Final = _SQL.take("oldest_workflows")
_OLDEST_OF_NEWEST: Final = _SQL.take("oldest_of_newest")
_DELETE_RUNS: Final = _SQL.take("delete_runs")
_JOBS_OF_WORKFLOW: Final = _SQL.take("jobs_of_workflow")
_DELETE_WORKFLOW: Final = _SQL.take("delete_workflow")
_LOST_WORKFLOWS: Final = _SQL.take("lost_workflows")
_KNOWN_JOBS: Final = _SQL.take("known_jobs")
_EXPIRE_UPLOADS: Final = _SQL.take("expire_uploads")
_FILES_OF_UPLOADS: Final = _SQL.take("files_of_uploads")
_JOBS_WITH_FILES: Final = _SQL.take("jobs_with_files")
_FILES_OF_JOBS: Final = _SQL.take("files_of_jobs")

_NEVER: Final = (2**63 - 1, "")
_UPLOADS: Final = 100
"""Manifests removed in one transaction."""
_SPECS: Final = 20
"""Specs read in one go; one may name ten thousand files."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RunChoice:
    """Some finished jobs and workflow runs: all that ended before a moment, less the newest that stay.

    Attributes:
        statuses: Only these; empty for all. ``failed`` stands for partial workflow runs too.
        ended_before: Only those that ended before this moment.
        keep: As many of the newest of those statuses stay.
    """

    statuses: frozenset[JobStatus] = frozenset()
    ended_before: datetime | None = None
    keep: int | None = None


class RunBound(NamedTuple):
    """A choice as a place in the order in which runs ended: those before it."""

    statuses: str
    """Of jobs: JSON array."""
    workflow_statuses: str
    """Of workflow runs: JSON array."""
    before_us: int
    before_id: str


class EndedRun(NamedTuple):
    """A finished job or workflow run, as little of it as is needed to let it go."""

    run_id: str
    """The job's id, or the workflow run's."""
    kept_bytes: int


class RunTotals(NamedTuple):
    """How many finished jobs and workflow runs there are, and the bytes of their logs and artifacts."""

    runs: int
    kept_bytes: int


class RunShelf:
    """Finished jobs and workflow runs as things that take room.

    Every method raises `StoreError` and `StoreBusyError` as `Database` does.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bound(self, choice: RunChoice) -> RunBound:
        """Where the choice ends now; runs that end later are behind it."""
        return await self._database.read(partial(_bound, choice=choice))

    async def totals(self, bound: RunBound) -> RunTotals:
        """How much is before it."""
        return await self._database.read(partial(_totals, bound=bound))

    async def oldest(self, bound: RunBound, limit: int) -> tuple[EndedRun, ...]:
        """The runs before it that ended first."""

        def look(connection: sqlite3.Connection) -> tuple[EndedRun, ...]:
            jobs = _OLDEST_JOBS.run(connection, count=limit, statuses=bound.statuses, **_before(bound))
            workflows = _OLDEST_WORKFLOWS.run(
                connection, count=limit, workflow_statuses=bound.workflow_statuses, **_before(bound)
            )
            return tuple(EndedRun(*row) for _, *row in islice(merge(jobs, workflows), limit))

        return await self._database.read(look)

    async def jobs_of(self, workflow_id: str, limit: int) -> tuple[str, ...]:
        """Ids of some finished jobs of a workflow run."""

        def look(connection: sqlite3.Connection) -> tuple[str, ...]:
            rows = _JOBS_OF_WORKFLOW.run(connection, workflow_id=workflow_id, count=limit)
            return tuple(job_id for (job_id,) in rows)

        return await self._database.read(look)

    async def delete_workflow(self, workflow_id: str) -> bool:
        """Forget a workflow run that has ended, as have its jobs; these stay. Whether it was there and is gone now."""
        return await self._database.write(
            lambda connection: _DELETE_WORKFLOW.run(connection, workflow_id=workflow_id).rowcount > 0
        )

    async def lost_workflows(self) -> tuple[str, ...]:
        """Ids of workflow runs that are gone and whose jobs are not: an engine died between the two."""
        rows = await self._database.read(lambda connection: _LOST_WORKFLOWS.run(connection).fetchall())
        return tuple(workflow_id for (workflow_id,) in rows)

    async def known(self, job_ids: Iterable[str]) -> frozenset[str]:
        """Those of the ids that are jobs."""
        wanted = json.dumps(tuple(job_ids))
        rows = await self._database.read(lambda connection: _KNOWN_JOBS.run(connection, job_ids=wanted).fetchall())
        return frozenset(job_id for (job_id,) in rows)

    async def expire_uploads(self, before: datetime) -> int:
        """Forget manifests that came before a moment, at most a hundred; how many those were."""
        before_us = to_microseconds(before)
        return await self._database.write(
            lambda connection: _EXPIRE_UPLOADS.run(connection, before_us=before_us, count=_UPLOADS).rowcount
        )

    async def unneeded(self, sha256s: Collection[str]) -> frozenset[str]:
        """Those of the files sent in that neither a job nor a manifest names."""
        rest = set(sha256s)
        rest.difference_update(await self._database.read(_named_by_uploads))
        after_id = ""
        while rest:
            ids, named = await self._database.read(partial(_named_by_jobs, after_id=after_id))
            if not ids:
                break
            rest -= named
            after_id = ids[-1]
        return frozenset(rest)


def delete_runs(connection: sqlite3.Connection, job_ids: Iterable[str], of_run: str | None) -> dict[str, int]:
    """Forget the finished ones of some jobs. See `JobStore.delete`."""
    wanted = json.dumps(tuple(job_ids))
    return dict(_DELETE_RUNS.run(connection, job_ids=wanted, workflow_id=of_run).fetchall())


async def run_folders(folder: Path) -> tuple[str, ...]:
    """The names in a folder that are ids of jobs or of workflow runs."""
    return await anyio.to_thread.run_sync(_run_folders, folder, limiter=anyio.CapacityLimiter(1))


async def stale_files(folder: Path, before: datetime) -> tuple[str, ...]:
    """Files named by a hash that were last written, or counted on, before a moment."""
    return await anyio.to_thread.run_sync(_stale_files, folder, before.timestamp(), limiter=anyio.CapacityLimiter(1))


async def remove_stale_files(folder: Path, names: Iterable[str], before: datetime) -> int:
    """Remove those of the files that are still as stale; how many those were."""
    paths = [folder / name for name in names]
    remove = partial(_remove_stale_files, paths, before.timestamp())
    return await anyio.to_thread.run_sync(remove, limiter=anyio.CapacityLimiter(1))


def _bound(connection: sqlite3.Connection, choice: RunChoice) -> RunBound:
    statuses = json.dumps(sorted(choice.statuses or JOB_LIFECYCLE.terminal))
    workflow_statuses = json.dumps(sorted(_workflow_statuses(choice.statuses)))
    ends: list[tuple[int, str]] = [_NEVER]
    if choice.ended_before is not None:
        ends.append((to_microseconds(choice.ended_before), ""))
    if choice.keep:
        last = _OLDEST_OF_NEWEST.run(
            connection, statuses=statuses, workflow_statuses=workflow_statuses, passed=choice.keep - 1
        ).fetchone()
        ends.append(last or (0, ""))
    return RunBound(statuses, workflow_statuses, *min(ends))


def _workflow_statuses(statuses: frozenset[JobStatus]) -> frozenset[WorkflowStatus]:
    """What stands for some statuses of jobs among those of workflow runs."""
    ends = frozenset(status for status in WorkflowStatus if status.is_terminal)
    if not statuses:
        return ends
    words = {status.value for status in statuses}
    if WorkflowStatus.FAILED.value in words:
        words.add(WorkflowStatus.PARTIAL.value)
    return frozenset(status for status in ends if status.value in words)


def _totals(connection: sqlite3.Connection, bound: RunBound) -> RunTotals:
    jobs = _SUM_JOBS.run(connection, statuses=bound.statuses, **_before(bound)).fetchone()
    workflows = _SUM_WORKFLOWS.run(connection, workflow_statuses=bound.workflow_statuses, **_before(bound)).fetchone()
    return RunTotals(*(of_jobs + of_runs for of_jobs, of_runs in zip(jobs, workflows, strict=True)))


def _before(bound: RunBound) -> dict[str, SqlValue]:
    return {"before_us": bound.before_us, "before_id": bound.before_id}


def _named_by_uploads(connection: sqlite3.Connection) -> set[str]:
    return {sha256 for (sha256,) in _FILES_OF_UPLOADS.run(connection)}


def _named_by_jobs(connection: sqlite3.Connection, after_id: str) -> tuple[list[str], set[str]]:
    ids = [job_id for (job_id,) in _JOBS_WITH_FILES.run(connection, after_id=after_id, count=_SPECS)]
    return ids, {sha256 for (sha256,) in _FILES_OF_JOBS.run(connection, job_ids=json.dumps(ids))}


def _run_folders(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(path.name for path in folder.iterdir() if is_job_id(path.name) or is_workflow_id(path.name))
    except OSError as error:
        raise file_error(error, "the home could not be looked through") from error


def _stale_files(folder: Path, before: float) -> tuple[str, ...]:
    try:
        with os.scandir(folder) as entries:
            return tuple(
                item.name for item in entries if _SHA256.fullmatch(item.name) and item.stat().st_mtime < before
            )
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise file_error(error, "the files sent in could not be looked through") from error


def _remove_stale_files(paths: list[Path], before: float) -> int:
    count = 0
    for path in paths:
        try:
            if path.stat().st_mtime < before:
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue
        except OSError as error:
            raise file_error(error, "a file sent in could not be removed") from error
    return count
