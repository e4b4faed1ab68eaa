"""Free capacity by name, and the line of jobs that wait for it.

Both live in memory only: the store has every queued job, so that the line can be laid anew at any time.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from core.records.job import QueuePlace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

JOBS = "jobs"
"""The slot that every running job takes one of."""


class SlotUse(NamedTuple):
    """How much of a kind of slot is taken."""

    used: int
    total: int


class Slots:
    """Capacity by name; what is not configured has none.

    Args:
        totals: Slots by name, such as ``{"jobs": 4, "gpus": 2}``.
    """

    def __init__(self, totals: Mapping[str, int]) -> None:
        self._totals = dict(totals)
        self._used = dict.fromkeys(self._totals, 0)

    def lacking(self, needs: Mapping[str, int]) -> str | None:
        """The name of a slot there is not enough of now, or None when all fit."""
        for name, amount in needs.items():
            if self._used.get(name, 0) + amount > self._totals.get(name, 0):
                return name
        return None

    def never_fits(self, needs: Mapping[str, int]) -> str | None:
        """The name of a slot there would not be enough of even if nothing ran."""
        return next((name for name, amount in needs.items() if amount > self._totals.get(name, 0)), None)

    def total(self, name: str) -> int:
        """How many slots of a kind there are; 0 of a kind that is not configured."""
        return self._totals.get(name, 0)

    def take(self, needs: Mapping[str, int]) -> None:
        """Take slots; a job that was already running at the engine's start is never turned away."""
        for name, amount in needs.items():
            self._used[name] = self._used.get(name, 0) + amount

    def give_back(self, needs: Mapping[str, int]) -> None:
        """Free slots taken before."""
        for name, amount in needs.items():
            self._used[name] -= amount

    def use(self) -> dict[str, SlotUse]:
        """What is taken of each kind."""
        return {name: SlotUse(self._used[name], total) for name, total in self._totals.items()}


_ANY: Final[Mapping[str, int]] = {JOBS: 1}
"""What every job needs."""


@dataclass(slots=True)
class Waiting:
    """A queued job in the line.

    Attributes:
        job_id: Whose.
        priority: Higher first.
        queued_us: Earlier first among equals.
        needs: Slots by name.
        not_before: A retry's earliest start.
        overtaken: How often a job behind it started first because this one did not fit.
    """

    job_id: str
    priority: int
    queued_us: int
    needs: Mapping[str, int]
    not_before: datetime | None = None
    overtaken: int = 0

    @property
    def rank(self) -> tuple[int, int, str]:
        """Its order in the line."""
        return (-self.priority, self.queued_us, self.job_id)


@dataclass(slots=True)
class Line:
    """Queued jobs by priority, then age.

    A job that does not fit is overtaken by smaller ones behind it, but at most ``max_overtakes`` times: after
    that nothing behind it starts until it does, so that a large job is never starved. A job that needs more than there
    is (the engine was started again with less) holds nobody up.
    """

    slots: Slots
    max_overtakes: int
    _by_id: dict[str, Waiting] = field(default_factory=dict[str, Waiting])
    _ranks: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    _delayed: dict[str, datetime] = field(default_factory=dict[str, "datetime"])

    def __len__(self) -> int:
        """How many jobs wait."""
        return len(self._ranks)

    def __contains__(self, job_id: object) -> bool:
        """Whether the job waits."""
        return job_id in self._by_id

    def join(self, entry: Waiting) -> None:
        """Put a job into its place; one that waits already takes the new one."""
        self.leave(entry.job_id)
        self._by_id[entry.job_id] = entry
        bisect.insort(self._ranks, entry.rank)
        if entry.not_before is not None:
            self._delayed[entry.job_id] = entry.not_before

    def leave(self, job_id: str) -> bool:
        """Take a job out; False if it does not wait here (any more)."""
        entry = self._by_id.pop(job_id, None)
        self._delayed.pop(job_id, None)
        if entry is None:
            return False
        del self._ranks[bisect.bisect_left(self._ranks, entry.rank)]
        return True

    def take_next(self, now: datetime) -> Waiting | None:
        """Take out the job that should start now, with its slots; None if none fits."""
        if not self._ranks or self.slots.lacking(_ANY):
            return None
        passed: list[Waiting] = []
        for _, _, job_id in self._ranks:
            entry = self._by_id[job_id]
            if entry.not_before is not None and entry.not_before > now:
                continue
            if self.slots.lacking(entry.needs) is None:
                for waiting in passed:
                    waiting.overtaken += 1
                self.leave(job_id)
                self.slots.take(entry.needs)
                return entry
            if self.slots.never_fits(entry.needs) is not None:
                continue
            if entry.overtaken >= self.max_overtakes:
                return None
            passed.append(entry)
        return None

    def next_due(self, now: datetime) -> datetime | None:
        """The earliest moment after ``now`` at which a waiting retry becomes due."""
        return min((moment for moment in self._delayed.values() if moment > now), default=None)

    def place(self, job_id: str, now: datetime) -> QueuePlace | None:
        """Where a job stands and why it waits; None if it does not wait here."""
        entry = self._by_id.get(job_id)
        if entry is None:
            return None
        position = bisect.bisect_left(self._ranks, entry.rank) + 1
        return QueuePlace(position, self._reason(entry, position, now))

    def _reason(self, entry: Waiting, position: int, now: datetime) -> str:
        if entry.not_before is not None and entry.not_before > now:
            seconds = (entry.not_before - now).total_seconds()
            return f"waiting {seconds:.0f} s before the next attempt"
        beyond = self.slots.never_fits(entry.needs)
        if beyond is not None:
            return f"cannot start: needs {entry.needs[beyond]} {beyond}, this engine has {self.slots.total(beyond)}"
        lacking = self.slots.lacking(entry.needs)
        if lacking is None:
            return "starting" if position == 1 else "waiting for an earlier job that needs more room"
        used, total = self.slots.use()[lacking]
        ahead = f", {position - 1} ahead in the queue" if position > 1 else ""
        if lacking == JOBS:
            return f"waiting for a free slot ({used} of {total} jobs running{ahead})"
        return f"waiting for {entry.needs[lacking]} of {lacking} ({used} of {total} in use{ahead})"
