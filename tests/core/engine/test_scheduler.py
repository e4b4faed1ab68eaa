"""The task that starts queued jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import anyio

from core.clock import SystemClock
from core.engine.scheduler import Scheduler
from core.settings import QueueSettings
from core.store.listing import QueueEntry
from core.testing.clock import START

if TYPE_CHECKING:
    from datetime import datetime

    from core.engine.slots import Waiting

DUE = START + timedelta(seconds=1)


class _Striding(SystemClock):
    """Tells a later time at each look: shortly before a retry is due, then after."""

    def __init__(self) -> None:
        self._now = DUE - timedelta(milliseconds=2)

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1.5)
        return self._now


async def test_a_retry_that_comes_due_between_two_looks_at_the_clock_is_started() -> None:
    scheduler, started = Scheduler(QueueSettings(max_running=1), _Striding()), anyio.Event()

    async def work(entry: Waiting) -> None:
        assert entry.job_id == "job_1"
        started.set()

    scheduler.unblock()
    scheduler.enqueue_stored(QueueEntry("job_1", 0, START, START, DUE, {}))
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scheduler.run, tasks, work)
            await started.wait()
            tasks.cancel_scope.cancel()
