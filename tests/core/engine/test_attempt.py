"""The rarer ways of one attempt, and of the worker around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import BackendError, ContainerStartError, FailureKind, JobChanged, JobStatus, LogGrew
from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB
from core.backends.simulated.backend import SimulatedBackend
from core.compose import open_engine
from core.testing.clock import MovingClock
from core.testing.factories import a_container_request, a_job_spec
from tests.core.engine.breaking import UP, BreakingBackend, end_of, is_done, submit, until, until_up

if TYPE_CHECKING:
    from core import EngineSettings
    from core.backends.base import ContainerRequest, ContainerState


async def test_a_start_that_failed_while_its_engine_died_is_not_tried_again(
    settings: EngineSettings,
) -> None:
    backend = BreakingBackend("start")
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec(command=("/nonexistent/tool",)))
        with anyio.fail_after(60):
            await backend.broke.wait()
    backend.come_back()
    state = (await backend.list_owned(engine.home_id))[0]
    with pytest.raises(ContainerStartError):
        await backend.start(state.container_id)
    async with open_engine(settings, backend=backend) as engine:
        job = await end_of(engine, job_id)
    assert job.failure is not None
    assert (job.failure.kind, job.exit_code) == (FailureKind.START_ERROR, 127)


class FaultyBackend(SimulatedBackend):
    """Has a fault that one image brings out."""

    async def create(self, request: ContainerRequest) -> ContainerState:
        if request.image == (await self.pull("faulty", "missing", lambda _: None)).image_id:
            raise LookupError("a fault of our own")
        return await super().create(request)


async def test_an_input_file_that_is_gone_when_the_job_starts_is_told_in_words(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    backend.go_away()
    async with open_engine(settings, backend=backend) as engine:
        upload = await engine.upload_files({"in.txt": b"text"})
        job_id = await submit(engine, a_job_spec(files=upload.files))
        await anyio.Path(settings.home / "uploads" / upload.files[0].sha256).unlink()
        backend.come_back()
        job = await end_of(engine, job_id)
    assert job.failure is not None
    assert job.failure.kind is FailureKind.START_ERROR


async def test_a_fault_of_our_own_ends_the_job_and_not_the_engine(
    settings: EngineSettings, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_engine(settings, backend=FaultyBackend()) as engine:
        job = await end_of(engine, await submit(engine, a_job_spec(image="faulty")))
        other = await end_of(engine, await submit(engine, a_job_spec()))
    assert job.failure is not None
    assert (job.failure.kind, job.failure.retryable) == (FailureKind.INTERNAL, True)
    assert job.failure.message.split()[-1].rstrip(".") in caplog.text
    assert other.status is JobStatus.SUCCESS


async def test_a_sample_that_cannot_be_had_is_passed_over(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    spec = a_job_spec(command=("sh", "-c", f"echo {UP}; sleep 30"), timeout_s=600)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
        with anyio.fail_after(60):
            await clock.until_sleeping(6)  # the gate, the sweeps; of the job its time, end and output
            backend.go_away()
            clock.advance(1)
            await anyio.wait_all_tasks_blocked()
            backend.come_back()
            for _ in range(6):
                await clock.until_sleeping(5)
                clock.advance(5)
        job = await end_of(engine, job_id)
    assert job.attempt is not None
    assert job.attempt.usage is not None
    assert job.attempt.usage.peak_memory_bytes
    assert not job.attempt.usage.exact


async def test_a_job_that_waits_for_its_next_attempt_is_cancelled_at_once(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        spec = a_job_spec(command=("sh", "-c", "exit 1"), retries=1, retry_delay_s=3600)
        job_id = await submit(engine, spec)
        await until(engine, job_id, lambda job: job.not_before is not None)
        job = await engine.cancel_job(job_id)
        assert (job.status, job.attempt_number) == (JobStatus.CANCELLED, 1)


async def test_an_orphan_that_cannot_be_removed_does_not_save_the_others(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = BreakingBackend("pull")
    backend.broke.set()
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        job_id = await submit(engine, a_job_spec())
        await until(engine, job_id, is_done)
    labels = {LABEL_HOME: engine.home_id, LABEL_JOB: job_id, LABEL_ATTEMPT: "1"}
    for _ in range(2):
        await backend.create(a_container_request(labels=labels))
    backend.refusal = BackendError("The container engine refused: device busy")
    clock = MovingClock()
    async with open_engine(settings, backend=backend, clock=clock):
        with anyio.fail_after(60):
            await clock.until_sleeping(3)  # the gate and the sweeps
        assert len(await backend.list_owned(engine.home_id)) == 1
        backend.go_away()
        clock.advance(300)
        with anyio.fail_after(60):
            await clock.until_sleeping(3)
        backend.come_back()
        assert len(await backend.list_owned(engine.home_id)) == 1


@pytest.mark.parametrize(("command", "lines"), [("true", []), ("echo said", [1])])
async def test_nobody_is_told_of_a_log_that_grew_by_marks_of_steps_alone(
    settings: EngineSettings, command: str, lines: list[int]
) -> None:
    async with open_engine(settings, backend=SimulatedBackend()) as engine:
        with engine.subscribe() as news:
            job_id = await submit(engine, a_job_spec(commands=[command]))
            told: list[int] = []
            with anyio.fail_after(60):
                async for event in news:
                    if isinstance(event, LogGrew):
                        told.append(event.lines)
                    elif isinstance(event, JobChanged) and event.job.job_id == job_id and event.job.is_finished:
                        break
        assert told == lines
