"""What is found out about a long log without holding it."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import anyio

from core import EngineSettings, open_engine, parse_job
from core.settings import MIB

if TYPE_CHECKING:
    from pathlib import Path

_LINES = 30_000
_CALM = "2026-01-02 03:04:05 INFO request handled in 12 ms by worker 3, status 200, nothing to see here at all"


async def test_the_cause_of_a_failure_is_found_in_a_log_of_three_megabytes_while_little_of_it_is_held(
    tmp_path: Path,
) -> None:
    script = f"echo 'gcc: fatal error: no input files'; flood {_LINES} '{_CALM}'; exit 3"
    spec = parse_job({"image": "busybox", "command": ["sh", "-c", script], "log_limit": {"bytes": 32 * MIB}})
    async with open_engine(EngineSettings(home=tmp_path / "home", backend="simulated")) as engine:
        job_id = (await engine.submit_job(spec)).job.job_id
        with anyio.fail_after(60):
            job = await engine.wait_for_job(job_id)
        assert job.attempt is not None
        assert (job.attempt.log.lines, job.attempt.log.truncated) == (_LINES + 1, False)
        tracemalloc.start()
        try:
            summary = await engine.explain_failure(job_id)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert summary.diagnosis.cause is not None
    assert summary.diagnosis.cause.line == 1
    assert most < 4 * MIB
