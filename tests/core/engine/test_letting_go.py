"""What a job took of the engine's memory is given back at its end, without a search for garbage."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import anyio
import pytest

from core.backends.docker.streams import EngineStream
from core.backends.simulated.process import World
from core.compose import open_engine
from core.engine.attempt import AttemptRun
from core.engine.watch import Watch
from core.testing.factories import a_job_spec
from core.testing.garbage import no_search_for_garbage
from tests.core.engine.breaking import UP, is_done, submit, until, until_up

if TYPE_CHECKING:
    from core import Engine, EngineSettings

SMALL = pytest.param(["true"], False, id="it has ended at once")
STOPPED = pytest.param(["sh", "-c", f"echo {UP}; sleep 600"], True, id="it was stopped")


def what_is_left() -> list[str]:
    kinds = {AttemptRun, Watch, World, EngineStream}
    return [type(each).__name__ for each in gc.get_objects() if type(each) in kinds]


async def run(engine: Engine, command: list[str], *, is_stopped: bool) -> None:
    job_id = await submit(engine, a_job_spec(command=tuple(command)))
    if is_stopped:
        await until_up(engine, job_id)
        await engine.cancel_job(job_id, grace_s=0)
    await until(engine, job_id, is_done)
    await anyio.wait_all_tasks_blocked()


@pytest.mark.parametrize("backend", ["simulated", pytest.param("docker", marks=pytest.mark.docker)])
@pytest.mark.parametrize(("command", "is_stopped"), [SMALL, STOPPED])
async def test_nothing_of_a_job_waits_for_the_garbage_collector(
    settings: EngineSettings, backend: str, command: list[str], is_stopped: bool
) -> None:
    async with open_engine(settings.model_copy(update={"backend": backend})) as engine:
        await run(engine, command, is_stopped=is_stopped)  # what is kept of the first, such as connections, is kept
        with no_search_for_garbage():
            before = what_is_left()
            await run(engine, command, is_stopped=is_stopped)
            assert what_is_left() == before
