"""What becomes known of a running attempt, on its way into its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from core import JobStatus
from core.backends.simulated.backend import SimulatedBackend
from core.compose import open_engine
from core.lifecycle.job import JobPhase
from core.testing.factories import a_job_spec
from tests.core.engine.breaking import end_of, submit, until

if TYPE_CHECKING:
    from core import Engine, EngineSettings, Job
    from core.backends.base import ImageInfo


async def test_an_attempt_that_ends_at_once_has_in_its_last_row_what_a_longer_one_has_before(engine: Engine) -> None:
    short = await end_of(engine, await submit(engine, a_job_spec(commands=("true",), timeout_s=60)))
    assert short.status is JobStatus.SUCCESS
    assert short.attempt is not None
    assert short.started_at is not None
    assert short.attempt.container_id
    assert short.attempt.image_digest
    assert short.attempt.deadline_at is not None
    assert (short.attempt.deadline_at - short.started_at).total_seconds() == 60
    assert [step.status for step in short.attempt.steps] == ["success"]


async def test_a_running_attempt_says_soon_that_it_runs_and_which_step(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec(commands=("true", "sleep 600"), timeout_s=3600))

    def runs_second_step(job: Job) -> bool:
        attempt = job.attempt
        return (
            attempt is not None
            and attempt.phase is JobPhase.RUNNING
            and attempt.deadline_at is not None
            and [step.status for step in attempt.steps] == ["success", "running"]
        )

    await until(engine, job_id, runs_second_step)
    await engine.cancel_job(job_id, grace_s=0)
    assert (await end_of(engine, job_id)).status is JobStatus.CANCELLED


async def test_a_cancel_while_an_image_is_fetched_starts_nothing(settings: EngineSettings) -> None:
    fetching = anyio.Event()

    class Slow(SimulatedBackend):
        async def pull(self, *_arguments: Any, **_named: Any) -> ImageInfo:
            fetching.set()
            await anyio.sleep_forever()
            raise AssertionError

    async with open_engine(settings, backend=Slow()) as engine:
        job_id = await submit(engine, a_job_spec())
        with anyio.fail_after(60):
            await fetching.wait()
        await engine.cancel_job(job_id, reason="no need")
        job = await end_of(engine, job_id)
    assert (job.status, job.started_at) == (JobStatus.CANCELLED, None)
