"""What a wait for jobs can be for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import InvalidArgumentError, JobStatus
from core.testing.factories import a_job_spec
from tests.core.engine.breaking import a_job_that_stays, end_of, submit

if TYPE_CHECKING:
    from core import Engine

FAILING = a_job_spec(command=("sh", "-c", "exit 1"))


async def test_the_first_that_ends_ends_a_wait_for_any(engine: Engine) -> None:
    ids = [await submit(engine, a_job_that_stays()), await submit(engine, a_job_spec())]
    with anyio.fail_after(60):
        result = await engine.wait(ids, until="any_done")
    assert (result.met, [job.is_finished for job in result.jobs]) == (True, [False, True])


async def test_the_first_failure_ends_a_wait_for_one(engine: Engine) -> None:
    ids = [await submit(engine, a_job_that_stays()), await submit(engine, FAILING)]
    with anyio.fail_after(60):
        result = await engine.wait(ids, until="first_failure")
    assert (result.met, result.jobs[1].status) == (True, JobStatus.FAILED)


async def test_a_wait_for_a_failure_that_can_no_longer_come_ends_unmet(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec())
    with anyio.fail_after(60):
        assert not (await engine.wait([job_id], until="first_failure")).met


async def test_a_wait_for_a_line_names_the_job_that_printed_it(engine: Engine) -> None:
    ids = [await submit(engine, a_job_spec(command=("echo", word))) for word in ("red", "green")]
    with anyio.fail_after(60):
        result = await engine.wait(ids, until="log_match", pattern="gr[e]+n")
    assert result.match is not None
    assert (result.met, result.match.text, result.match_job_id) == (True, "green", ids[1])


async def test_a_wait_for_a_line_that_no_job_printed_ends_with_the_jobs(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec())
    with anyio.fail_after(60):
        result = await engine.wait([job_id], until="log_match", pattern="never")
    assert (result.met, result.match, result.jobs[0].status) == (False, None, JobStatus.SUCCESS)


async def test_a_wait_for_a_line_needs_a_pattern(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec())
    with pytest.raises(InvalidArgumentError, match="pattern"):
        await engine.wait([job_id], until="log_match")


async def test_a_wait_for_a_change_ends_with_a_newer_version(engine: Engine) -> None:
    job_id = await submit(engine, a_job_that_stays())
    job = await engine.get_job(job_id)
    with anyio.fail_after(60):
        result = await engine.wait([job_id], since_version=job.version)
    assert result.met
    assert result.jobs[0].version > job.version


async def test_a_wait_that_runs_out_of_time_says_how_things_are(engine: Engine) -> None:
    job_id = await submit(engine, a_job_that_stays())
    result = await engine.wait([job_id], timeout_s=0.05)
    assert (result.met, result.jobs[0].is_finished) == (False, False)


async def test_a_finished_job_needs_no_wait(engine: Engine) -> None:
    job_id = await submit(engine, FAILING)
    await end_of(engine, job_id)
    with anyio.fail_after(60):
        assert (await engine.wait([job_id])).met
