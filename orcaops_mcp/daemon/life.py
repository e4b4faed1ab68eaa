"""How long the engine stays: until it is told to leave, or has had nothing to do for long enough."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import anyio

from core import Engine, JobFilter, WorkflowFilter

if TYPE_CHECKING:
    from collections.abc import Generator

_log = logging.getLogger(__name__)

_LOOKS: Final = 10
"""How often an idle exit is looked at within its time."""

_LONGEST_PAUSE_S: Final = 5.0
_SOON_S: Final = 0.1


class Life:
    """What keeps the engine, and what ends it.

    Args:
        idle_exit_s: It leaves by itself after so many seconds without jobs, connections and requests; None stays.
    """

    def __init__(self, idle_exit_s: float | None) -> None:
        self._idle_exit_s = idle_exit_s
        self._engaged = 0
        self._since = anyio.current_time()
        self._when_idle = anyio.Event()
        self._ended = anyio.Event()
        self._doors_are_shut = anyio.Event()

    @property
    def is_by_itself(self) -> bool:
        """Whether nobody but a caller started it: it may go when it is idle."""
        return self._idle_exit_s is not None

    @property
    def is_over(self) -> bool:
        """Whether it is leaving."""
        return self._ended.is_set()

    @property
    def engaged(self) -> int:
        """How many connections and requests are open."""
        return self._engaged

    @contextmanager
    def engagement(self) -> Generator[None]:
        """A connection or a request: while it lasts the engine is not idle."""
        self._engaged += 1
        try:
            yield
        finally:
            self._engaged -= 1
            self._since = anyio.current_time()

    def end(self, why: str) -> None:
        """Leave now; containers run on."""
        if not self.is_over:
            _log.info("the engine leaves: %s", why)
            self._ended.set()

    async def stop(self, engine: Engine, *, when_idle: bool) -> bool:
        """Leave now, or once no job is queued or running, whoever is connected; answers whether it is now."""
        if when_idle and await has_work(engine):
            self._when_idle.set()
            return False
        self.end("it was asked to")
        return True

    async def wait(self) -> None:
        """Until it is over."""
        await self._ended.wait()

    def shut_doors(self) -> None:
        """Say that nobody reaches the engine any more."""
        self._doors_are_shut.set()

    async def wait_for_shut_doors(self) -> None:
        """Until whoever calls now meets no engine, and may start another."""
        await self._doors_are_shut.wait()

    async def watch(self, engine: Engine) -> None:
        """End an idle life, which is counted from here on; returns when it is over."""
        self._since = anyio.current_time()
        while not self.is_over:
            await self._pause()
            if await has_work(engine):
                self._since = anyio.current_time()
            elif self._when_idle.is_set():
                self.end("it was asked to once no job is left")
            elif self._is_stale():
                self.end("it was idle")

    def _is_stale(self) -> bool:
        if self._idle_exit_s is None or self._engaged:
            return False
        return anyio.current_time() - self._since >= self._idle_exit_s

    async def _pause(self) -> None:
        if self._when_idle.is_set():
            await anyio.sleep(_SOON_S)
        elif self._idle_exit_s is None:
            await self._when_idle.wait()
        else:
            with anyio.move_on_after(min(_LONGEST_PAUSE_S, self._idle_exit_s / _LOOKS)):
                await self._when_idle.wait()


async def has_work(engine: Engine) -> bool:
    """Whether a job is queued or running, or a run of a workflow has not ended, whatever it waits for."""
    if (await engine.list_jobs(JobFilter(finished=False), limit=1)).items:
        return True
    return bool((await engine.list_workflows(WorkflowFilter(finished=False), limit=1)).items)
