"""A job that holds too much of the disk is stopped, with an honest cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import EngineSettings, FailureKind, JobStatus, LimitSettings, open_engine
from core.backends.simulated.backend import SimulatedBackend
from core.engine.disk import DiskBoard
from core.settings import MIB
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from core import Job


@pytest.fixture
def backend() -> SimulatedBackend:
    return SimulatedBackend()


async def ended(settings: EngineSettings, backend: SimulatedBackend, *scripts: str, disk_mb: int = 100) -> list[Job]:
    async with open_engine(settings, backend=backend) as engine:
        jobs = [
            (await engine.submit_job(a_job_spec(commands=[script], disk_mb=disk_mb, cancel_grace_s=0))).job
            for script in scripts
        ]
        with anyio.fail_after(30):
            found = await engine.wait([job.job_id for job in jobs], until="any_done")
            for job in found.jobs:
                await engine.cancel_job(job.job_id)
            return list((await engine.wait([job.job_id for job in jobs])).jobs)


def filling(mebibytes: int) -> str:
    return f"flood {mebibytes * 1024} {'x' * 1023} > /fill; sleep 1000"


async def test_a_job_that_writes_more_than_it_may_is_stopped(
    settings: EngineSettings, backend: SimulatedBackend
) -> None:
    (job,) = await ended(settings, backend, filling(2), disk_mb=1)
    assert (job.status, job.failure is not None) == (JobStatus.FAILED, True)
    assert job.failure is not None
    assert (job.failure.kind, job.failure.retryable, job.failure.step) == (FailureKind.DISK_LIMIT, False, 0)
    assert job.failure.message.endswith("more than its 1 MiB.")
    assert job.attempt is not None
    assert job.attempt.steps[0].status == "failed"


async def test_where_the_disk_is_nearly_full_the_job_that_holds_most_is_stopped(
    settings: EngineSettings, backend: SimulatedBackend
) -> None:
    backend.free_disk_bytes = 5 * MIB
    narrow = settings.model_copy(update={"limits": LimitSettings(min_free_mb=10)})
    small, large = await ended(narrow, backend, "sleep 1000", filling(3))
    assert small.status is JobStatus.CANCELLED
    assert large.failure is not None
    assert (large.failure.kind, large.failure.retryable) == (FailureKind.DISK_LIMIT, True)
    assert large.failure.message.startswith("Only 5 MiB were free on the container engine's disk")


def test_of_those_that_run_the_largest_is_known() -> None:
    board = DiskBoard()
    board.note("a", 5)
    board.note("b", 7)
    assert (board.holds_most("a"), board.holds_most("b")) == (False, True)
    board.leave("b")
    board.leave("b")
    assert board.holds_most("a")
