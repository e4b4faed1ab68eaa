"""Starts queued jobs as room comes free.

One task looks at the line whenever something changed: a submit, an end, a retry that came due, the container engine
coming back. Each started job runs in a task of its own, which holds the job's slots until its outcome is settled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import anyio

from core.clock import to_microseconds
from core.engine.racing import sleep_or_event
from core.engine.slots import JOBS, Line, Slots, Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from anyio.abc import TaskGroup

    from core.clock import Clock
    from core.records.job import Job, QueuePlace
    from core.settings import QueueSettings
    from core.spec.job import JobSpec
    from core.store.listing import QueueEntry


class Work(Protocol):
    """What runs a job; see `core.engine.worker`."""

    async def __call__(self, entry: Waiting) -> None:
        """Run a job that was just taken from the line with its slots; `Scheduler.release` them in the end."""
        ...


def needs_of(spec: JobSpec) -> Mapping[str, int]:
    """The slots a job takes while it runs."""
    return {JOBS: 1, **spec.slots}


class Scheduler:
    """The line, the slots, and the task that empties the one into the other.

    Args:
        settings: How much may run.
        clock: For retries that come due.
    """

    def __init__(self, settings: QueueSettings, clock: Clock) -> None:
        self.slots = Slots({JOBS: settings.max_running, **settings.slots})
        self.line = Line(self.slots, settings.max_overtakes)
        self._clock = clock
        self._changed = anyio.Event()
        self._blocked: str | None = "the engine is starting"
        self._blocked_at: datetime | None = None

    def enqueue(self, job: Job) -> None:
        """Put a queued job into the line."""
        queued_us = to_microseconds(job.queued_at)
        self.line.join(Waiting(job.job_id, job.spec.priority, queued_us, needs_of(job.spec), job.not_before))
        self.wake()

    def enqueue_stored(self, entry: QueueEntry) -> None:
        """Put a job into the line that the store has as queued."""
        needs = {JOBS: 1, **entry.slots}
        queued_us = to_microseconds(entry.queued_at)
        self.line.join(Waiting(entry.job_id, entry.priority, queued_us, needs, entry.not_before))
        self.wake()

    def withdraw(self, job_id: str) -> bool:
        """Take a job out of the line; False if it is not waiting (any more)."""
        return self.line.leave(job_id)

    def hold(self, needs: Mapping[str, int]) -> None:
        """Take slots for a job that runs without having come through the line, after a restart."""
        self.slots.take(needs)

    def release(self, needs: Mapping[str, int]) -> None:
        """Free a job's slots."""
        self.slots.give_back(needs)
        self.wake()

    def block(self, reason: str) -> None:
        """Start nothing until `unblock`; ``reason`` is what waiting jobs say."""
        self._blocked = reason
        self._blocked_at = self._blocked_at or self._clock.now()

    def unblock(self) -> None:
        """Start jobs again."""
        self._blocked = self._blocked_at = None
        self.wake()

    @property
    def blocked_by(self) -> str | None:
        """Why nothing starts at all, if so."""
        return self._blocked

    @property
    def blocked_at(self) -> datetime | None:
        """Since when the container engine keeps everything waiting; None if it does not, or nobody looked yet."""
        return self._blocked_at

    def wake(self) -> None:
        """Look at the line again."""
        self._changed.set()

    def place(self, job_id: str) -> QueuePlace | None:
        """Where a queued job stands and why it waits; None if it does not wait."""
        place = self.line.place(job_id, self._clock.now())
        if place is not None and self._blocked is not None:
            return replace(place, reason=f"waiting: {self._blocked}")
        return place

    async def run(self, tasks: TaskGroup, work: Work) -> None:
        """Start what fits, for ever.

        Args:
            tasks: Where started jobs run.
            work: Runs one job.
        """
        while True:
            self._changed, now = anyio.Event(), self._clock.now()
            while self._blocked is None and (entry := self.line.take_next(now)) is not None:
                tasks.start_soon(work, entry, name=f"job {entry.job_id}")
            due = self.line.next_due(now)  # of the same moment: what comes due between two would be waited for for ever
            await sleep_or_event(self._clock, None if due is None else (due - now).total_seconds(), self._changed)
