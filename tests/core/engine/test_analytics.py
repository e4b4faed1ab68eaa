"""Figures of ended jobs, from records to what a page shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import Engine, EngineSettings, InvalidArgumentError, JobStatus, open_engine
from core.lifecycle.job import JobEvent
from core.records.job import Failure, FailureKind
from core.store.database import open_database
from core.store.home import hold_home
from core.store.past import keep_past_jobs
from core.testing.clock import MovingClock
from core.testing.demo.story import Story
from core.testing.factories import a_job, a_job_spec

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FAILURE = Failure(FailureKind.EXIT, "It ended with exit code 1.")


def told(
    name: str | None = "tests", *, ago: timedelta, took_s: float = 10, waited_s: float = 2, **changes: Any
) -> Story:
    """A job that ended so long ago: it waited, took 350 ms to start, and ran."""
    ended = NOW - ago
    began = ended - timedelta(seconds=took_s + 0.35)
    changes = {"event": JobEvent.SUCCEED, "exit_code": 0, "by": "cli", "spec": a_job_spec(name=name), **changes}
    changes["start_up"] = timedelta(seconds=0.35)
    if changes["event"] is not JobEvent.SUCCEED:
        changes |= {"exit_code": 1, "failure": FAILURE}
    created = began - timedelta(seconds=waited_s)
    return Story(a_job().job_id, created_at=created, began_at=began, ended_at=ended, **changes)


async def an_engine_after(settings: EngineSettings, stories: list[Story]) -> None:
    """Put jobs into the home that an engine opens then."""
    async with hold_home(settings.home, NOW) as home, open_database(home.database) as database:
        await keep_past_jobs(database, [story.record("home") for story in stories])


HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def test_a_period_is_told_in_totals_beside_those_of_the_one_before(settings: EngineSettings) -> None:
    await an_engine_after(settings, [
        *(told(ago=HOUR, took_s=took, waited_s=waited) for took, waited in ((10, 1), (20, 2), (90, 60))),
        told(ago=HOUR, took_s=30, event=JobEvent.FAIL),
        told(ago=HOUR, took_s=600, event=JobEvent.TIME_OUT),
        told(ago=HOUR, event=JobEvent.CANCEL),
        told(ago=10 * DAY, took_s=50),
    ])  # fmt: skip
    async with open_engine(settings, clock=MovingClock(NOW)) as engine:
        found = await engine.analytics(7 * DAY)
    assert (found.since, found.until) == (NOW - 7 * DAY, NOW)
    assert (found.now.runs, found.before.runs) == (6, 1)
    assert found.now.by_status == {"success": 3, "failed": 1, "timed_out": 1, "cancelled": 1}
    assert found.now.success_rate == 3 / 5
    duration, wait = found.now.duration, found.now.wait
    assert (duration.count, duration.p50_s, duration.p95_s, duration.longest_s) == (4, 20, 90, 90)
    assert (wait.count, wait.p50_s, wait.p95_s) == (6, 2, 60)
    assert (found.before.success_rate, found.before.duration.p50_s) == (1.0, 50)


async def test_days_follow_each_other_without_a_gap_and_short_periods_are_told_by_the_hour(
    settings: EngineSettings,
) -> None:
    await an_engine_after(settings, [told(ago=HOUR / 2), told(ago=3 * DAY), told(ago=3 * DAY, event=JobEvent.FAIL)])
    async with open_engine(settings, clock=MovingClock(NOW)) as engine:
        days, hours = await engine.analytics(7 * DAY), await engine.analytics(DAY)
    assert [day.begins_at.day for day in days.intervals] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert [sum(day.by_status.values()) for day in days.intervals] == [0, 0, 0, 0, 2, 0, 0, 1]
    assert days.intervals[4].duration.count == 2
    assert len(hours.intervals) == 24
    assert hours.intervals[-1].begins_at == NOW - HOUR


async def test_names_are_ranked_by_how_slow_and_by_how_often_they_fail(settings: EngineSettings) -> None:
    await an_engine_after(settings, [
        *(told("slow", ago=HOUR, took_s=300) for _ in range(2)),
        *(told("broken", ago=HOUR, event=JobEvent.FAIL) for _ in range(3)),
        told("quick", ago=HOUR, took_s=1),
        told(None, ago=HOUR, took_s=2),
    ])  # fmt: skip
    async with open_engine(settings, clock=MovingClock(NOW)) as engine:
        found = await engine.analytics(DAY, most=2)
    assert [(name.name, name.duration.p50_s, name.runs) for name in found.slowest] == [
        ("slow", 300, 2),
        ("broken", 10, 3),
    ]
    assert [(name.name, name.failed) for name in found.failing] == [("broken", 3)]
    assert found.flaky == ()


async def test_a_name_is_flaky_where_the_same_spec_failed_and_then_succeeded(settings: EngineSettings) -> None:
    same, changed = a_job_spec(name="same"), a_job_spec(name="changed", env={"FIXED": "1"})
    failed = told(ago=5 * HOUR, event=JobEvent.FAIL, spec=a_job_spec(name="rerun"))
    await an_engine_after(settings, [
        told(ago=4 * HOUR, event=JobEvent.FAIL, spec=same),
        told(ago=3 * HOUR, spec=same),
        told(ago=2 * HOUR, spec=same),
        told(ago=4 * HOUR, event=JobEvent.FAIL, spec=a_job_spec(name="changed")),
        told(ago=3 * HOUR, spec=changed),
        failed,
        told(ago=4 * HOUR, event=JobEvent.FAIL, spec=a_job_spec(name="rerun", env={"OTHER": "1"})),
        replace(told(ago=3 * HOUR, spec=a_job_spec(name="rerun")), rerun_of=failed.job_id),
        told(ago=HOUR, spec=a_job_spec(name="retried", retries=1), earlier=(FAILURE,)),
    ])  # fmt: skip
    async with open_engine(settings, clock=MovingClock(NOW)) as engine:
        found = await engine.analytics(DAY)
    assert {name.name: name.flips for name in found.flaky} == {"same": 1, "rerun": 1, "retried": 1}


async def test_callers_and_images_are_told_apart(settings: EngineSettings) -> None:
    await an_engine_after(settings, [
        told(ago=HOUR, by="agent"),
        told(ago=HOUR, by="agent", event=JobEvent.FAIL),
        told(ago=HOUR, by="token ci", spec=a_job_spec(image="alpine:3.20")),
    ])  # fmt: skip
    async with open_engine(settings, clock=MovingClock(NOW)) as engine:
        found = await engine.analytics(DAY)
    assert [(one.source, one.runs, one.success_rate) for one in found.sources] == [
        ("agent", 2, 0.5),
        ("token ci", 1, 1),
    ]
    assert {one.image: (one.start_up.count, one.start_up.p50_s) for one in found.images} == {
        "busybox:latest": (2, 0.35), "alpine:3.20": (1, 0.35)
    }  # fmt: skip


async def test_an_empty_home_has_empty_figures(engine: Engine) -> None:
    found = await engine.analytics()
    assert (found.now.runs, found.now.success_rate, found.now.duration.p50_s, found.now.wait.count) == (
        0,
        None,
        None,
        0,
    )
    assert found.now.by_status == {status: 0 for status in JobStatus if status.is_terminal}
    assert (found.slowest, found.failing, found.sources, found.images) == ((), (), (), ())


@pytest.mark.parametrize("period", [timedelta(minutes=59), timedelta(days=401)])
async def test_a_period_too_short_or_too_long_is_refused(engine: Engine, period: timedelta) -> None:
    with pytest.raises(InvalidArgumentError, match="range: from 1 hour to 400 days"):
        await engine.analytics(period)


async def test_tables_have_from_one_to_a_hundred_rows(engine: Engine) -> None:
    with pytest.raises(InvalidArgumentError, match="most: from 1 to 100"):
        await engine.analytics(most=0)
