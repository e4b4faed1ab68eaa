"""Somebody else ends, pauses, restarts or removes a job's container: the cause is told, and nothing else is touched."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core import DockerSettings, EngineSettings, FailureKind, JobStatus, open_engine
from tests.end_to_end.conftest import everything_is_settled
from tests.faults.doing import container_of, do, end_of, kind_of, once_told, submit, until_printed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core import Engine
    from tests.faults.dockerd import Dockerd

pytestmark = pytest.mark.docker

STAYS = "echo up; sleep 100"
ONCE = "echo up; test ! -e /tmp/once || exit 0; touch /tmp/once; sleep 600"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    settings = EngineSettings(home=tmp_path / "home", docker=DockerSettings(reconcile_s=2))
    async with open_engine(settings) as engine:
        yield engine
        await everything_is_settled(engine)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.mark.fault("F24", "F25")
@pytest.mark.parametrize("steps", [False, True], ids=["command", "steps"])
async def test_who_removes_stops_kills_or_restarts_a_container_is_told_apart(engine: Engine, *, steps: bool) -> None:
    ways = {
        "rm --force": FailureKind.CONTAINER_LOST,
        "stop --time 5": FailureKind.SIGNAL,
        "kill": FailureKind.SIGNAL,
        "restart --time 5": FailureKind.TAMPERED,
    }
    jobs = {way: await submit(engine, ONCE, steps=steps) for way in ways}
    for job_id in jobs.values():
        await until_printed(engine, job_id)
    for way, job_id in jobs.items():
        await do(partial(docker, *way.split(), await container_of(engine, job_id)))
    for way, job_id in jobs.items():
        job = await end_of(engine, job_id, within_s=30)
        assert (way, job.status, kind_of(job)) == (way, JobStatus.FAILED, ways[way])
        assert job.failure is not None
        assert job.failure.retryable


@pytest.mark.fault("F25")
async def test_a_paused_container_still_runs_and_its_time_limit_holds(engine: Engine) -> None:
    job_id = await submit(engine, STAYS, timeout_s=8, cancel_grace_s=1)
    await until_printed(engine, job_id)
    await do(partial(docker, "pause", await container_of(engine, job_id)))
    assert not (await engine.get_job(job_id)).is_finished
    assert (await end_of(engine, job_id, within_s=60)).status is JobStatus.TIMED_OUT


@pytest.mark.fault("F28")
async def test_a_foreign_container_that_has_the_name_is_left_alone_and_the_attempt_fails_with_that(
    engine: Engine,
) -> None:
    job_id = await submit(engine, once_told("exit 1"), retries=1, retry_delay_s=0)
    await until_printed(engine, job_id)
    first = await container_of(engine, job_id)
    taken = f"{first.removesuffix('-1')}-2"
    foreign = await anyio.to_thread.run_sync(docker, "create", "--name", taken, "busybox:latest")
    try:
        await do(partial(docker, "kill", "--signal", "USR1", first))
        job = await end_of(engine, job_id)
        assert job.failure is not None
        assert (kind_of(job), job.attempt_number) == (FailureKind.START_ERROR, 2)
        assert f"There is a container named {taken} that is not ours." in job.failure.message
        await everything_is_settled(engine)
        assert await anyio.to_thread.run_sync(docker, "inspect", "--format", "{{.Id}}", taken) == foreign
    finally:
        await do(partial(docker, "rm", foreign))


@pytest.mark.slow
@pytest.mark.parametrize(
    "whose",
    [pytest.param("shim", marks=pytest.mark.fault("F22")), pytest.param("process", marks=pytest.mark.fault("F23"))],
)
async def test_a_container_whose_process_or_shim_is_killed_on_the_host_has_failed(
    away_settings: EngineSettings, dockerd: Dockerd, whose: str
) -> None:
    async with open_engine(away_settings) as engine:
        jobs = {steps: await submit(engine, STAYS, steps=steps) for steps in (False, True)}
        for job_id in jobs.values():
            await until_printed(engine, job_id)
            name = await container_of(engine, job_id)
            process = await anyio.to_thread.run_sync(getattr(dockerd, f"{whose}_of"), name)
            os.kill(process, signal.SIGKILL)
        for steps, job_id in jobs.items():
            job = await end_of(engine, job_id)
            # of a plain command nothing tells a kill from the code 137 that the program chose itself
            assert (job.status, job.exit_code) == (JobStatus.FAILED, 137)
            assert kind_of(job) is (FailureKind.SIGNAL if steps else FailureKind.EXIT)
            assert job.failure is not None
            assert steps or "SIGKILL" in job.failure.hint
        await everything_is_settled(engine)
