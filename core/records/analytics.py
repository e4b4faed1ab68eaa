"""Figures of the jobs that ended within some time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.lifecycle.job import JobStatus


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took; all None where there was nothing.

    Attributes:
        count: Of how many that is said.
        p50_s: The half took at most so long.
        p95_s: 95 of a hundred did.
        longest_s: All did.
    """

    count: int = 0
    p50_s: float | None = None
    p95_s: float | None = None
    longest_s: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """A period in a few numbers.

    Attributes:
        by_status: How many jobs ended how; zeros included.
        duration: Of those that succeeded or failed, from the container's start to the end.
        wait: From being accepted to getting a slot, of those that got one; of the newest three thousand at most.
    """

    by_status: Mapping[JobStatus, int]
    duration: Spread = field(default_factory=Spread)
    wait: Spread = field(default_factory=Spread)

    @property
    def runs(self) -> int:
        """How many jobs ended."""
        return sum(self.by_status.values())

    @property
    def success_rate(self) -> float | None:
        """Of those that were not cancelled, the part that succeeded; None where there is none."""
        return success_rate(self.by_status)


@dataclass(frozen=True, slots=True)
class Interval:
    """A day, or an hour, of the period.

    Attributes:
        begins_at: Its first moment.
        by_status: How many jobs ended how; zeros included.
        duration: Of those that succeeded or failed.
    """

    begins_at: datetime
    by_status: Mapping[JobStatus, int]
    duration: Spread


@dataclass(frozen=True, slots=True)
class NameFigures:
    """The jobs of one name.

    Attributes:
        name: Theirs.
        runs: How many ended.
        failed: How many of them failed or timed out.
        flips: How often one failed and then succeeded without a change: at a further attempt, or when it was run again
            with the same spec, as a rerun or as the next run of its name.
        duration: Of those that succeeded or failed.
    """

    name: str
    runs: int
    failed: int
    flips: int
    duration: Spread


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """The jobs of one caller.

    Attributes:
        source: Who submitted them.
        by_status: How many ended how; zeros included.
    """

    source: str
    by_status: Mapping[JobStatus, int]

    @property
    def runs(self) -> int:
        """How many ended."""
        return sum(self.by_status.values())

    @property
    def success_rate(self) -> float | None:
        """As in `Totals`."""
        return success_rate(self.by_status)


@dataclass(frozen=True, slots=True)
class ImageFigures:
    """The jobs in one image.

    Attributes:
        image: As it was asked for.
        start_up: From getting a slot to the container's start: pulling the image, making the container, starting it;
            of the newest three thousand jobs at most.
    """

    image: str
    start_up: Spread


@dataclass(frozen=True, slots=True)
class Analytics:
    """Figures of a period, with those of the one before it.

    Attributes:
        since: The period begins here.
        until: And ends before this.
        now: The period's totals.
        before: Those of the period of the same length before it.
        intervals: Its hours or days, without a gap, in UTC.
        slowest: Names whose jobs take longest, by the half of them.
        failing: Names of which most failed.
        flaky: Names that flip most.
        sources: Callers with most jobs.
        images: Images that take longest to start, by the half of them.
    """

    since: datetime
    until: datetime
    now: Totals
    before: Totals
    intervals: tuple[Interval, ...] = ()
    slowest: tuple[NameFigures, ...] = ()
    failing: tuple[NameFigures, ...] = ()
    flaky: tuple[NameFigures, ...] = ()
    sources: tuple[SourceFigures, ...] = ()
    images: tuple[ImageFigures, ...] = ()


def success_rate(by_status: Mapping[JobStatus, int]) -> float | None:
    """Of jobs that ended otherwise than cancelled, the part that succeeded; None where there is none."""
    judged = sum(count for status, count in by_status.items() if status.value != "cancelled")
    return sum(count for status, count in by_status.items() if status.value == "success") / judged if judged else None
