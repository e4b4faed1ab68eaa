"""The Docker Engine is killed, ended, hung or not there: jobs wait or end with an honest cause, and OrcaOps goes on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core import FailureKind, JobStatus, open_engine
from tests.end_to_end.conftest import everything_is_settled, whole_log
from tests.faults.doing import container_of, do, end_of, kind_of, numbers, once_told, submit, tell, until_printed

if TYPE_CHECKING:
    from core import EngineSettings
    from tests.faults.dockerd import Dockerd

pytestmark = [pytest.mark.docker, pytest.mark.slow]

SIZE = 100_000_000
SLOWLY = "i=1; while [ $i -le {lines} ]; do echo $i; i=$((i+1)); {pause}; done"


@pytest.mark.fault("F14")
async def test_without_docker_at_its_start_the_engine_accepts_and_begins_when_docker_is_there(
    away_settings: EngineSettings, dockerd: Dockerd
) -> None:
    await do(dockerd.terminate)
    async with open_engine(away_settings) as engine:
        status = await engine.status()
        assert not status.backend.available
        assert "Docker's socket does not exist" in status.backend.message
        job_id = await submit(engine, "echo here")
        place = engine.queue_place(job_id)
        assert place is not None
        assert "waiting: the container engine" in place.reason or "the engine is starting" in place.reason
        await do(dockerd.start)
        job = await end_of(engine, job_id)
        assert (job.status, job.attempt_number) == (JobStatus.SUCCESS, 1)
        assert (await engine.status()).backend.available
        await everything_is_settled(engine)


@pytest.mark.fault("F15")
@pytest.mark.timeout(300)
async def test_ten_jobs_go_on_and_their_logs_are_whole_when_docker_dies_with_live_restore(
    away_settings: EngineSettings, dockerd: Dockerd
) -> None:
    await do(dockerd.clear)
    await do(dockerd.terminate)
    await do(partial(dockerd.start, live_restore=True))
    async with open_engine(away_settings) as engine:
        calm = SLOWLY.format(lines=200, pause="usleep 20000")
        calm += "; until [ -e /tmp/go ]; do usleep 50000; done; seq 201 300"
        jobs = [await submit(engine, calm, steps=bool(turn % 2), cleanup="keep") for turn in range(10)]
        for job_id in jobs:
            await until_printed(engine, job_id)
        await do(dockerd.kill)
        assert not (await engine.status()).backend.available
        await do(dockerd.start)
        await until_printed(engine, jobs[0], "^150$")
        await do(dockerd.terminate)
        await do(dockerd.start)
        containers = [await container_of(engine, job_id) for job_id in jobs]
        for container in containers:
            await do(partial(dockerd.docker, "exec", container, "touch", "/tmp/go"))
        for job_id, container in zip(jobs, containers, strict=True):
            job = await end_of(engine, job_id)
            assert (job.status, job.exit_code, job.attempt_number) == (JobStatus.SUCCESS, 0, 1)
            lines = [line for line in await whole_log(engine, job_id) if line.isdecimal()]
            assert (lines[0], lines[-1]) == ("1", "300")
            # Docker's own record of it: what Docker had read and not yet written when it was killed is lost with it
            said = await anyio.to_thread.run_sync(dockerd.docker, "logs", container)
            assert lines == [line for line in said.splitlines() if line.isdecimal()]
            await do(partial(dockerd.docker, "rm", container))
        await everything_is_settled(engine)
    assert await anyio.to_thread.run_sync(dockerd.docker, "ps", "--all", "--quiet") == ""


@pytest.mark.fault("F19")
async def test_a_flood_while_docker_is_dead_waits_and_loses_no_line(
    away_settings: EngineSettings, dockerd: Dockerd
) -> None:
    async with open_engine(away_settings) as engine:
        flood = await submit(engine, once_told("seq 1 30000; sleep 1"))
        beside = await submit(engine, once_told("sleep 2"))
        processes: list[int] = []
        for job_id in (flood, beside):
            await until_printed(engine, job_id)
            container = await container_of(engine, job_id)
            processes.append(await anyio.to_thread.run_sync(dockerd.process_of, container))
        await do(dockerd.kill)
        for process in processes:
            tell(process)
        await do(partial(dockerd.until_gone, processes[1]))  # by then the flood stands at a full pipe
        await do(dockerd.start)
        assert (await end_of(engine, flood)).status is JobStatus.SUCCESS
        assert [line for line in await whole_log(engine, flood) if line.isdecimal()] == numbers(30_000)
        await everything_is_settled(engine)


@pytest.mark.parametrize(
    "how",
    [pytest.param("kill", marks=pytest.mark.fault("F16")), pytest.param("terminate", marks=pytest.mark.fault("F17"))],
)
@pytest.mark.timeout(300)
async def test_ten_jobs_are_lost_or_retried_when_docker_takes_their_containers_along(
    away_settings: EngineSettings, dockerd: Dockerd, how: str
) -> None:
    await do(dockerd.clear)
    await do(dockerd.terminate)
    await do(partial(dockerd.start, live_restore=False))
    stays = "echo up; sleep 100"
    ways = [stays, "trap '' TERM; echo up; while :; do sleep 1; done"]
    if how == "kill":  # asked to leave, an engine may tell of such an end before it tells of the signal
        ways.append("trap 'exit 0' TERM; echo up; sleep 100 & wait")
    once = "echo up; test $ORCAOPS_ATTEMPT -gt 1 || sleep 100"
    async with open_engine(away_settings) as engine:
        lost = [await submit(engine, text, cancel_grace_s=1) for text in ways]
        lost += [await submit(engine, stays, steps=True) for _ in range(5 - len(ways))]
        retried = [await submit(engine, once, steps=bool(turn % 2), retries=1, retry_delay_s=0) for turn in range(5)]
        for job_id in [*lost, *retried]:
            await until_printed(engine, job_id)
        await do(getattr(dockerd, how))
        await do(dockerd.start)
        for job_id in lost:
            job = await end_of(engine, job_id)
            assert (job.status, kind_of(job)) == (JobStatus.FAILED, FailureKind.CONTAINER_LOST), job
            assert job.failure is not None
            assert "container engine went down" in job.failure.message
            assert job.failure.retryable
        for job_id in retried:
            job = await end_of(engine, job_id)
            first, *_ = await engine.attempts(job_id)
            assert first.failure is not None
            assert (job.status, first.failure.kind) == (JobStatus.SUCCESS, FailureKind.CONTAINER_LOST)
        await everything_is_settled(engine)


@pytest.mark.fault("F18")
async def test_an_exit_while_docker_is_dead_keeps_its_code_and_the_log_says_that_lines_may_be_missing(
    away_settings: EngineSettings, dockerd: Dockerd
) -> None:
    async with open_engine(away_settings) as engine:
        job_id = await submit(engine, once_told("echo bye; exit 5"))
        await until_printed(engine, job_id)
        process = await anyio.to_thread.run_sync(dockerd.process_of, await container_of(engine, job_id))
        await do(dockerd.kill)
        tell(process)
        await do(partial(dockerd.until_gone, process))
        await do(dockerd.start)
        job = await end_of(engine, job_id)
        assert (job.status, kind_of(job), job.exit_code) == (JobStatus.FAILED, FailureKind.EXIT, 5)
        assert job.attempt is not None
        assert not job.attempt.log.complete
        assert (await whole_log(engine, job_id))[0] == "up"
        await everything_is_settled(engine)


@pytest.mark.fault("F20", "F36")
async def test_while_docker_hangs_nothing_is_judged_and_a_time_limit_holds_afterwards(
    away_settings: EngineSettings, dockerd: Dockerd
) -> None:
    async with open_engine(away_settings) as engine:
        calm = await submit(engine, SLOWLY.format(lines=150, pause="usleep 100000"), steps=True)
        await until_printed(engine, calm)
        limited = await submit(engine, "echo up; sleep 100", timeout_s=6, cancel_grace_s=1)
        await until_printed(engine, limited)
        await do(dockerd.pause)
        try:
            with anyio.fail_after(60), engine.subscribe([limited]) as news:
                while (await engine.get_job(limited)).attempt.timeout_fired_at is None:  # pyright: ignore[reportOptionalMemberAccess] - it runs
                    await news.wait()
                    news.take()
            with anyio.fail_after(60):
                status = await engine.status()
            assert not status.backend.available
            assert "did not answer in time" in status.backend.message
            waiting = await submit(engine, "echo later")
            with anyio.fail_after(30):
                assert len((await engine.list_jobs()).items) == 3
                assert (await whole_log(engine, calm))[0] == "1"
            assert not any([(await engine.get_job(job_id)).is_finished for job_id in (limited, calm, waiting)])
        finally:
            await do(dockerd.resume)
        assert (await end_of(engine, limited)).status is JobStatus.TIMED_OUT
        assert (await end_of(engine, calm)).status is JobStatus.SUCCESS
        assert (await end_of(engine, waiting)).status is JobStatus.SUCCESS
        assert [line for line in await whole_log(engine, calm) if line.isdecimal()] == numbers(150)
        await everything_is_settled(engine)


@pytest.mark.fault("F21")
async def test_containerds_death_delays_starts_and_ends_and_makes_up_none(
    away_settings: EngineSettings, dockerd: Dockerd
) -> None:
    async with open_engine(away_settings) as engine:
        ends_meanwhile = await submit(engine, "echo up; sleep 1; exit 4")
        goes_on = await submit(engine, SLOWLY.format(lines=30, pause="usleep 500000"), steps=True)
        await until_printed(engine, ends_meanwhile)
        await until_printed(engine, goes_on)
        await do(dockerd.kill_containerd)
        begins = await submit(engine, "echo begun; exit 3")
        job = await end_of(engine, ends_meanwhile)
        # containerd may have lost the code with the shim: then nobody knows it, and that is said
        assert (kind_of(job), job.exit_code) in {(FailureKind.EXIT, 4), (FailureKind.CONTAINER_LOST, 255)}
        assert (await end_of(engine, goes_on)).status is JobStatus.SUCCESS
        job = await end_of(engine, begins)
        assert (kind_of(job), job.exit_code, await whole_log(engine, begins)) == (FailureKind.EXIT, 3, ["begun"])
        assert await whole_log(engine, goes_on) == numbers(30)
        await everything_is_settled(engine)


@pytest.mark.fault("F52")
async def test_a_file_that_docker_was_sending_when_it_died_is_fetched_again_and_kept_whole(
    away_settings: EngineSettings, dockerd: Dockerd
) -> None:
    async with open_engine(away_settings) as engine:
        job_id = await submit(engine, f"head -c {SIZE} /dev/zero > /tmp/large; exit 3", artifacts=["/tmp/large"])
        with anyio.fail_after(60), engine.subscribe([job_id]) as news:
            while engine.progress(job_id) != "collecting":
                await news.wait()
                news.take()
        await do(dockerd.kill)
        await do(dockerd.start)
        job = await end_of(engine, job_id)
        assert (kind_of(job), job.exit_code) == (FailureKind.EXIT, 3)
        assert [(item.path, item.state, item.size) for item in await engine.list_artifacts(job_id)] == [
            ("/tmp/large", "kept", SIZE)
        ]
        await everything_is_settled(engine)
    assert [path async for path in anyio.Path(away_settings.home / "parts").iterdir()] == []
