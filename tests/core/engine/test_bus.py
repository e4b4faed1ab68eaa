"""News within the process."""

from __future__ import annotations

import anyio
import pytest

from core.engine.bus import Bus
from core.records.event import JobChanged, LogGrew, ProgressChanged
from core.testing.factories import a_job


def changed(job_id: str, version: int, *, status_changed: bool = False) -> JobChanged:
    return JobChanged(a_job(job_id=job_id, version=version), status_changed)


def test_a_listener_takes_what_was_told_in_order() -> None:
    bus = Bus()
    with bus.subscribe() as news:
        bus.log_grew("a", 1, 10)
        bus.progress("a", "pulling")
        bus.publish(changed("b", 1))
        assert [type(event) for event in news.take()] == [LogGrew, ProgressChanged, JobChanged]
        assert news.take() == ()


def test_a_slow_listener_finds_the_latest_of_each_kind_and_job() -> None:
    bus = Bus()
    with bus.subscribe() as news:
        for lines in range(1000):
            bus.log_grew("a", 1, lines)
            bus.progress("a", str(lines))
            bus.log_grew("b", 1, lines)
        assert news.take() == (LogGrew("a", 1, 999), ProgressChanged("a", "999"), LogGrew("b", 1, 999))


def test_what_was_replaced_takes_its_place_at_the_end() -> None:
    bus = Bus()
    with bus.subscribe() as news:
        bus.log_grew("a", 1, 1)
        bus.log_grew("b", 1, 1)
        bus.log_grew("a", 1, 2)
        assert news.take() == (LogGrew("b", 1, 1), LogGrew("a", 1, 2))


def test_a_status_that_moved_is_not_forgotten_over_a_later_small_change() -> None:
    bus = Bus()
    with bus.subscribe() as news:
        bus.publish(changed("a", 1, status_changed=True))
        bus.publish(changed("a", 2))
        bus.publish(changed("b", 1))
        first, second = news.take()
    assert isinstance(first, JobChanged)
    assert isinstance(second, JobChanged)
    assert (first.job.version, first.status_changed) == (2, True)
    assert not second.status_changed


def test_a_listener_to_some_jobs_hears_of_no_other() -> None:
    bus = Bus()
    with bus.subscribe(["a"]) as news:
        bus.publish(changed("b", 1))
        bus.log_grew("c", 1, 1)
        bus.publish(changed("a", 1))
        assert len(news.take()) == 1


@pytest.mark.parametrize("ids", [None, ["a"]])
def test_a_listener_to_some_kinds_of_events_hears_of_no_other(ids: list[str] | None) -> None:
    bus = Bus()
    with bus.subscribe(ids, kinds=(LogGrew, ProgressChanged)) as news, bus.subscribe(ids) as all_news:
        bus.publish(changed("a", 1))
        bus.log_grew("a", 1, 10)
        bus.progress("a", "pulling")
        assert [type(event) for event in news.take()] == [LogGrew, ProgressChanged]
        assert len(all_news.take()) == 3


def test_every_listener_hears_the_same() -> None:
    bus = Bus()
    with bus.subscribe() as one, bus.subscribe() as other:
        bus.progress("a", "x")
        assert one.take() == other.take() == (ProgressChanged("a", "x"),)


def test_a_listener_that_leaves_takes_nobody_elses_news_away() -> None:
    bus = Bus()
    with bus.subscribe(["a"]) as stays:
        with bus.subscribe(["a"]):
            pass
        bus.progress("a", "x")
        assert stays.take() == (ProgressChanged("a", "x"),)


def test_nothing_is_kept_before_and_after_listening() -> None:
    bus = Bus()
    bus.progress("a", "before")
    bus.log_grew("a", 1, 1)
    with bus.subscribe() as news:
        pass
    bus.progress("a", "after")
    assert news.take() == ()


def test_no_progress_is_an_empty_text() -> None:
    bus = Bus()
    with bus.subscribe() as news:
        bus.progress("a", None)
        assert news.take() == (ProgressChanged("a", ""),)


def test_a_listener_that_fails_stops_listening() -> None:
    bus = Bus()
    news = bus.subscribe()
    with pytest.raises(RuntimeError), news:
        raise RuntimeError
    bus.progress("a", "x")
    assert news.take() == ()


async def test_a_listener_that_waits_is_woken_by_the_next_event_and_only_by_its_own() -> None:
    bus = Bus()
    heard: list[object] = []

    async def listen(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        with bus.subscribe(["a"]) as news:
            task_status.started()
            async for event in news:
                heard.append(event)
                if len(heard) == 2:
                    return

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            await tasks.start(listen)
            bus.log_grew("b", 1, 1)
            await anyio.wait_all_tasks_blocked()
            assert heard == []
            bus.log_grew("a", 1, 1)
            await anyio.wait_all_tasks_blocked()
            bus.log_grew("a", 1, 2)
    assert heard == [LogGrew("a", 1, 1), LogGrew("a", 1, 2)]


async def test_waiting_returns_at_once_when_something_is_there_already() -> None:
    bus = Bus()
    with anyio.fail_after(60), bus.subscribe() as news:
        bus.progress("a", "x")
        await news.wait()
        await news.wait()
        assert await anext(news) == ProgressChanged("a", "x")


async def test_a_listener_that_was_cancelled_misses_nothing_when_it_listens_again() -> None:
    bus = Bus()
    with bus.subscribe() as news:
        with anyio.move_on_after(0):
            await anext(news)
        bus.progress("a", "x")
        with anyio.fail_after(60):
            assert await anext(news) == ProgressChanged("a", "x")
