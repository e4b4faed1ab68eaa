"""A clock that a test moves."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

import anyio
import anyio.lowlevel

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Where a clock begins unless told otherwise."""

_MICROSECONDS: Final = 1_000_000


class MovingClock:
    """A `core.clock.Clock` that stands still until `advance`.

    Time is counted in whole microseconds, so that sums of spans meet exactly.

    Args:
        start: The first moment, aware.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0
        self._order = count()
        self._sleepers: list[tuple[int, int, anyio.Event]] = []
        self._fell_asleep = anyio.Event()

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._start + timedelta(microseconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed / _MICROSECONDS

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has moved the clock by ``seconds``."""
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
            return
        wake = anyio.Event()
        sleeper = (self._elapsed + _whole(seconds), next(self._order), wake)
        heapq.heappush(self._sleepers, sleeper)
        self._fell_asleep.set()
        self._fell_asleep = anyio.Event()
        try:
            await wake.wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    async def wait(self, event: anyio.Event, seconds: float) -> None:
        """Wait for an event, or until `advance` has moved the clock by ``seconds``."""
        async with anyio.create_task_group() as tasks:

            async def sleep() -> None:
                await self.sleep(seconds)
                tasks.cancel_scope.cancel()

            tasks.start_soon(sleep)
            await event.wait()
            tasks.cancel_scope.cancel()

    def jump(self, span: timedelta) -> None:
        """Set the time of day forward, or back, as somebody may do to a machine: nothing that waits wakes earlier."""
        self._start += span

    @property
    def sleepers(self) -> int:
        """How many tasks sleep on this clock now."""
        return len(self._sleepers)

    async def until_sleeping(self, tasks: int = 1) -> None:
        """Return once that many tasks sleep on this clock: then `advance` meets them, however fast they were."""
        while len(self._sleepers) < tasks:
            await self._fell_asleep.wait()

    def advance(self, seconds: float) -> None:
        """Move the clock on and wake, in the order of their times, all whose time has come.

        Whoever wakes finds the clock at its end position and continues at the loop's next turn.
        """
        self._elapsed += _whole(seconds)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            heapq.heappop(self._sleepers)[2].set()


def _whole(seconds: float) -> int:
    return round(min(seconds, 1e12) * _MICROSECONDS)
