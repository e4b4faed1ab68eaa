"""What goes after its time: finished jobs and workflow runs by age, number and bytes, and sent files that nobody needs.

Rows go before files, so that a crash leaves only files without a row; the first sweep of an engine removes those.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from core.errors import BackendError, BackendTimeoutError, BackendUnavailableError, OrcaOpsError, StoreError
from core.ids import is_workflow_id
from core.settings import MIB
from core.store.export import FIRST
from core.store.reserve import Reserve
from core.store.retention import RunChoice, RunTotals, remove_stale_files, run_folders, stale_files

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from core.engine.parts import Parts
    from core.records.job import Job
    from core.store.retention import EndedRun

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_TOGETHER: Final = 20
"""Runs that go in one transaction: others wait for milliseconds."""
_NAMED: Final = 100
"""Ids that an answer names."""
_A_LOOK: Final = 500
"""Ids that the store is asked about at once."""
_FIRST_SWEEP_S: Final = 30.0
"""After a start; the jobs come first."""
_BLOBS_EVERY_S: Final = 86_400.0
"""Looking through every spec that names files takes a while, and they go after days."""
_MARGIN: Final = timedelta(hours=1)
"""A file outlives the upload that was the last to count on it."""


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What a removal of finished jobs and workflow runs did, or would do. A workflow run counts as one, with its jobs.

    Attributes:
        deleted: How many went.
        bytes: What their logs and artifacts took.
        job_ids: The jobs among the first hundred of them, the one that ended first in front.
        dry_run: Whether nothing was done.
        remaining: Finished jobs and workflow runs that stay.
        workflow_ids: The workflow runs among the first hundred of them.
    """

    deleted: int
    bytes: int
    job_ids: tuple[str, ...]
    dry_run: bool
    remaining: int
    workflow_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """What is gone so far."""

    bytes: int = 0
    run_ids: list[str] = field(default_factory=list[str])
    """Jobs of their own and workflow runs."""
    node_job_ids: list[str] = field(default_factory=list[str])
    """Jobs of workflow runs."""
    containers: list[str] = field(default_factory=list[str])


class Retention:
    """Lets finished jobs go.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reserve = Reserve(parts.home.reserve, parts.settings.retention.reserve_mb * MIB)
        self._has_tidied = False
        self._blobs_looked_at: float | None = None

    # --- on request

    async def delete(self, run_id: str, *, by: str) -> Cleanup:
        """Let one finished job or workflow run go; nothing happens if it is gone already."""
        tally = _Tally()
        await self._let_go([run_id], tally)
        await self._finish(tally, by)
        return await self._told(tally)

    async def clean(self, choice: RunChoice, *, by: str, dry_run: bool = False) -> Cleanup:
        """Let all that were chosen go, the one that ended first in front. See `Engine.clean_runs`."""
        shelf = self._parts.run_shelf
        bound = await shelf.bound(choice)
        if dry_run:
            chosen, everything = await shelf.totals(bound), await shelf.totals(await shelf.bound(RunChoice()))
            first = await shelf.oldest(bound, _NAMED)
            return _cleanup(
                chosen, [run.run_id for run in first], dry_run=True, remaining=everything.runs - chosen.runs
            )
        tally = _Tally()
        try:
            while runs := await shelf.oldest(bound, _TOGETHER):
                gone = len(tally.run_ids)
                await self._let_go([run.run_id for run in runs], tally)
                if len(tally.run_ids) == gone:  # jobs of theirs have not ended: they go another time
                    break
        finally:
            await self._finish(tally, by)
        return await self._told(tally)

    # --- in the background

    async def sweep_for_ever(self) -> None:
        """Sweep now and then, the first time soon after the start."""
        clock, every_s = self._parts.clock, self._parts.settings.retention.sweep_s
        await self._reserve.keep()
        await clock.sleep(min(_FIRST_SWEEP_S, every_s))
        while True:
            await self.sweep()
            await self._reserve.keep()
            await clock.sleep(every_s)

    async def sweep(self) -> None:
        """Let go what the settings do not keep: by age, then by number and bytes; files by their own time; uploads.

        Each part is tried whatever became of those before it: what cannot be done on a full disk must not keep room
        from being made. What failed is logged, and tried again by the next sweep.
        """
        for part in (self._expire_runs, self._expire_files, self._make_room, self._expire_uploads, self._tidy):
            try:
                await part()
            except OrcaOpsError as error:
                _log.warning("what has to go is looked for later: %s", error)
            except Exception:  # noqa: BLE001 -- the edge of a loop: no engine ends for a sweep
                _log.exception("what has to go is looked for later")

    async def _expire_runs(self) -> None:
        kept_for = timedelta(days=self._parts.settings.retention.days)
        await self.clean(RunChoice(ended_before=self._parts.clock.now() - kept_for), by="engine")

    async def _expire_files(self) -> None:
        """Let go kept files whose own time has passed."""
        parts, count = self._parts, 1
        while count:
            count, files = await parts.artifacts.expire(parts.clock.now())
            for file in files:
                await parts.artifact_blobs(file.job_id).remove(file.sha256)

    async def _make_room(self) -> None:
        """Let the runs go that ended first, until number and bytes are within the settings."""
        settings, shelf, tally = self._parts.settings.retention, self._parts.run_shelf, _Tally()
        bound = await shelf.bound(RunChoice())
        runs, kept_bytes = await shelf.totals(bound)
        try:
            while runs > settings.max_runs or kept_bytes > settings.max_bytes:
                chosen: list[EndedRun] = []
                for run in await shelf.oldest(bound, _TOGETHER):
                    if runs > settings.max_runs or kept_bytes > settings.max_bytes:
                        chosen.append(run)
                        runs, kept_bytes = runs - 1, kept_bytes - run.kept_bytes
                gone = len(tally.run_ids)
                await self._let_go([run.run_id for run in chosen], tally)
                if len(tally.run_ids) == gone:
                    break
        finally:
            await self._finish(tally, "engine")

    async def _expire_uploads(self) -> None:
        """Let go uploads after their time, and of their files those that no job and no other upload needs."""
        parts = self._parts
        before = parts.clock.now() - timedelta(days=parts.settings.retention.upload_days)
        while await parts.run_shelf.expire_uploads(before):
            continue
        looked_at, now = self._blobs_looked_at, parts.clock.monotonic()
        if looked_at is not None and now - looked_at < _BLOBS_EVERY_S:
            return
        stale = await stale_files(parts.home.uploads, before - _MARGIN)
        if stale:
            unneeded = await parts.run_shelf.unneeded(stale)
            count = await remove_stale_files(parts.home.uploads, unneeded, before - _MARGIN)
            _log.info("removed %d uploaded files that nobody needs", count)
        self._blobs_looked_at = now

    async def _tidy(self) -> None:
        """Once: remove files of jobs there are no more, since an engine died between a run's row and its files."""
        parts = self._parts
        if self._has_tidied:
            return
        await self._remove_lost_jobs()
        for folder in (parts.home.logs, parts.home.artifacts):
            job_ids, workflow_ids = _by_kind(await run_folders(folder))
            for job_id in await self._strays(job_ids):
                _log.info("removing what was left of %s", job_id)
                await self._remove_folders(job_id)
            for workflow_id in frozenset(workflow_ids) - await parts.workflow_index.known(workflow_ids):
                await parts.logs.delete(workflow_id)
        async with parts.workflow_files.lock:
            names = await parts.workflow_files.names()
            await parts.workflow_files.remove(frozenset(names) - await parts.workflow_index.known(names))
        async with parts.run_files.lock:
            if strays := await self._strays(await parts.run_files.names()):
                await parts.run_files.remove(strays)
            filed: set[str] = set()
            after = FIRST
            while keys := await parts.run_index.filed(after, _A_LOOK):
                filed.update(key.job_id for key in keys)
                after = keys[-1]
            await parts.run_files.keep_lines(filed)
        self._has_tidied = True

    async def _remove_lost_jobs(self) -> None:
        """Remove the jobs of workflow runs that are gone."""
        tally = _Tally()
        try:
            for workflow_id in await self._parts.run_shelf.lost_workflows():
                _log.info("removing what was left of %s", workflow_id)
                await self._let_jobs_of_go(workflow_id, tally)
        finally:
            await self._finish(tally, "engine")

    async def _strays(self, job_ids: Sequence[str]) -> list[str]:
        strays: list[str] = []
        for first in range(0, len(job_ids), _A_LOOK):
            some = job_ids[first : first + _A_LOOK]
            known = await self._parts.run_shelf.known(some)
            strays += [job_id for job_id in some if job_id not in known]
        return strays

    # --- letting go

    async def _let_go(self, run_ids: Sequence[str], tally: _Tally) -> None:
        """Remove rows, then logs and artifacts; `_finish` removes the rest."""
        await self._let_jobs_go([each for each in run_ids if not is_workflow_id(each)], None, tally, tally.run_ids)
        for workflow_id in filter(is_workflow_id, run_ids):
            await self._let_workflow_go(workflow_id, tally)

    async def _let_jobs_go(self, job_ids: Sequence[str], of_run: str | None, tally: _Tally, names: list[str]) -> None:
        """Remove jobs of a workflow run, or of none, and add those that are gone to ``names``."""
        parts = self._parts
        jobs = await parts.jobs.get_many(job_ids)
        with anyio.CancelScope(shield=True):
            gone = await self._also_on_a_full_disk(partial(parts.jobs.delete, job_ids, of_run=of_run))
            tally.containers += _kept_containers(job for job in jobs if job.job_id in gone)
            for job_id in filter(gone.__contains__, job_ids):
                names.append(job_id)
                tally.bytes += gone[job_id]
                await self._remove_folders(job_id)

    async def _also_on_a_full_disk(self, delete: Callable[[], Awaitable[Result]]) -> Result:
        try:
            return await delete()
        except StoreError:
            if not await self._reserve.release():
                raise
            return await delete()

    async def _let_workflow_go(self, workflow_id: str, tally: _Tally) -> None:
        """Remove a run, then its jobs, some at a time. What a crash leaves of these goes with the next engine."""
        with anyio.CancelScope(shield=True):
            if not await self._also_on_a_full_disk(partial(self._parts.run_shelf.delete_workflow, workflow_id)):
                return
            tally.run_ids.append(workflow_id)
            await self._parts.logs.delete(workflow_id)
        await self._let_jobs_of_go(workflow_id, tally)

    async def _let_jobs_of_go(self, workflow_id: str, tally: _Tally) -> None:
        while some := await self._parts.run_shelf.jobs_of(workflow_id, _TOGETHER):
            await self._let_jobs_go(some, workflow_id, tally, tally.node_job_ids)

    async def _remove_folders(self, job_id: str) -> None:
        await self._parts.logs.delete(job_id)
        await self._parts.artifact_blobs(job_id).remove_all()

    async def _finish(self, tally: _Tally, by: str) -> None:
        """Remove the documents and the kept containers of runs whose rows are gone."""
        if not (tally.run_ids or tally.node_job_ids):
            return
        job_ids, workflow_ids = _by_kind(tally.run_ids)
        with anyio.CancelScope(shield=True):
            async with self._parts.run_files.lock:
                await self._parts.run_files.remove([*job_ids, *tally.node_job_ids])
            async with self._parts.workflow_files.lock:
                await self._parts.workflow_files.remove(workflow_ids)
        _log.info("%s removed %d runs with %d bytes", by, len(tally.run_ids), tally.bytes)
        for name in tally.containers:
            try:
                await self._parts.backend.remove(name)
            except (BackendUnavailableError, BackendTimeoutError) as error:
                _log.info("containers that were kept are removed later, as orphans: %s", error)
                return
            except BackendError as error:
                _log.warning("the container %s could not be removed: %s", name, error)

    async def _told(self, tally: _Tally) -> Cleanup:
        shelf = self._parts.run_shelf
        left = await shelf.totals(await shelf.bound(RunChoice()))
        gone = RunTotals(len(tally.run_ids), tally.bytes)
        return _cleanup(gone, tally.run_ids[:_NAMED], dry_run=False, remaining=left.runs)


def _by_kind(run_ids: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of jobs, and those of workflow runs."""
    ids = tuple(run_ids)
    return tuple(each for each in ids if not is_workflow_id(each)), tuple(filter(is_workflow_id, ids))


def _cleanup(gone: RunTotals, named: Iterable[str], *, dry_run: bool, remaining: int) -> Cleanup:
    job_ids, workflow_ids = _by_kind(named)
    return Cleanup(gone.runs, gone.kept_bytes, job_ids, dry_run, remaining, workflow_ids)


def _kept_containers(jobs: Iterable[Job]) -> list[str]:
    return [job.attempt.container_name for job in jobs if job.attempt is not None and job.keeps_container]
