"""What a caller may expect of the engine, on containers that are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import (
    Engine,
    EngineSettings,
    FailureKind,
    IdempotencyConflictError,
    Job,
    JobEvent,
    JobNotFoundError,
    JobPhase,
    JobSpec,
    JobStatus,
    LogQuery,
    NotAdmittedError,
    QueueFullError,
    QueueSettings,
    UnknownSecretError,
    new_job_id,
    open_engine,
    parse_job,
)
from core.backends.simulated.backend import SimulatedBackend
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from pathlib import Path


async def run(engine: Engine, spec: JobSpec) -> Job:
    submitted = await engine.submit_job(spec)
    with anyio.fail_after(60):
        return await engine.wait_for_job(submitted.job.job_id)


async def until_settled(engine: Engine, job_id: str) -> Job:
    with anyio.fail_after(60), engine.subscribe([job_id]) as news:
        while True:
            job = await engine.get_job(job_id)
            if job.is_finished and job.attempt is not None and job.attempt.phase is JobPhase.DONE:
                return job
            await news.wait()
            news.take()


async def texts(engine: Engine, job: Job) -> list[str]:
    return [line.text for line in (await engine.read_logs(job.job_id, LogQuery())).lines]


async def test_a_command_runs_to_success_with_its_log_and_leaves_no_container(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        job = await run(engine, a_job_spec(command=("sh", "-c", "echo one; echo two >&2")))
        assert (job.status, job.exit_code, job.failure) == (JobStatus.SUCCESS, 0, None)
        assert await texts(engine, job) == ["one", "two"]
        settled = await until_settled(engine, job.job_id)
        assert settled.attempt is not None
        assert await backend.inspect(settled.attempt.container_name) is None


async def test_closing_an_engine_leaves_no_container_of_an_ended_job(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        await run(engine, a_job_spec())
    assert await backend.list_owned(engine.home_id) == []


async def test_the_record_tells_every_move_and_who_made_it(engine: Engine) -> None:
    job = await run(engine, a_job_spec())
    moves = [(change.event, change.after, change.by) for change in await engine.history(job.job_id)]
    assert moves == [
        (None, JobStatus.QUEUED, "python"),
        (JobEvent.START, JobStatus.RUNNING, "engine"),
        (JobEvent.SUCCEED, JobStatus.SUCCESS, "engine"),
    ]


async def test_steps_end_with_their_own_exit_codes_and_the_first_failure_ends_the_job(engine: Engine) -> None:
    job = await run(engine, a_job_spec(commands=["echo one", "echo two >&2; exit 3", "echo never"]))
    assert job.attempt is not None
    assert job.status is JobStatus.FAILED
    assert job.failure is not None
    assert (job.failure.kind, job.failure.step, job.exit_code) == (FailureKind.EXIT, 1, 3)
    assert [(step.status, step.exit_code) for step in job.attempt.steps] == [
        ("success", 0),
        ("failed", 3),
        ("skipped", None),
    ]
    assert [(step.first_line, step.last_line) for step in job.attempt.steps] == [(1, 1), (2, 2), (None, None)]
    assert await texts(engine, job) == ["one", "two"]


@pytest.mark.parametrize("code", [124, 137, 143])
async def test_an_exit_code_that_looks_like_a_signal_is_still_the_jobs_own(engine: Engine, code: int) -> None:
    job = await run(engine, a_job_spec(command=("sh", "-c", f"exit {code}")))
    assert job.failure is not None
    assert (job.failure.kind, job.exit_code) == (FailureKind.EXIT, code)


async def test_an_exit_code_named_as_success_is_success(engine: Engine) -> None:
    job = await run(engine, a_job_spec(command=("sh", "-c", "exit 3"), success_exit_codes=(0, 3)))
    assert (job.status, job.exit_code) == (JobStatus.SUCCESS, 3)


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("missing/tool", FailureKind.IMAGE_NOT_FOUND),
        ("private/tool", FailureKind.REGISTRY_AUTH),
        ("unreachable.invalid/tool", FailureKind.REGISTRY_UNAVAILABLE),
    ],
)
async def test_an_image_that_cannot_be_had_is_one_of_three_causes(
    engine: Engine, image: str, kind: FailureKind
) -> None:
    job = await run(engine, a_job_spec(image=image))
    assert job.failure is not None
    assert (job.status, job.failure.kind) == (JobStatus.FAILED, kind)
    assert job.failure.hint


async def test_a_command_that_does_not_exist_is_a_start_error_with_code_127(engine: Engine) -> None:
    job = await run(engine, a_job_spec(command=("/nonexistent/tool",)))
    assert job.failure is not None
    assert (job.failure.kind, job.exit_code) == (FailureKind.START_ERROR, 127)


async def test_running_out_of_memory_is_told_apart(engine: Engine) -> None:
    job = await run(engine, a_job_spec(command=("oom",)))
    assert job.failure is not None
    assert job.failure.kind is FailureKind.OOM


async def test_a_time_limit_stops_the_job_and_is_its_cause(engine: Engine) -> None:
    job = await run(engine, a_job_spec(command=("sleep", "60"), timeout_s=0.2, cancel_grace_s=1))
    assert job.failure is not None
    assert (job.status, job.failure.kind) == (JobStatus.TIMED_OUT, FailureKind.TIMEOUT)


async def test_a_steps_own_time_limit_ends_the_job_in_that_step(engine: Engine) -> None:
    steps = [{"run": "echo quick"}, {"run": "sleep 60", "timeout_s": 0.2}]
    job = await run(engine, a_job_spec(commands=steps))
    assert job.attempt is not None
    assert job.failure is not None
    assert (job.status, job.failure.step) == (JobStatus.TIMED_OUT, 1)
    assert [step.status for step in job.attempt.steps] == ["success", "timed_out"]


@pytest.mark.fault("F35")
async def test_a_queued_job_is_cancelled_at_once_and_never_starts(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", queue=QueueSettings(max_running=1))
    async with open_engine(settings) as engine:
        first = await engine.submit_job(a_job_spec(command=("sleep", "60")))
        second = await engine.submit_job(a_job_spec())
        cancelled = await engine.cancel_job(second.job.job_id, by="tester", reason="changed my mind")
        assert (cancelled.status, cancelled.attempt) == (JobStatus.CANCELLED, None)
        assert (await engine.history(second.job.job_id))[-1].why == "changed my mind"
        await engine.cancel_job(first.job.job_id)


async def test_a_running_job_is_cancelled_once_its_container_has_ended(engine: Engine) -> None:
    submitted = await engine.submit_job(a_job_spec(command=("sh", "-c", "echo up; sleep 60")))
    job_id = submitted.job.job_id
    with anyio.fail_after(60):
        await engine.wait([job_id], until="log_match", pattern="up")
        asked = await engine.cancel_job(job_id, reason="enough")
        assert asked.cancel is not None
        job = await engine.wait_for_job(job_id)
    assert (job.status, job.exit_code, job.failure) == (JobStatus.CANCELLED, 143, None)


async def test_cancelling_a_finished_job_changes_nothing(engine: Engine) -> None:
    job = await run(engine, a_job_spec())
    assert (await engine.cancel_job(job.job_id)).status is JobStatus.SUCCESS


@pytest.mark.fault("F35")
async def test_a_pull_that_takes_long_can_be_cancelled(engine: Engine) -> None:
    submitted = await engine.submit_job(a_job_spec(image="slow/image"))
    job_id = submitted.job.job_id
    with anyio.fail_after(60):
        await engine.wait([job_id], until="running")
        await engine.cancel_job(job_id)
        job = await engine.wait_for_job(job_id)
    assert job.status is JobStatus.CANCELLED


async def test_never_more_jobs_run_than_may_and_all_get_their_turn(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", queue=QueueSettings(max_running=4))
    async with open_engine(settings) as engine:
        most = 0
        with engine.subscribe() as news, anyio.fail_after(30):
            ids = [(await engine.submit_job(a_job_spec())).job.job_id for _ in range(60)]
            left = set(ids)
            while left:
                for event in news.take():
                    job = getattr(event, "job", None)
                    if isinstance(job, Job) and job.is_finished:
                        left.discard(job.job_id)
                most = max(most, len((await engine.list_jobs(limit=200)).items and await running(engine)))
                if left:
                    await news.wait()
        assert 1 <= most <= 4


async def running(engine: Engine) -> list[Job]:
    return [job for job in (await engine.list_jobs(limit=200)).items if job.status is JobStatus.RUNNING]


async def test_a_higher_priority_starts_first(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", queue=QueueSettings(max_running=1))
    async with open_engine(settings) as engine:
        blocker = await engine.submit_job(a_job_spec(command=("sleep", "60")))
        low = await engine.submit_job(a_job_spec(priority=-1))
        high = await engine.submit_job(a_job_spec(priority=5))
        place = engine.queue_place(low.job.job_id)
        assert place is not None
        assert place.position == 2
        await engine.cancel_job(blocker.job.job_id, grace_s=0)
        with anyio.fail_after(60):
            jobs = (await engine.wait([low.job.job_id, high.job.job_id])).jobs
        assert jobs[0].started_at is not None
        assert jobs[1].started_at is not None
        assert jobs[1].started_at < jobs[0].started_at


async def test_a_failed_attempt_is_followed_by_another_until_one_succeeds_or_none_is_left(engine: Engine) -> None:
    job = await run(engine, a_job_spec(command=("sh", "-c", "exit 1"), retries=2, retry_delay_s=0))
    assert (job.status, job.attempt_number) == (JobStatus.FAILED, 3)
    attempts = await engine.attempts(job.job_id)
    assert [attempt.exit_code for attempt in attempts] == [1, 1, 1]


async def test_an_image_that_does_not_exist_is_not_tried_again(engine: Engine) -> None:
    job = await run(engine, a_job_spec(image="missing/tool", retries=5, retry_delay_s=0))
    assert job.attempt_number == 1


async def test_outputs_and_artifacts_are_kept_of_a_failed_job_too(engine: Engine) -> None:
    script = 'echo "colour=blue" >> $ORCAOPS_OUTPUT; mkdir -p out; echo report > out/report.txt; exit 4'
    job = await run(engine, a_job_spec(commands=[script], artifacts=("out", "*.none")))
    assert dict(job.outputs) == {"colour": "blue"}
    artifacts = {item.path: item for item in await engine.list_artifacts(job.job_id)}
    assert artifacts["out/report.txt"].size == 7
    assert (await engine.read_artifact(job.job_id, "out/report.txt")).data == b"report\n"
    assert artifacts["*.none"].state == "missing"
    assert job.warnings == ("artifact *.none: nothing matches",)


async def test_a_promised_output_that_is_missing_makes_a_success_a_failure(engine: Engine) -> None:
    job = await run(engine, a_job_spec(command=("true",), outputs=("digest",)))
    assert job.failure is not None
    assert (job.status, job.failure.kind) == (JobStatus.FAILED, FailureKind.OUTPUT)


async def test_uploaded_files_are_in_the_working_directory(engine: Engine) -> None:
    upload = await engine.upload_files({"data/in.txt": b"from outside\n"})
    job = await run(engine, a_job_spec(command=("cat", "data/in.txt"), files=upload.files))
    assert await texts(engine, job) == ["from outside"]


async def test_a_repeated_submit_with_one_key_is_one_job(engine: Engine) -> None:
    first = await engine.submit_job(a_job_spec(), idempotency_key="k")
    again = await engine.submit_job(a_job_spec(), idempotency_key="k")
    assert (first.replayed, again.replayed, first.job.job_id) == (False, True, again.job.job_id)
    with pytest.raises(IdempotencyConflictError, match=first.job.job_id):
        await engine.submit_job(a_job_spec(command=("true",)), idempotency_key="k")


async def test_a_full_queue_refuses_and_says_when_to_come_back(tmp_path: Path) -> None:
    queue = QueueSettings(max_running=1, max_queued=1)
    async with open_engine(EngineSettings(home=tmp_path / "home", backend="simulated", queue=queue)) as engine:
        first = await engine.submit_job(a_job_spec(command=("sleep", "60")))
        await engine.wait([first.job.job_id], until="running")
        await engine.submit_job(a_job_spec())
        with pytest.raises(QueueFullError) as refused:
            await engine.submit_job(a_job_spec())
        assert refused.value.retry_after_s is not None
        assert 1 <= refused.value.retry_after_s <= 60
        await engine.cancel_job(first.job.job_id, grace_s=0)


async def test_what_this_engine_does_not_allow_is_refused_before_anything_is_stored(engine: Engine) -> None:
    for changes in ({"image": "127.0.0.1:1/x"}, {"gpus": 1}, {"timeout_s": 100_000}, {"cpus": 1000}):
        with pytest.raises(NotAdmittedError):
            await engine.submit_job(a_job_spec(**changes))
    with pytest.raises(UnknownSecretError):
        await engine.submit_job(a_job_spec(secrets=("TOKEN",)))
    assert (await engine.list_jobs()).items == ()


async def test_a_secret_reaches_the_job_and_never_its_log(tmp_path: Path) -> None:
    settings = EngineSettings.model_validate(
        {"home": tmp_path / "home", "backend": "simulated", "secrets": {"TOKEN": "hunter2-hunter2"}}
    )
    async with open_engine(settings) as engine:
        job = await run(engine, a_job_spec(command=("sh", "-c", "echo key=$TOKEN"), secrets=("TOKEN",)))
        assert await texts(engine, job) == ["key=***"]


async def test_an_unknown_job_is_not_found(engine: Engine) -> None:
    for job_id in (new_job_id(), "../..", ""):
        with pytest.raises(JobNotFoundError):
            await engine.get_job(job_id)


async def test_a_rerun_repeats_the_job_with_what_was_changed(engine: Engine) -> None:
    job = await run(engine, parse_job({"image": "busybox", "script": "exit 1", "env": ["A=1"]}))
    again = await engine.rerun_job(job.job_id, changes={"script": "echo $A"})
    with anyio.fail_after(60):
        second = await engine.wait_for_job(again.job.job_id)
    assert (second.status, second.rerun_of) == (JobStatus.SUCCESS, job.job_id)
    assert await texts(engine, second) == ["1"]


async def test_a_follower_sees_every_line_of_every_attempt_and_then_the_end(engine: Engine) -> None:
    submitted = await engine.submit_job(
        a_job_spec(command=("sh", "-c", "echo try; exit 1"), retries=1, retry_delay_s=0)
    )
    seen: list[str] = []
    with anyio.fail_after(60):
        async for lines in engine.follow_logs(submitted.job.job_id):
            seen += [line.text for line in lines]
    assert seen == ["try", "try"]


async def test_jobs_wait_while_the_container_engine_is_away_and_start_when_it_is_back(
    settings: EngineSettings,
) -> None:
    backend = SimulatedBackend()
    backend.go_away()
    async with open_engine(settings, backend=backend) as engine:
        submitted = await engine.submit_job(a_job_spec())
        job = await engine.get_job(submitted.job.job_id)
        place = engine.queue_place(job.job_id)
        assert place is not None
        assert "waiting" in place.reason
        backend.come_back()
        with anyio.fail_after(60):
            assert (await engine.wait_for_job(job.job_id)).status is JobStatus.SUCCESS


async def test_the_next_engine_takes_up_a_running_job_and_keeps_its_log_whole(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        submitted = await engine.submit_job(a_job_spec(command=("sh", "-c", "echo before; sleep 1; echo after")))
        job_id = submitted.job.job_id
        with anyio.fail_after(60):
            await engine.wait([job_id], until="log_match", pattern="before")
    async with open_engine(settings, backend=backend) as engine:
        with anyio.fail_after(60):
            job = await engine.wait_for_job(job_id)
        assert (job.status, job.attempt_number) == (JobStatus.SUCCESS, 1)
        assert await texts(engine, job) == ["before", "after"]


async def test_a_job_that_ended_while_no_engine_ran_keeps_its_true_end(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        submitted = await engine.submit_job(a_job_spec(command=("sh", "-c", "echo up; sleep 0.2; exit 5")))
        with anyio.fail_after(60):
            await engine.wait([submitted.job.job_id], until="log_match", pattern="up")
            job = await engine.get_job(submitted.job.job_id)
    assert job.attempt is not None
    with anyio.fail_after(60):
        await backend.wait(job.attempt.container_name)
    async with open_engine(settings, backend=backend) as engine:
        with anyio.fail_after(60):
            job = await engine.wait_for_job(submitted.job.job_id)
    assert (job.status, job.exit_code) == (JobStatus.FAILED, 5)


async def test_a_container_that_was_taken_away_is_an_honest_cause(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        submitted = await engine.submit_job(a_job_spec(command=("sh", "-c", "echo up; sleep 60")))
        with anyio.fail_after(60):
            await engine.wait([submitted.job.job_id], until="log_match", pattern="up")
            job = await engine.get_job(submitted.job.job_id)
            assert job.attempt is not None
            backend.vanish(job.attempt.container_name)
            job = await engine.wait_for_job(job.job_id)
    assert job.failure is not None
    assert job.failure.kind is FailureKind.CONTAINER_LOST
