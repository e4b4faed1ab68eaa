"""An outage of what runs the containers costs time and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import (
    EngineSettings,
    JobStatus,
    open_engine,
)
from core.backends.simulated.backend import SimulatedBackend
from core.engine import watch as watch_module
from core.testing.factories import a_job_spec
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
    from tests.core.engine.breaking import Verb


@pytest.mark.fault("F27", "F52")
@pytest.mark.slow
@pytest.mark.parametrize("restart", [False, True], ids=["one engine", "two engines"])
@pytest.mark.parametrize(
    ("verb", "done"),
    [
        ("pull", False),
        ("create", False),
        ("create", True),
        ("put", False),
        ("put", True),
        ("start", False),
        ("start", True),
        ("follow", False),
        ("archive", False),
        ("remove", False),
        ("remove", True),
    ],
)
async def test_an_outage_at_any_stage_loses_nothing_and_runs_nothing_twice(
    settings: EngineSettings, verb: Verb, done: bool, restart: bool
) -> None:
    backend = BreakingBackend(verb, done=done)
    spec = a_job_spec(commands=[f"echo {UP}; mkdir out; echo kept > out/file; exit 7"], artifacts=("out",))
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, spec)
        with anyio.fail_after(60):
            await backend.broke.wait()
        if not restart:
            backend.come_back()
            await until(engine, job_id, is_done)
    if restart:
        backend.come_back()
    async with open_engine(settings, backend=backend) as engine:
        job = await until(engine, job_id, is_done)
        kept = [item.path for item in await engine.list_artifacts(job_id) if item.state == "kept"]
        assert (job.status, job.exit_code, await texts(engine, job_id)) == (JobStatus.FAILED, 7, [UP])
    assert kept == ["out/file"]
    assert sum(backend.started.values()) == 1
    assert await backend.list_owned(engine.home_id) == []


async def test_an_outage_before_anything_ran_is_not_counted_as_an_attempt(settings: EngineSettings) -> None:
    backend = BreakingBackend("pull")
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec(command=("sh", "-c", "exit 1"), retries=1, retry_delay_s=0))
        with anyio.fail_after(60):
            await backend.broke.wait()
        job = await until(engine, job_id, lambda job: job.status is JobStatus.QUEUED)
        place = engine.queue_place(job_id)
        assert place is not None
        assert "waiting: the container engine" in place.reason
        backend.come_back()
        job = await end_of(engine, job_id)
        codes = [attempt.exit_code for attempt in await engine.attempts(job_id)]
    assert (job.status, codes) == (JobStatus.FAILED, [None, 1, 1])


async def test_a_follower_gets_past_an_attempt_that_an_outage_ended(settings: EngineSettings) -> None:
    backend = BreakingBackend("pull")
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec(command=("echo", UP)))
        seen: list[str] = []
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:

                async def follow() -> None:
                    async for lines in engine.follow_logs(job_id):
                        seen.extend(line.text for line in lines)

                tasks.start_soon(follow)
                await backend.broke.wait()
                backend.come_back()
    assert seen == [UP]


async def test_a_running_job_runs_on_through_an_outage_and_its_output_is_caught_up(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        spec = a_job_spec(command=("sh", "-c", f"echo {UP}; sleep 0.3; echo more; sleep 0.3; echo end"))
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
        backend.go_away()
        with engine.subscribe([job_id]) as news, anyio.fail_after(60):
            while "waiting for the container engine" not in (engine.progress(job_id) or ""):
                await news.wait()
                news.take()
        assert not (await engine.get_job(job_id)).is_finished
        backend.come_back()
        job = await end_of(engine, job_id)
        assert (job.status, await texts(engine, job_id)) == (JobStatus.SUCCESS, [UP, "more", "end"])


@pytest.mark.parametrize("next_engine", ["the same engine", "asked before", "asked after"])
async def test_a_cancel_during_an_outage_is_carried_out_when_it_is_over(
    settings: EngineSettings, next_engine: str
) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_that_stays())
        await until_up(engine, job_id)
        backend.go_away()
        if next_engine != "asked after":
            asked = await engine.cancel_job(job_id, by="tester")
            assert asked.status is JobStatus.RUNNING
        if next_engine == "the same engine":
            backend.come_back()
            await until(engine, job_id, is_done)
    async with open_engine(settings, backend=backend) as engine:
        if next_engine == "asked after":
            await engine.cancel_job(job_id, by="tester")
        backend.come_back()
        job = await until(engine, job_id, is_done)
        assert (job.status, job.exit_code, await texts(engine, job_id)) == (JobStatus.CANCELLED, 143, [UP])
        assert (await engine.history(job_id))[-1].by == "tester"
    assert await backend.list_owned(engine.home_id) == []


@pytest.mark.fault("F35")
@pytest.mark.parametrize("verb", ["create", "put", "start"])
async def test_a_job_cancelled_during_an_outage_before_it_ran_never_runs(settings: EngineSettings, verb: Verb) -> None:
    backend = BreakingBackend(verb)
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec(commands=[f"echo {UP}"]))
        with anyio.fail_after(60):
            await backend.broke.wait()
        await engine.cancel_job(job_id, reason="enough")
        job = await end_of(engine, job_id)
        assert (job.status, (await engine.history(job_id))[-1].why) == (JobStatus.CANCELLED, "enough")
        backend.come_back()
        await until(engine, job_id, is_done)
    assert not backend.started
    assert await backend.list_owned(engine.home_id) == []


class _Unending(SimulatedBackend):
    """Never says that a container's output is over."""

    async def follow(self, *args: Any, **kwargs: Any) -> bool:
        await super().follow(*args, **kwargs)
        await anyio.sleep_forever()
        return True


async def test_the_rest_of_an_output_without_an_end_is_not_waited_for_for_ever(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_REST_S", "_DRAIN_S"):
        monkeypatch.setattr(watch_module, name, 0.01)
    async with open_engine(settings, backend=_Unending()) as engine:
        job_id = await submit(engine, a_job_spec(commands=["echo said"]))
        job = await until(engine, job_id, is_done)
        assert (job.status, await texts(engine, job_id)) == (JobStatus.SUCCESS, ["said"])
