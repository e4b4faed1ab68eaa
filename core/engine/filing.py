"""Settled records become files in the home: after the commit, beside the work, and never in its way."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from core.errors import OrcaOpsError
from core.records.event import JobChanged
from core.store.export import FIRST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from core.engine.parts import Parts

_log = logging.getLogger(__name__)

_TOGETHER: Final = 50
"""Records read, written and noted in one go."""
_PAUSE_S: Final = 60.0
"""After what could not be written, such as for a full disk."""


class RunFiler:
    """Writes the files of finished jobs.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._has_failed = False

    async def run(self) -> None:
        """Write what an earlier engine left unwritten, then each run once nothing about it changes any more."""
        with self._parts.bus.subscribe() as news:
            await self._insist(self.flush)
            while True:
                await news.wait()
                changed = [event.job for event in news.take() if isinstance(event, JobChanged)]
                settled = [job.job_id for job in changed if job.is_settled]
                if settled and not await self._works(partial(self._file, settled)):
                    await self._parts.clock.sleep(_PAUSE_S)
                    await self._insist(self.flush)

    async def finish(self) -> None:
        """Write what can be written before the engine closes."""
        await self._works(self.flush)

    async def flush(self) -> None:
        """Write every settled run that has not been written.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        after_id = ""
        while job_ids := await self._parts.run_index.unfiled(after_id, _TOGETHER):
            await self._file(job_ids)
            after_id = job_ids[-1]

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
        return len(written)

    async def _file(self, job_ids: Iterable[str]) -> None:
        index, files = self._parts.run_index, self._parts.run_files
        for some in _batches(job_ids):
            async with files.lock:
                runs = await index.unfiled_documents(some)
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


def _batches(job_ids: Iterable[str]) -> Iterable[tuple[str, ...]]:
    ids = tuple(job_ids)
    return (ids[first : first + _TOGETHER] for first in range(0, len(ids), _TOGETHER))
