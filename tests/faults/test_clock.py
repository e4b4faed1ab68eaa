"""Somebody sets the machine's clock while jobs run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from core import JobPhase, JobStatus, open_engine
from core.backends.simulated import SimulatedBackend
from core.testing.clock import MovingClock
from core.testing.factories import a_job_spec
from orcaops_mcp.views.job import duration_s
from tests.core.engine.breaking import until

if TYPE_CHECKING:
    from core import EngineSettings


@pytest.mark.fault("F53")
@pytest.mark.parametrize("jump_h", [1, -1])
async def test_a_time_limit_is_as_long_as_it_was_however_the_clock_is_set(
    settings: EngineSettings, jump_h: int
) -> None:
    clock = MovingClock()
    async with open_engine(settings, backend=SimulatedBackend(clock=clock), clock=clock) as engine:
        job = (await engine.submit_job(a_job_spec(command=["sh", "-c", "echo begun; sleep 1000"], timeout_s=60))).job
        with anyio.fail_after(60):
            await until(
                engine, job.job_id, lambda job: job.attempt is not None and job.attempt.phase is JobPhase.RUNNING
            )
            clock.jump(timedelta(hours=jump_h))
            clock.advance(59)
            assert (await engine.get_job(job.job_id)).status is JobStatus.RUNNING
            clock.advance(20)
            ended = await engine.wait_for_job(job.job_id)
        assert ended.status is JobStatus.TIMED_OUT
        assert (duration_s(ended) or 0) >= 0
