"""Figures of ended jobs, in one walk of one index: a month of ten thousand takes some ten milliseconds."""

from __future__ import annotations

import json
from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from core.clock import from_microseconds, to_microseconds
from core.lifecycle.job import JobStatus
from core.records.analytics import Analytics, ImageFigures, Interval, NameFigures, SourceFigures, Spread, Totals
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from core.store.database import Database

T = TypeVar("T")

_SQL: Final = QueryFile("analytics")
_ENDED: Final = _SQL.take("ended_between")
_STARTS: Final = _SQL.take("starts_between")
_UNCHANGED: Final = _SQL.take("unchanged_between")

_STARTS_READ: Final = 3000
_NAMES: Final = 10_000
"""Names that are told apart; jobs of further ones count in the totals alone."""
_PAIRS: Final = 5000
_SUCCESS: Final = JobStatus.SUCCESS.value
_CANCELLED: Final = JobStatus.CANCELLED.value
_JUDGED: Final = frozenset({_SUCCESS, JobStatus.FAILED.value})
_SECOND: Final = 1_000_000
_ENDS: Final = tuple(status for status in JobStatus if status.is_terminal)


class AnalyticsIndex:
    """Figures of ended jobs.

    Every method raises `StoreError` and `StoreBusyError` as `Database` does.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, since: datetime, until: datetime, interval: timedelta, most: int) -> Analytics:
        """Figures of the jobs that ended within a period.

        Args:
            since: It begins here.
            until: And ends before this.
            interval: An hour or a day.
            most: Rows of each table.
        """
        return await self._database.read(partial(_figures, since=since, until=until, interval=interval, most=most))


@dataclass(slots=True)
class _Named:
    """What is known of the jobs of one name while they are counted."""

    took: array[int] = field(default_factory=lambda: array("q"))
    runs: int = 0
    failed: int = 0
    flips: int = 0
    last_failed: str | None = None


class _Count:
    """Counts the jobs of one period.

    Args:
        interval_us: Microseconds of an hour or a day.
    """

    def __init__(self, interval_us: int) -> None:
        self._interval_us = interval_us
        self.by_interval: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self.took_by_interval: defaultdict[int, array[int]] = defaultdict(lambda: array("q"))
        self.by_source: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.names: dict[str, _Named] = {}
        self.pairs: list[tuple[str, str]] = []
        self.pair_names: list[str] = []

    @property
    def by_status(self) -> Counter[str]:
        """How many jobs ended how."""
        return sum(self.by_interval.values(), start=Counter[str]())

    @property
    def took(self) -> Sequence[int]:
        """How long jobs took."""
        return [took for some in self.took_by_interval.values() for took in some]

    def take(self, row: tuple[Any, ...]) -> None:
        """Count a job; they come in the order in which they ended."""
        finished_us, status, name, source, started_us, attempt, job_id, rerun_of = row
        place = finished_us // self._interval_us
        self.by_interval[place][status] += 1
        self.by_source[source][status] += 1
        took = None
        if started_us is not None and status in _JUDGED:
            took = max(0, finished_us - started_us)
            self.took_by_interval[place].append(took)
        named = self.names.get(name)
        if named is None and len(self.names) < _NAMES:
            named = self.names[name] = _Named()
        if named is None:
            return
        named.runs += 1
        if took is not None:
            named.took.append(took)
        if status == _SUCCESS:
            self._take_success(named, name, job_id, attempt, rerun_of)
        elif status != _CANCELLED:
            named.failed += 1
            named.last_failed = job_id

    def _take_success(self, named: _Named, name: str, job_id: str, attempt: int, rerun_of: str | None) -> None:
        before, named.last_failed = named.last_failed, None
        if attempt > 1:
            named.flips += 1
        elif (earlier := rerun_of or before) is not None and len(self.pairs) < _PAIRS:
            self.pairs.append((earlier, job_id))
            self.pair_names.append(name)


def _figures(
    connection: sqlite3.Connection, since: datetime, until: datetime, interval: timedelta, most: int
) -> Analytics:
    now = _counted(connection, since, until, interval)
    before = _counted(connection, since - (until - since), since, interval)
    for place in _UNCHANGED.run(connection, pairs=json.dumps(now.pairs)):
        now.names[now.pair_names[place[0]]].flips += 1
    wait, images = _starts(connection, since, until, most)
    wait_before, _ = _starts(connection, since - (until - since), since, 0)
    names = tuple(_named(name, named) for name, named in now.names.items())
    return Analytics(
        since,
        until,
        Totals(_all_statuses(now.by_status), _spread(now.took), wait),
        Totals(_all_statuses(before.by_status), _spread(before.took), wait_before),
        _intervals(now, since, until, interval),
        slowest=_top((name for name in names if name.duration.count), _slowness, most),
        failing=_top((name for name in names if name.failed), lambda name: name.failed, most),
        flaky=_top((name for name in names if name.flips), lambda name: name.flips, most),
        sources=_top(_sources(now), lambda source: source.runs, most),
        images=images,
    )


def _counted(connection: sqlite3.Connection, since: datetime, until: datetime, interval: timedelta) -> _Count:
    count = _Count(interval // timedelta(microseconds=1))
    for row in _ENDED.run(connection, since_us=to_microseconds(since), until_us=to_microseconds(until)):
        count.take(row)
    return count


def _starts(
    connection: sqlite3.Connection, since: datetime, until: datetime, most: int
) -> tuple[Spread, tuple[ImageFigures, ...]]:
    """How long jobs waited for a slot, and how long each image took from there to the container's start."""
    waits: array[int] = array("q")
    by_image: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    between = {"since_us": to_microseconds(since), "until_us": to_microseconds(until), "count": _STARTS_READ}
    for image, created_us, began_us, started_us in _STARTS.run(connection, **between):
        waits.append(max(0, began_us - created_us))
        by_image[image].append(max(0, started_us - began_us))
    images = (ImageFigures(image, _spread(took)) for image, took in by_image.items())
    return _spread(waits), _top(images, lambda image: image.start_up.p50_s or 0.0, most)


def _intervals(count: _Count, since: datetime, until: datetime, interval: timedelta) -> tuple[Interval, ...]:
    length = interval // timedelta(microseconds=1)
    first, last = to_microseconds(since) // length, (to_microseconds(until) - 1) // length
    return tuple(
        Interval(
            from_microseconds(place * length),
            _all_statuses(count.by_interval.get(place, {})),
            _spread(count.took_by_interval.get(place, ())),
        )
        for place in range(first, last + 1)
    )


def _named(name: str, named: _Named) -> NameFigures:
    return NameFigures(name, named.runs, named.failed, named.flips, _spread(named.took))


def _sources(count: _Count) -> Iterable[SourceFigures]:
    return (SourceFigures(source, _all_statuses(by_status)) for source, by_status in count.by_source.items())


def _slowness(name: NameFigures) -> float:
    return name.duration.p50_s or 0.0


def _all_statuses(counts: Mapping[str, int]) -> dict[JobStatus, int]:
    return {status: counts.get(status, 0) for status in _ENDS}


def _spread(took: Sequence[int]) -> Spread:
    """Of spans in microseconds, by the nearest rank: each number is one that was really there."""
    if not took:
        return Spread()
    ranked = sorted(took)
    count = len(ranked)
    half, most = ranked[(count - 1) // 2], ranked[(count * 95 + 99) // 100 - 1]
    return Spread(count, half / _SECOND, most / _SECOND, ranked[-1] / _SECOND)


def _top(items: Iterable[T], rank: Callable[[T], float], most: int) -> tuple[T, ...]:
    """The items of the highest rank; of equal ones, those that came first."""
    return tuple(sorted(items, key=rank, reverse=True)[:most])
