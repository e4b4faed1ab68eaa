"""Settled records become files in the home: after the commit, beside the work, and never in its way."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from core.errors import OrcaOpsError
from core.records.event import JobChanged, WorkflowChanged
from core.store.export import FIRST, NOTHING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from core.engine.parts import Parts
    from core.records.event import EngineEvent
    from core.records.job import Job

_log = logging.getLogger(__name__)

_TOGETHER: Final = 50
"""Records read, written and noted in one go."""
_PAUSE_S: Final = 60.0
"""After what could not be written, such as for a full disk."""


class RunFiler:
    """Writes the files of finished jobs and workflow runs.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._has_failed = False

    async def run(self) -> None:
        """Write what an earlier engine left unwritten, then each run once nothing about it changes any more."""
        with self._parts.bus.subscribe(kinds=(JobChanged, WorkflowChanged), wants=_is_settled) as news:
            await self._insist(self.flush)
            while True:
                await news.wait()
                if not await self._works(partial(self._file_all, *_settled(news.take()))):
                    await self._parts.clock.sleep(_PAUSE_S)
                    await self._insist(self.flush)

    async def finish(self) -> None:
        """Write what can be written before the engine closes."""
        await self._works(self.flush)

    async def flush(self) -> None:
        """Write every settled run that has not been written, of jobs and of workflows.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        after_id = ""
        while job_ids := await self._parts.run_index.unfiled(after_id, _TOGETHER):
            await self._file(job_ids)
            after_id = job_ids[-1]
        await self._file_each(self._parts.workflow_index.unfiled)

    async def export(self) -> int:
        """Write all files anew from the database, and remove those of runs it does not have.

        Returns:
            How many runs there are.

        Raises:
            StoreError: The disk is full or failing; the file of all lines is as it was.
            StoreBusyError: The database is locked by another process.
        """
        await self.flush()
        index, files = self._parts.run_index, self._parts.run_files
        written: set[str] = set()
        async with files.lock:
            async with files.rewriting() as add:
                after = FIRST
                while keys := await index.filed(after, _TOGETHER):
                    runs = await index.documents([key.job_id for key in keys])
                    await add(runs)
                    written.update(run.job_id for run in runs)
                    after = keys[-1]
            if strays := set(await files.names()) - written:
                await files.remove(strays)
        await self._export_workflows()
        return len(written)

    async def _export_workflows(self) -> None:
        index, files = self._parts.workflow_index, self._parts.workflow_files
        await self._file_each(index.ended)
        async with files.lock:
            names = frozenset(await files.names())
            await files.remove(names - await index.known(names))

    async def _file_all(self, settled: Mapping[str, Job], workflow_ids: Iterable[str]) -> None:
        await self._file(settled, settled)
        await self._file_workflows(workflow_ids)

    async def _file_each(self, find: Callable[[str, int], Awaitable[Sequence[str]]]) -> None:
        """Write workflow runs that are found behind an id, some at a time."""
        after_id = ""
        while workflow_ids := await find(after_id, _TOGETHER):
            await self._file_workflows(workflow_ids)
            after_id = workflow_ids[-1]

    async def _file_workflows(self, workflow_ids: Iterable[str]) -> None:
        index, files = self._parts.workflow_index, self._parts.workflow_files
        for workflow_id in workflow_ids:
            async with files.lock:
                page = await index.page(workflow_id)
                if page is not None:
                    with anyio.CancelScope(shield=True):
                        await files.write(page)
                        await index.note_filed(page)

    async def _file(self, job_ids: Iterable[str], known: Mapping[str, Job] = NOTHING) -> None:
        index, files = self._parts.run_index, self._parts.run_files
        for some in _batches(job_ids):
            async with files.lock:
                runs = await index.unfiled_documents(some, known)
                with anyio.CancelScope(shield=True):  # what is written is noted, or the next engine writes it twice
                    kept_bytes = await files.measure(run.job_id for run in runs)
                    await files.write(runs)
                    await index.note_filed(kept_bytes)

    async def _insist(self, act: Callable[[], Awaitable[None]]) -> None:
        while not await self._works(act):
            await self._parts.clock.sleep(_PAUSE_S)

    async def _works(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Whether it could be done; the log tells of the first failure and of the end of the trouble."""
        try:
            await act()
        except Exception as error:  # noqa: BLE001 -- the edge of a loop: no job and no engine ends for a file
            if not self._has_failed and isinstance(error, OrcaOpsError):
                _log.warning("runs are not written to the home for now: %s %s", error.message, error.hint)
            elif not self._has_failed:
                _log.exception("runs are not written to the home for now")
            self._has_failed = True
            return False
        if self._has_failed:
            _log.info("runs are written to the home again")
        self._has_failed = False
        return True


def _is_settled(event: EngineEvent) -> bool:
    """Whether nothing changes any more about the job or the workflow run that an event is about."""
    match event:
        case JobChanged(job=job):
            return job.is_settled
        case WorkflowChanged(run=run):
            return run.is_finished
        case _:
            return False


def _settled(news: Iterable[EngineEvent]) -> tuple[dict[str, Job], list[str]]:
    """The settled jobs and workflow runs among the news."""
    jobs: dict[str, Job] = {}
    runs: list[str] = []
    for event in news:
        if isinstance(event, JobChanged):
            jobs[event.job.job_id] = event.job
        elif isinstance(event, WorkflowChanged):
            runs.append(event.run.workflow_id)
    return jobs, runs


def _batches(job_ids: Iterable[str]) -> Iterable[tuple[str, ...]]:
    ids = tuple(job_ids)
    return (ids[first : first + _TOGETHER] for first in range(0, len(ids), _TOGETHER))
