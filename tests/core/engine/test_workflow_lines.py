"""Lines of many logs in one order, a few at a time, and exactly on from wherever a reader stood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import InvalidArgumentError, WorkflowLogCursor, new_job_id
from core.engine.unread import Unread
from core.engine.workflow_lines import MergedLines, Source
from core.logs.hub import LogHub
from core.logs.search import LogPattern
from core.records.log import LogCursor, LogFrame

if TYPE_CHECKING:
    from pathlib import Path

    from core import NodeLine

T0 = datetime(2026, 1, 2, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def hub(tmp_path: Path) -> LogHub:
    return LogHub(tmp_path / "logs")


def at(second: float) -> datetime:
    return T0 + timedelta(seconds=second)


async def printed(hub: LogHub, log_id: str, *seconds: float, attempt: int = 1) -> None:
    """Lines of a log, each with its second as text."""
    frames = [
        LogFrame(1, at(second).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode(), f"{second:g}\n".encode())
        for second in seconds
    ]
    async with hub.recorder(log_id, attempt, max_bytes=1 << 20, max_lines=1 << 20) as recorder:
        await anyio.to_thread.run_sync(recorder.write, frames)


def source(number: int, log_id: str, start: float | None, *, ended: float | None = None) -> Source:
    """A log of a job with one attempt; still written to unless it has ended."""
    return Source(
        number,
        log_id,
        f"n{number}",
        log_id,
        0 if start is None else 1,
        ended is not None,
        None if start is None else at(start),
        None if ended is None else at(ended),
    )


def texts(lines: tuple[NodeLine, ...]) -> list[str]:
    return [each.line.text for each in lines]


async def everything(merged: MergedLines, portion: int = 1000) -> list[str]:
    found: list[str] = []
    while True:
        taken = await merged.take(portion, 1 << 20)
        found += texts(taken.lines)
        if taken.at_end:
            return found


async def test_lines_of_several_logs_come_by_time(hub: LogHub) -> None:
    a, b = new_job_id(), new_job_id()
    await printed(hub, a, 1, 4, 5)
    await printed(hub, b, 2, 3, 6)
    merged = MergedLines(hub, 1)
    merged.add(source(1, a, 0, ended=7))
    merged.add(source(2, b, 0, ended=7))
    merged.see(2)
    taken = await merged.take(1000, 1 << 20)
    assert [(each.node_id, each.line.text) for each in taken.lines] == [
        ("n1", "1"), ("n2", "2"), ("n2", "3"), ("n1", "4"), ("n1", "5"), ("n2", "6")
    ]  # fmt: skip
    assert (taken.at_end, merged.is_over, str(merged.cursor)) == (True, True, "1.2")


async def test_the_lines_of_one_log_keep_their_order_whatever_their_times_say(hub: LogHub) -> None:
    a, b = new_job_id(), new_job_id()
    await printed(hub, a, 5, 2, 9)
    await printed(hub, b, 3, 4)
    merged = MergedLines(hub, 1)
    merged.add(source(1, a, 0, ended=10))
    merged.add(source(2, b, 0, ended=10))
    assert await everything(merged) == ["3", "4", "5", "2", "9"]


async def test_a_log_is_opened_when_the_order_comes_to_its_start(hub: LogHub) -> None:
    ids = [new_job_id() for _ in range(50)]
    merged = MergedLines(hub, 1)
    for number, log_id in enumerate(ids, start=1):
        await printed(hub, log_id, number, number + 0.5)
        merged.add(source(number, log_id, number, ended=number + 0.9))
    merged.see(50)
    taken = await merged.take(21, 1 << 20)
    assert len(merged._open) <= 2
    assert texts(taken.lines)[-1] == "11"
    assert str(merged.cursor) == "1.50.11@1-2.12-50"
    assert len(await everything(merged)) == 79


async def test_attempts_of_a_job_follow_each_other(hub: LogHub) -> None:
    a = new_job_id()
    await printed(hub, a, 1, 2)
    await printed(hub, a, 3, attempt=2)
    merged = MergedLines(hub, 1)
    merged.add(replace(source(1, a, 0, ended=4), attempts=2))
    taken = await merged.take(1000, 1 << 20)
    assert [(each.attempt, each.line.text) for each in taken.lines] == [(1, "1"), (1, "2"), (2, "3")]


async def test_a_log_that_grows_is_read_on_and_a_silent_one_holds_nothing_up(hub: LogHub) -> None:
    loud, silent, late = new_job_id(), new_job_id(), new_job_id()
    await printed(hub, loud, 1)
    merged = MergedLines(hub, 1)
    merged.add(source(1, loud, 0))
    merged.add(source(2, silent, 0))
    merged.add(source(3, late, None))
    merged.see(3)
    assert await everything(merged) == ["1"]
    assert str(merged.cursor) == "1.3.1@1-2.2-3"
    await printed(hub, loud, 5)
    assert await everything(merged) == []
    merged.grew(loud)
    assert await everything(merged) == ["5"]
    await printed(hub, late, 4)
    merged.changed(late, attempts=1, is_final=True, started_at=at(3))
    merged.changed(silent, attempts=1, is_final=True, started_at=at(0))
    assert await everything(merged) == ["4"]
    assert not merged.is_over
    merged.changed(loud, attempts=1, is_final=True, started_at=at(0))
    assert await everything(merged) == []
    assert (merged.is_over, str(merged.cursor)) == (True, "1.3")


async def test_a_search_passes_over_what_does_not_match(hub: LogHub) -> None:
    a = new_job_id()
    await printed(hub, a, *range(1, 31))
    merged = MergedLines(hub, 1, pattern=LogPattern.compile("^2"))
    merged.add(source(1, a, 0, ended=40))
    assert await everything(merged, 4) == ["2", *map(str, range(20, 30))]


async def test_only_lines_from_a_moment_on(hub: LogHub) -> None:
    early, late, long = new_job_id(), new_job_id(), new_job_id()
    await printed(hub, early, 1, 2)
    await printed(hub, late, 5, 6)
    await printed(hub, long, 1, 3, 7)
    merged = MergedLines(hub, 1, since=at(3))
    merged.add(source(1, early, 0, ended=2.5))
    merged.add(source(2, late, 4, ended=6))
    merged.add(source(3, long, 0, ended=8))
    assert await everything(merged) == ["3", "5", "6", "7"]


async def test_the_last_lines_of_all_are_found_without_reading_what_ended_long_before(hub: LogHub) -> None:
    ids = [new_job_id() for _ in range(30)]
    merged = MergedLines(hub, 1)
    for number, log_id in enumerate(ids, start=1):
        await printed(hub, log_id, number, number + 0.5)
        merged.add(source(number, log_id, number, ended=number + 0.6))
    going = new_job_id()
    await printed(hub, going, 10, 29.7)
    merged.add(source(31, going, 5))
    merged.see(31)
    assert texts(await merged.last(4, 1 << 20)) == ["29.5", "29.7", "30", "30.5"]
    assert str(merged.cursor) == "1.31.31@1-3"
    await printed(hub, going, 40)
    merged.grew(going)
    assert await everything(merged) == ["40"]


async def test_no_last_lines_stand_at_the_end(hub: LogHub) -> None:
    done, going = new_job_id(), new_job_id()
    await printed(hub, done, 1)
    await printed(hub, going, 1, 2)
    merged = MergedLines(hub, 1)
    merged.add(source(1, done, 0, ended=2))
    merged.add(source(2, going, 0))
    merged.see(2)
    assert await merged.last(0, 1000) == ()
    assert str(merged.cursor) == "1.2.2@1-3"


async def test_the_place_of_a_log_without_a_line_yet_is_kept_by_its_last_lines(hub: LogHub) -> None:
    silent = new_job_id()
    merged = MergedLines(hub, 1)
    merged.add(source(1, silent, 0))
    merged.see(1)
    assert await merged.last(3, 1000) == ()
    assert str(merged.cursor) == "1.1.1"


async def test_a_budget_of_bytes_cuts_the_older_of_the_last_lines(hub: LogHub) -> None:
    a = new_job_id()
    await printed(hub, a, 1, 2, 3)
    merged = MergedLines(hub, 1)
    merged.add(source(1, a, 0, ended=4))
    assert texts(await merged.last(3, 2)) == ["2", "3"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    logs=st.lists(st.lists(st.integers(0, 30), max_size=5), min_size=1, max_size=6),
    portion=st.integers(1, 7),
)
async def test_a_reader_that_comes_back_with_a_cursor_misses_nothing_and_sees_nothing_twice(
    hub: LogHub, logs: list[list[int]], portion: int
) -> None:
    ids = [new_job_id() for _ in logs]
    for log_id, seconds in zip(ids, logs, strict=True):
        await printed(hub, log_id, *seconds)

    def opened(cursor: WorkflowLogCursor | None) -> MergedLines:
        merged = MergedLines(hub, 1)
        for number, (log_id, seconds) in enumerate(zip(ids, logs, strict=True), start=1):
            if cursor is not None and cursor.passes(number):
                merged.pass_over(number)
            else:
                found = source(number, log_id, min(seconds, default=0), ended=31)
                merged.add(found, cursor.places.get(number) if cursor else None)
            merged.see(number)
        return merged

    whole = await everything(opened(None))
    pieces: list[str] = []
    cursor: WorkflowLogCursor | None = None
    while True:
        merged, cursors = opened(cursor), list[str]()
        taken = await merged.take(portion, 1 << 20, cursors)
        assert len(cursors) == len(taken.lines)
        pieces += texts(taken.lines)[:1] if cursors else []
        if not cursors:
            break
        cursor = WorkflowLogCursor.parse(cursors[0])
    assert pieces == whole
    assert len(whole) == sum(map(len, logs))


@pytest.mark.parametrize(
    "text", ["1.0", "2.7", "1.7.3@1-42.5-6", "1.9.0@2-1.4@1-3.1-3", "3.12.12", "1.40.7.9-40", "999999.999999999.1-2"]
)
def test_a_cursor_is_read_as_it_was_written(text: str) -> None:
    assert str(WorkflowLogCursor.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "0.1",
        "1.1.2@1-1",
        "1.1.2",
        "1.5.4-3",
        "1.5.1@1-0",
        "a.b",
        "1.5.",
        "1.5..3",
        "1.2.1@1",
        "1." + "9" * 9000,
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="cursor"):
        WorkflowLogCursor.parse(text)


def test_a_cursor_says_what_is_wanted_of_a_job_no_more() -> None:
    cursor = WorkflowLogCursor(1, 9, {4: LogCursor(1, 3)}, ((6, 7),))
    assert [number for number in range(1, 12) if not cursor.passes(number)] == [4, 6, 7, 10, 11]


@given(st.sets(st.integers(1, 60)), st.lists(st.integers(1, 60)))
def test_what_is_unread_is_told_as_stretches(numbers: set[int], struck: list[int]) -> None:
    unread, left = Unread(), set(numbers)
    for number in sorted(numbers):
        unread.add(number)
    for number in struck:
        unread.strike(number)
        left.discard(number)
        found = {each for first, last in unread.stretches() for each in range(first, last + 1)}
        assert found & numbers == left
        assert all(first in left and last in left for first, last in unread.stretches())
