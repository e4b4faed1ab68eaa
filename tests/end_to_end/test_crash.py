"""An engine is killed with SIGKILL; the next one on its home takes up what it left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from core import Engine, EngineSettings, FailureKind, Job, JobPhase, JobStatus, LogQuery, open_engine
from tests.end_to_end.conftest import everything_is_settled, whole_log
from tests.end_to_end.crashing import engine_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.docker

LINES = 20_000
ONCE = "cat /proc/sys/kernel/random/uuid"
COUNTING = f"{ONCE}; mkdir -p /tmp/out; seq 1 {LINES} | tee /tmp/out/numbers; sleep 0.5; echo end; exit 7"

Moment = dict[str, Any]


def begun(said: Moment) -> bool:
    return said["what"] == "job" and said["status"] == "running"


def starting(said: Moment) -> bool:
    return said["what"] == "job" and said["phase"] == "starting"


def running(said: Moment) -> bool:
    return said["what"] == "job" and said["phase"] == "running"


def first_lines(said: Moment) -> bool:
    return said["what"] == "log" and said["lines"] > 0


def middle_of_the_log(said: Moment) -> bool:
    return said["what"] == "log" and said["lines"] > LINES // 4


def collecting(said: Moment) -> bool:
    return said["what"] == "progress" and said["text"] == "collecting"


def settled(said: Moment) -> bool:
    return said["what"] == "job" and said["status"] == "failed"


async def settled_end(engine: Engine, job_id: str) -> Job:
    """The job once its container is no longer needed."""
    with anyio.fail_after(60), engine.subscribe([job_id]) as news:
        while True:
            job = await engine.get_job(job_id)
            if job.is_finished and job.attempt is not None and job.attempt.phase is JobPhase.DONE:
                return job
            await news.wait()
            news.take()


async def assert_nothing_is_left(operator: Operator, home_id: str) -> None:
    assert await anyio.to_thread.run_sync(operator.containers, home_id) == []


@pytest.mark.fault("F1", "F2", "F3", "F4", "F5", "F6", "F57")
@pytest.mark.parametrize(
    "moment",
    [begun, starting, running, first_lines, middle_of_the_log, collecting, settled],
    ids=lambda it: it.__name__,
)
@pytest.mark.parametrize("way", ["command", "commands"])
async def test_a_killed_engines_job_has_run_once_with_its_own_end_and_every_line(
    docker_settings: EngineSettings, operator: Operator, moment: Callable[[Moment], bool], way: str
) -> None:
    request = {way: ["sh", "-c", COUNTING] if way == "command" else [COUNTING]}
    async with engine_process(docker_settings.home) as first:
        job_id = await first.submit(**request, artifacts=["/tmp/out"], timeout_s=300)
        await first.until(moment)
        await first.kill()
    async with open_engine(docker_settings) as engine:
        job = await settled_end(engine, job_id)
        identity, *numbers, last = await whole_log(engine, job_id)
        artifacts = [(item.path, item.state) for item in await engine.list_artifacts(job_id)]
    assert job.failure is not None
    assert (job.status, job.failure.kind, job.exit_code, job.attempt_number) == (
        JobStatus.FAILED,
        FailureKind.EXIT,
        7,
        1,
    )
    assert len(identity) == 36
    assert (numbers, last) == ([str(number) for number in range(1, LINES + 1)], "end")
    assert artifacts == [("/tmp/out/numbers", "kept")]
    await assert_nothing_is_left(operator, engine.home_id)


@pytest.mark.fault("F1", "F7")
async def test_an_engine_killed_many_times_in_one_log_records_each_line_once(
    docker_settings: EngineSettings, operator: Operator
) -> None:
    text = f"{ONCE}; i=0; while [ $i -lt 3000 ]; do echo $i; echo $i >&2; i=$((i+1)); usleep 300; done"
    async with engine_process(docker_settings.home) as engine:
        job_id = await engine.submit(command=["sh", "-c", text])
        await engine.until(first_lines)
        await engine.kill()
    for _ in range(4):
        async with engine_process(docker_settings.home) as engine:
            await engine.until(lambda said: said["what"] == "log" or said.get("phase") == "done")
            await engine.kill()
    async with open_engine(docker_settings) as last:
        job = await settled_end(last, job_id)
        texts = {
            stream: [
                line.text
                for line in (
                    await last.read_logs(
                        job_id, LogQuery(streams=frozenset({stream}), max_lines=10_000, max_bytes=1 << 20)
                    )
                ).lines
            ]
            for stream in ("stdout", "stderr")
        }
    numbers = [str(number) for number in range(3000)]
    assert (job.status, job.attempt_number) == (JobStatus.SUCCESS, 1)
    assert texts["stdout"][1:] == numbers
    assert texts["stderr"] == numbers
    await assert_nothing_is_left(operator, last.home_id)


async def test_a_retry_goes_on_after_a_kill_between_two_attempts(
    docker_settings: EngineSettings, operator: Operator
) -> None:
    async with engine_process(docker_settings.home) as first:
        job_id = await first.submit(command=["sh", "-c", "echo try; exit 1"], retries=1, retry_delay_s=3)
        await first.until(lambda said: said["what"] == "job" and said["status"] == "queued" and said["number"] == 1)
        await first.kill()
    async with open_engine(docker_settings) as engine:
        job = await settled_end(engine, job_id)
        attempts = await engine.attempts(job_id)
    assert (job.status, [attempt.exit_code for attempt in attempts]) == (JobStatus.FAILED, [1, 1])
    assert attempts[0].finished_at is not None
    assert attempts[1].started_at is not None
    assert (attempts[1].started_at - attempts[0].finished_at).total_seconds() >= 3
    await assert_nothing_is_left(operator, engine.home_id)


@pytest.mark.parametrize("way", ["command", "commands"])
async def test_a_cancel_is_carried_out_by_the_next_engine(
    docker_settings: EngineSettings, operator: Operator, way: str
) -> None:
    text = "trap '' TERM; echo up; while :; do sleep 1; done"
    async with engine_process(docker_settings.home) as first:
        job_id = await first.submit(
            **{way: ["sh", "-c", text] if way == "command" else [text]}, cancel_grace_s=3, timeout_s=300
        )
        await first.until(first_lines)
        await first.cancel(job_id)
        await first.kill()
    async with open_engine(docker_settings) as engine:
        job = await settled_end(engine, job_id)
        assert await whole_log(engine, job_id) == ["up"]
    assert (job.status, job.exit_code) == (JobStatus.CANCELLED, 137)
    await assert_nothing_is_left(operator, engine.home_id)


@pytest.mark.fault("F8", "F9", "F10")
@pytest.mark.parametrize(
    ("seconds", "status", "code"),
    [("60", JobStatus.TIMED_OUT, 143), ("0.5", JobStatus.FAILED, 7), ("11", JobStatus.TIMED_OUT, 7)],
    ids=["still runs", "ended within its limit", "ended after its limit"],
)
async def test_a_time_limit_holds_while_no_engine_runs(
    docker_settings: EngineSettings, operator: Operator, seconds: str, status: JobStatus, code: int
) -> None:
    text = f"trap 'exit 143' TERM; echo up; sleep {seconds} & wait; exit 7"
    async with engine_process(docker_settings.home) as first:
        home_id = (await first.until(lambda said: said["what"] == "ready"))["home_id"]
        job_id = await first.submit(command=["sh", "-c", text], timeout_s=8)
        await first.until(first_lines)
        awaited = {*await anyio.to_thread.run_sync(operator.containers, home_id)}
        if code == 143:  # a second container outlives the limit of the first, and so the limit passes without an engine
            await first.submit(command=["sleep", "9"])
            await first.until(running)
            awaited = {*await anyio.to_thread.run_sync(operator.containers, home_id)} - awaited
        await first.kill()
    for container_id in awaited:
        await anyio.to_thread.run_sync(operator.until_ended, container_id)
    async with open_engine(docker_settings) as engine:
        job = await settled_end(engine, job_id)
        await everything_is_settled(engine)
    assert (job.status, job.exit_code) == (status, code)
    await assert_nothing_is_left(operator, home_id)
