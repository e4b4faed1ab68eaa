"""What an engine promised is kept by the next one."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core import (
    BackendError,
    EngineSettings,
    FailureKind,
    JobEvent,
    JobPhase,
    JobStatus,
    QueueSettings,
    open_engine,
)
from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB
from core.backends.simulated.backend import SimulatedBackend
from core.testing.clock import MovingClock
from core.testing.factories import a_container_request, a_job_spec
from tests.core.engine.breaking import (
    UP,
    BreakingBackend,
    a_job_that_stays,
    end_of,
    is_done,
    submit,
    texts,
    until,
    until_up,
)

if TYPE_CHECKING:
    from pathlib import Path


# --- an engine's death


@pytest.mark.fault("F11")
async def test_jobs_run_on_when_their_engine_closes(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        await until_up(engine, await submit(engine, a_job_that_stays()))
    assert [state.phase for state in await backend.list_owned(engine.home_id)] == ["running"]


async def test_a_retry_waits_out_its_time_over_a_restart(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    spec = a_job_spec(command=("sh", "-c", "exit 1"), retries=1, retry_delay_s=100)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        job_id = await submit(engine, spec)
        job = await until(engine, job_id, lambda job: job.not_before is not None)
        assert job.not_before == clock.now() + timedelta(seconds=100)
    clock.advance(60)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        with anyio.fail_after(60):
            await clock.until_sleeping(4)  # the gate, the sweeps, the line
        place = engine.queue_place(job_id)
        assert place is not None
        assert place.reason == "waiting 40 s before the next attempt"
        clock.advance(40)
        job = await end_of(engine, job_id)
    assert (job.status, job.attempt_number) == (JobStatus.FAILED, 2)


async def test_a_steps_time_limit_goes_on_over_a_restart(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    steps = [{"run": "echo up; sleep 60", "timeout_s": 1}]
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec(commands=steps, cancel_grace_s=0))
        await until_up(engine, job_id)
    async with open_engine(settings, backend=backend) as engine:
        job = await end_of(engine, job_id)
    assert job.failure is not None
    assert (job.status, job.failure.step, job.attempt_number) == (JobStatus.TIMED_OUT, 0, 1)


async def test_the_line_keeps_its_order_over_a_restart(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", queue=QueueSettings(max_running=1))
    backend = SimulatedBackend()
    backend.go_away()
    async with open_engine(settings, backend=backend) as engine:
        ids = [await submit(engine, a_job_spec(priority=priority)) for priority in (0, 5, 0, 5)]
    backend.come_back()
    async with open_engine(settings, backend=backend) as engine:
        for job_id in ids:
            await end_of(engine, job_id)
        starts = {job_id: (await engine.history(job_id))[1].at for job_id in ids}
    assert sorted(ids, key=starts.__getitem__) == [ids[1], ids[3], ids[0], ids[2]]


async def test_a_job_taken_up_counts_against_the_limit(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", queue=QueueSettings(max_running=1))
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        first = await submit(engine, a_job_that_stays())
        await until_up(engine, first)
        second = await submit(engine, a_job_spec())
    async with open_engine(settings, backend=backend) as engine:
        assert (await engine.status()).slots["jobs"].used == 1
        await engine.cancel_job(first, grace_s=0)
        await end_of(engine, first)
        await end_of(engine, second)
        ended = (await engine.history(first))[-1].at
        assert (await engine.history(second))[1].at >= ended


async def test_a_job_whose_engine_died_before_it_had_a_container_starts_over(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec(image="slow/image"))
        await until(engine, job_id, lambda job: job.status is JobStatus.RUNNING)
    async with open_engine(settings, backend=backend) as engine:
        job = await end_of(engine, job_id)
    assert (job.status, job.attempt_number) == (JobStatus.SUCCESS, 1)


async def test_a_container_that_ran_needs_no_registry_to_be_taken_up(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    spec = a_job_that_stays().model_copy(update={"image": "slow/image", "pull": "always"})
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
    backend.images._local.clear()
    backend.images._by_id.clear()
    async with open_engine(settings, backend=backend) as engine:
        await engine.cancel_job(job_id)
        job = await end_of(engine, job_id)
        assert await texts(engine, job_id) == [UP]
    assert (job.status, job.exit_code) == (JobStatus.CANCELLED, 143)
    assert backend.images.pulls["slow/image"] == 1


async def test_a_container_that_was_taken_away_between_two_engines_is_lost(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_that_stays())
        await until_up(engine, job_id)
        attempt = (await engine.get_job(job_id)).attempt
    assert attempt is not None
    backend.vanish(attempt.container_name)
    async with open_engine(settings, backend=backend) as engine:
        job = await end_of(engine, job_id)
        assert await texts(engine, job_id) == [UP]
    assert job.attempt is not None
    assert job.failure is not None
    assert job.failure.kind is FailureKind.CONTAINER_LOST
    assert not job.attempt.log.complete


async def test_a_lost_container_is_followed_by_another_attempt_if_one_is_left(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    spec = a_job_spec(command=("sh", "-c", f"echo {UP}; sleep 1"), retries=1, retry_delay_s=0)
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
        attempt = (await engine.get_job(job_id)).attempt
        assert attempt is not None
        backend.vanish(attempt.container_name)
        job = await end_of(engine, job_id)
        first = (await engine.attempts(job_id))[0]
    assert first.failure is not None
    assert (job.status, job.attempt_number, first.failure.kind) == (
        JobStatus.SUCCESS,
        2,
        FailureKind.CONTAINER_LOST,
    )


# --- time limits while no engine runs


@pytest.mark.fault("F9", "F10")
@pytest.mark.parametrize(
    ("seconds", "status", "code"),
    [(60, JobStatus.TIMED_OUT, 143), (15, JobStatus.TIMED_OUT, 0), (5, JobStatus.SUCCESS, 0)],
    ids=["still runs", "ended after its limit", "ended within its limit"],
)
async def test_a_time_limit_that_passes_while_no_engine_runs_holds(
    settings: EngineSettings, seconds: int, status: JobStatus, code: int
) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    spec = a_job_spec(command=("sh", "-c", f"echo {UP}; sleep {seconds}"), timeout_s=10)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
        await until(engine, job_id, lambda job: job.attempt is not None and job.attempt.phase is JobPhase.RUNNING)
    clock.advance(20)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        job = await end_of(engine, job_id)
    assert (job.status, job.exit_code) == (status, code)


@pytest.mark.parametrize("cause", [JobStatus.TIMED_OUT, JobStatus.CANCELLED])
async def test_a_stop_whose_engine_died_before_it_saw_the_end_keeps_its_cause(
    settings: EngineSettings, cause: JobStatus
) -> None:
    backend = BreakingBackend("stop", done=True)
    limit = 0.3 if cause is JobStatus.TIMED_OUT else 600
    spec = a_job_that_stays().model_copy(update={"timeout_s": limit})
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
        if cause is JobStatus.CANCELLED:
            await engine.cancel_job(job_id)
        with anyio.fail_after(60):
            await backend.broke.wait()
    backend.come_back()
    async with open_engine(settings, backend=backend) as engine:
        job = await end_of(engine, job_id)
    assert (job.status, job.exit_code) == (cause, 143)


# --- leftovers


@pytest.mark.fault("F13", "F54")
async def test_the_sweep_removes_old_leftovers_of_this_home_and_nothing_else(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        job_id = await submit(engine, a_job_that_stays())
        await until_up(engine, job_id)
    home, jobs = engine.home_id, {LABEL_JOB: job_id, LABEL_ATTEMPT: "1"}
    ours = await backend.list_owned(home)

    async def made(**labels: str) -> str:
        names = {"home": LABEL_HOME, "job": LABEL_JOB, "attempt": LABEL_ATTEMPT}
        request = a_container_request(labels={names[key]: value for key, value in labels.items()})
        return (await backend.create(request)).container_id

    unknown, stale = await made(home=home, job="job-unknown"), await made(home=home, job=job_id, attempt="0")
    spared = [await made(home="another"), await made(job=jobs[LABEL_JOB]), ours[0].container_id]
    clock.advance(60)
    young = await made(home=home, job="job-unknown")
    async with open_engine(settings, backend=backend, clock=clock):
        with anyio.fail_after(60):
            await clock.until_sleeping(6)  # the gate, the sweeps; of the job its time, end and output
    left = {container_id for container_id in (unknown, stale, young, *spared) if await backend.inspect(container_id)}
    assert left == {young, *spared}


async def test_a_container_that_could_not_be_removed_goes_with_the_next_engine(settings: EngineSettings) -> None:
    backend = BreakingBackend("pull")
    backend.broke.set()
    backend.refusal = BackendError("The container engine refused: device busy")
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec())
        assert (await end_of(engine, job_id)).status is JobStatus.SUCCESS
        assert (await end_of(engine, await submit(engine, a_job_spec()))).status is JobStatus.SUCCESS
    async with open_engine(settings, backend=backend) as engine:
        await until(engine, job_id, is_done)


# --- a store that cannot be written


async def test_a_store_that_refuses_for_a_while_delays_a_job_and_loses_nothing(settings: EngineSettings) -> None:
    clock = MovingClock()

    def tell_store(statement: str) -> None:
        with sqlite3.connect(settings.home / "orcaops.db") as connection:
            connection.execute(statement)
        connection.close()

    refuse = "CREATE TRIGGER full BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'refused for the test'); END"
    async with open_engine(settings, clock=clock) as engine:
        with anyio.fail_after(60):
            await clock.until_sleeping(3)  # the gate and the sweeps
            await anyio.to_thread.run_sync(tell_store, refuse)
            job_id = await submit(engine, a_job_spec())
            await clock.until_sleeping(4)  # and who tries again
        await anyio.to_thread.run_sync(tell_store, "DROP TRIGGER full")
        clock.advance(1)
        job = await end_of(engine, job_id)
        assert [change.event for change in await engine.history(job_id)] == [None, JobEvent.START, JobEvent.SUCCEED]
    assert job.status is JobStatus.SUCCESS
