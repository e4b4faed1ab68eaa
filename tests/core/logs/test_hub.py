from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core.errors import JobNotFoundError
from core.ids import new_job_id
from core.logs import hub as hub_module
from core.logs.hub import LogHub
from core.logs.search import LogPattern
from core.records.log import LogFrame, LogLine

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from core.logs.recorder import LogGrowth, LogRecorder

TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def hub(tmp_path: Path) -> LogHub:
    return LogHub(tmp_path / "logs")


def recording(hub: LogHub, job_id: str) -> AbstractAsyncContextManager[LogRecorder]:
    return hub.recorder(job_id, 1, token=TOKEN, max_bytes=1 << 30, max_lines=1 << 30)


def frames(*numbers: int) -> list[LogFrame]:
    return [LogFrame(1, b"2026-01-02T03:04:05.%09dZ" % number, b"line %d\n" % number) for number in numbers]


async def write(recorder: LogRecorder, *numbers: int) -> None:
    assert await anyio.to_thread.run_sync(recorder.write, frames(*numbers))


async def test_what_was_recorded_is_read_searched_and_deleted(hub: LogHub) -> None:
    job_id = new_job_id()
    async with recording(hub, job_id) as recorder:
        await write(recorder, 1, 2, 3)
    assert [line.text for line in (await hub.read(job_id, 1, 2)).lines] == ["line 2", "line 3"]
    assert [line.text for line in (await hub.tail(job_id, 1, 1)).lines] == ["line 3"]
    assert (await hub.search(job_id, 1, LogPattern.compile("2$"))).matched == (2,)
    assert await hub.total_lines(job_id, 1) == 3
    moment = (await hub.read(job_id, 1, 3)).lines[0].at
    assert await hub.first_line_at_or_after(job_id, 1, moment) == 1
    await hub.delete(job_id)
    await hub.delete(job_id)
    assert await hub.total_lines(job_id, 1) == 0


async def test_a_name_that_is_no_job_id_reaches_no_file(hub: LogHub) -> None:
    with pytest.raises(JobNotFoundError):
        await hub.read("../../etc", 1, 1)
    with pytest.raises(JobNotFoundError):
        await hub.delete("..")


async def test_growth_wakes_a_reader_within_200_ms(hub: LogHub) -> None:
    job_id = new_job_id()
    took: list[float] = []

    async def wait(lines: int, began: list[float]) -> None:
        assert await hub.wait_for_growth(job_id, 1, lines, None)
        took.append(time.monotonic() - began[0])

    with anyio.fail_after(60):
        async with recording(hub, job_id) as recorder:
            await write(recorder, 1)
            for lines in range(1, 11):  # where others compute too, some may be late
                began: list[float] = []
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(wait, lines, began)
                    await anyio.wait_all_tasks_blocked()
                    began.append(time.monotonic())
                    await write(recorder, lines + 1)
    assert min(took) < 0.2


async def test_waiting_ends_at_its_time_limit_and_when_nothing_will_come(hub: LogHub) -> None:
    job_id = new_job_id()
    assert not await hub.wait_for_growth(job_id, 1, 0, 0.01)
    await hub.finish(job_id, 1)
    with anyio.fail_after(60):
        assert await hub.wait_for_growth(job_id, 1, 0, None)


async def test_following_gives_every_line_once_until_the_log_is_closed_for_good(hub: LogHub) -> None:
    job_id = new_job_id()
    seen: list[int] = []
    halfway = anyio.Event()

    async def follow() -> None:
        async for lines in hub.follow(job_id, 1, 3):
            seen.extend(line.number for line in lines)
            if 5 in seen:
                halfway.set()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            async with recording(hub, job_id) as recorder:
                await write(recorder, 1, 2, 3, 4, 5)
                await halfway.wait()
                await write(recorder, 6)
                unended = LogFrame(1, frames(7)[0].at, b"no newline")
                await anyio.to_thread.run_sync(recorder.write, [unended])
            await hub.finish(job_id, 1)
    assert seen == [3, 4, 5, 6, 7]
    assert [line.text async for lines in hub.follow(job_id, 1, 7) for line in lines] == ["no newline"]


async def test_a_finished_attempt_that_never_ran_has_an_empty_log_that_ends(hub: LogHub) -> None:
    job_id = new_job_id()
    seen: list[tuple[LogLine, ...]] = []

    async def follow() -> None:
        seen.extend([lines async for lines in hub.follow(job_id, 1)])

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            await anyio.wait_all_tasks_blocked()
            await hub.finish(job_id, 1)
    assert seen == []
    await hub.finish(job_id, 1)


async def test_who_comes_while_the_end_of_a_log_is_written_comes_to_that_end(hub: LogHub) -> None:
    job_id, may_write = new_job_id(), threading.Event()

    async def follow() -> None:
        assert [lines async for lines in hub.follow(job_id, 1)] == []

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for _ in range(hub_module._WRITERS):  # pyright: ignore[reportPrivateUsage] - all that may write
                tasks.start_soon(hub.run, may_write.wait)
            tasks.start_soon(hub.finish, job_id, 1)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(follow)
            await anyio.wait_all_tasks_blocked()
            assert (await hub.read(job_id, 1, 1)).at_end
            await anyio.wait_all_tasks_blocked()
            may_write.set()


async def test_finishing_closes_a_recorder_that_is_still_open(hub: LogHub) -> None:
    job_id = new_job_id()
    async with recording(hub, job_id) as recorder:
        await write(recorder, 1)
        await hub.finish(job_id, 1)
        assert not await anyio.to_thread.run_sync(recorder.write, frames(2))
    assert [line.number async for lines in hub.follow(job_id, 1) for line in lines] == [1]


async def test_a_fresh_log_has_no_file_until_there_is_a_line(hub: LogHub, tmp_path: Path) -> None:
    job_id = new_job_id()
    async with hub.recorder(job_id, 1, max_bytes=1 << 20, max_lines=10, is_fresh=True) as recorder:
        assert recorder.resume_position() is None
        assert not (tmp_path / "logs").exists()
        await write(recorder, 1)
        assert [line.text for line in (await hub.read(job_id, 1, 1)).lines] == ["line 1"]
        await hub.finish(job_id, 1)
    part = await hub.read(job_id, 1, 1)
    assert ([line.text for line in part.lines], part.ended) == (["line 1"], True)


async def test_a_fresh_log_that_was_never_written_to_is_empty_and_ends(hub: LogHub) -> None:
    job_id = new_job_id()
    async with hub.recorder(job_id, 1, max_bytes=1 << 20, max_lines=10, is_fresh=True) as recorder:
        await hub.finish(job_id, 1)
        assert recorder.is_closed
    with anyio.fail_after(30):
        assert [lines async for lines in hub.follow(job_id, 1)] == []


async def test_a_fresh_log_that_broke_off_is_opened_again(hub: LogHub) -> None:
    job_id = new_job_id()
    async with hub.recorder(job_id, 1, max_bytes=1 << 20, max_lines=10, is_fresh=True) as recorder:
        await write(recorder, 1)
    async with hub.recorder(job_id, 1, max_bytes=1 << 20, max_lines=10) as recorder:
        assert recorder.lines == 1
        await write(recorder, 1, 2)
    assert [line.text for line in (await hub.read(job_id, 1, 1)).lines] == ["line 1", "line 2"]


async def test_a_log_reopened_after_a_crash_is_followed_on(hub: LogHub) -> None:
    job_id = new_job_id()
    async with recording(hub, job_id) as recorder:
        await write(recorder, 1, 2)
    with anyio.fail_after(60):
        async with recording(hub, job_id) as recorder:
            await hub.run(recorder.mark_incomplete, "the engine was away")
            assert recorder.resume_position() is None
            await write(recorder, 1, 2, 3)
        await hub.finish(job_id, 1)
        texts = [line.text async for lines in hub.follow(job_id, 1) for line in lines]
    assert texts == ["line 1", "line 2", "[output may be missing here: the engine was away]", "line 3"]


async def test_two_hundred_readers_of_one_log_all_see_every_line(hub: LogHub) -> None:
    job_id = new_job_id()
    seen: list[list[int]] = [[] for _ in range(200)]

    async def follow(numbers: list[int]) -> None:
        async for lines in hub.follow(job_id, 1):
            numbers.extend(line.number for line in lines)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for numbers in seen:
                tasks.start_soon(follow, numbers)
            async with recording(hub, job_id) as recorder:
                for batch in range(50):
                    await write(recorder, *range(batch * 20 + 1, batch * 20 + 21))
            await hub.finish(job_id, 1)
    assert all(numbers == [*range(1, 1001)] for numbers in seen)


async def test_growth_is_told_on_the_loop_no_more_often_than_every_20_ms(hub: LogHub) -> None:
    job_id = new_job_id()
    told: list[LogGrowth] = []
    complete = anyio.Event()

    def note(growth: LogGrowth) -> None:
        told.append(growth)
        if growth.lines == 300 and any(growth.steps_changed for growth in told):
            complete.set()

    marker = LogFrame(1, frames(1)[0].at, f"\x1e{TOKEN} b 0 1.0\n".encode())
    with anyio.fail_after(60):
        async with hub.recorder(
            job_id, 1, token=TOKEN, max_bytes=1 << 30, max_lines=1 << 30, on_growth=note
        ) as recorder:
            began = time.monotonic()
            await anyio.to_thread.run_sync(recorder.write, [marker])
            for number in range(1, 301):
                await write(recorder, number)
            await complete.wait()
            took = time.monotonic() - began
    assert len(told) <= took / 0.02 + 2
    assert told[-1].lines == 300


async def test_growth_that_comes_on_the_loop_is_told_after_the_write_as_one_from_a_thread_is(hub: LogHub) -> None:
    told: list[LogGrowth] = []
    begun, ended = (
        LogFrame(1, b"2026-01-02T03:04:05.%09dZ" % number, f"\x1e{TOKEN} {what} 1.0\n".encode())
        for number, what in enumerate(("b 0", "e 0 0"))
    )
    with anyio.fail_after(60):
        async with hub.recorder(
            new_job_id(), 1, token=TOKEN, max_bytes=1 << 30, max_lines=1 << 30, on_growth=told.append, is_fresh=True
        ) as recorder:
            recorder.write([begun])  # nothing is written to a file for a mark alone
            assert told == []
            await anyio.wait_all_tasks_blocked()
            assert told == [(0, True)]
            await anyio.to_thread.run_sync(recorder.write, [ended])
    assert told == [(0, True), (0, True)]


async def test_nothing_is_remembered_of_logs_nobody_attends_to(hub: LogHub) -> None:
    job_id = new_job_id()
    async with recording(hub, job_id) as recorder:
        await write(recorder, 1)
    await hub.wait_for_growth(job_id, 1, 1, 0.001)
    await hub.finish(job_id, 1)
    assert hub._lives == {}


async def test_a_log_with_nothing_but_marks_of_steps_makes_no_file_and_its_followers_hear_of_its_end(
    hub: LogHub, tmp_path: Path
) -> None:
    job_id = new_job_id()
    marks = [
        LogFrame(1, b"2026-01-02T03:04:05.%09dZ" % number, f"\x1e{TOKEN} {what} 1.00\n".encode())
        for number, what in enumerate(("b 0", "e 0 0"))
    ]
    with anyio.fail_after(60):
        async with (
            hub.recorder(job_id, 1, token=TOKEN, max_bytes=1 << 30, max_lines=1 << 30, is_fresh=True) as recorder,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(until_end, hub, job_id)
            await anyio.to_thread.run_sync(recorder.write, marks)
            assert [step.exit_code for step in recorder.steps] == [0]
            await hub.finish(job_id, 1)
        assert not (tmp_path / "logs" / job_id).exists()
        await until_end(hub, job_id)  # who looked at the job a moment ago
        assert await hub.wait_for_growth(job_id, 1, 0, None)
        async for _ in LogHub(tmp_path / "logs").follow(job_id, 1, is_over=True):  # after a restart
            pytest.fail("there is no line")


async def test_marks_of_steps_wait_for_the_first_line_and_stand_before_it(hub: LogHub) -> None:
    job_id = new_job_id()
    async with hub.recorder(job_id, 1, token=TOKEN, max_bytes=1 << 30, max_lines=1 << 30, is_fresh=True) as recorder:
        mark = LogFrame(1, b"2026-01-02T03:04:05.000000000Z", f"\x1e{TOKEN} b 0 1.00\n".encode())
        await anyio.to_thread.run_sync(recorder.write, [mark])
        await write(recorder, 1, 2)
        await hub.finish(job_id, 1)
    assert [line.text for line in (await hub.read(job_id, 1, 1, step=0)).lines] == ["line 1", "line 2"]


async def until_end(hub: LogHub, job_id: str) -> None:
    async for _ in hub.follow(job_id, 1):
        pytest.fail("there is no line")
