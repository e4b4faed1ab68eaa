"""Logs as callers read them through the engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from core import InvalidArgumentError, LogCursor, LogQuery
from core.backends.simulated.backend import SimulatedBackend
from core.compose import open_engine
from core.testing.factories import a_job_spec
from tests.core.engine.breaking import a_job_that_stays, end_of, submit, until_up

if TYPE_CHECKING:
    from core import Engine, EngineSettings

TWO_TRIES = a_job_spec(command=("sh", "-c", "echo try; sleep 0.2; echo again; exit 1"), retries=1, retry_delay_s=0)


async def test_a_job_that_never_ran_has_an_empty_log(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    backend.go_away()
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec())
        page = await engine.read_logs(job_id)
        assert (page.lines, page.at_end, page.done, page.attempt) == ((), True, False, 0)
        await engine.cancel_job(job_id)
        assert (await engine.read_logs(job_id)).done


async def test_an_attempt_that_does_not_exist_is_refused(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec())
    await end_of(engine, job_id)
    with pytest.raises(InvalidArgumentError, match="has had 1"):
        await engine.read_logs(job_id, LogQuery(attempt=2))


async def test_reading_on_by_cursor_goes_from_attempt_to_attempt(engine: Engine) -> None:
    job_id = await submit(engine, TWO_TRIES)
    await end_of(engine, job_id)
    cursor, seen = LogCursor(1, 1), list[tuple[int, str]]()
    while True:
        page = await engine.read_logs(job_id, LogQuery(cursor=cursor, max_lines=1))
        seen += [(page.attempt, line.text) for line in page.lines]
        if page.done:
            break
        cursor = page.next_cursor
    assert seen == [(1, "try"), (1, "again"), (2, "try"), (2, "again")]


async def test_only_lines_from_a_moment_on(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec(command=("sh", "-c", "echo early; sleep 0.3; echo late")))
    await end_of(engine, job_id)
    first, last = (await engine.read_logs(job_id)).lines
    assert first.at is not None
    page = await engine.read_logs(job_id, LogQuery(since=first.at + timedelta(milliseconds=100)))
    assert page.lines == (last,)


async def test_lines_that_look_like_errors_and_lines_that_match_are_found(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec(command=("sh", "-c", "echo fine; echo 'ERROR: broken'; echo fine")))
    await end_of(engine, job_id)
    errors = await engine.read_logs(job_id, LogQuery(errors_only=True))
    assert [line.text for line in errors.lines] == ["ERROR: broken"]
    matches = await engine.read_logs(job_id, LogQuery(pattern="^fine", max_lines=1))
    assert ([line.number for line in matches.lines], matches.at_end) == ([1], False)


async def test_a_tail_says_how_much_it_left_out(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec(command=("seq", "1", "5")))
    await end_of(engine, job_id)
    page = await engine.read_logs(job_id, LogQuery(tail=2))
    assert ([line.text for line in page.lines], page.skipped_lines) == (["4", "5"], 3)


async def test_a_wait_for_a_line_ends_with_the_line_the_time_or_the_job(engine: Engine) -> None:
    job_id = await submit(engine, a_job_that_stays())
    await until_up(engine, job_id)
    with anyio.fail_after(60):
        assert await engine.wait_for_log(job_id, LogCursor(1, 1), timeout_s=10)
        assert not await engine.wait_for_log(job_id, LogCursor(1, 2), timeout_s=0.05)
        await engine.cancel_job(job_id, grace_s=0)
        assert not await engine.wait_for_log(job_id, LogCursor(1, 2), timeout_s=20)


async def test_a_wait_for_a_line_goes_on_in_the_next_attempt(engine: Engine) -> None:
    job_id = await submit(engine, TWO_TRIES)
    with anyio.fail_after(60):
        await engine.wait([job_id], until="log_match", pattern="again")
        assert await engine.wait_for_log(job_id, LogCursor(1, 3), timeout_s=20)
        await engine.wait_for_job(job_id)


async def test_a_failure_is_summed_up_over_a_log_of_many_pages(engine: Engine) -> None:
    script = "seq 1 4500; echo 'ERROR: the disk is on fire'; exit 3"
    job_id = await submit(engine, a_job_spec(commands=["echo first", script]))
    await end_of(engine, job_id)
    summary = await engine.explain_failure(job_id)
    assert summary.step is not None
    assert (summary.step.index, summary.step.exit_code) == (1, 3)
    assert any("the disk is on fire" in line.text for line in summary.last_lines)
