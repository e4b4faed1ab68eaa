"""A page of the list out of ten thousand jobs."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import anyio

from benchmarks.report import Row
from core import EngineSettings, JobFilter, JobSpec, JobStatus, QueueSettings, open_engine

JOBS: Final = 10_000
PAGES: Final = 200
LIMIT_MS: Final = 10.0


async def measure() -> list[Row]:
    """Median time of a page of twenty, plain and by status."""
    with tempfile.TemporaryDirectory() as name:
        queue = QueueSettings(max_running=1, max_queued=2 * JOBS)
        settings = EngineSettings(home=Path(name) / "home", backend="simulated", queue=queue)
        async with open_engine(settings) as engine:
            spec = JobSpec(image="busybox", command=("sleep", "600"), tags=("benchmark",))

            async def submit() -> None:
                for _ in range(JOBS // 100):
                    await engine.submit_job(spec)

            async with anyio.create_task_group() as tasks:
                for _ in range(100):
                    tasks.start_soon(submit)
            rows: list[Row] = []
            for label, which in (
                ("all", JobFilter()),
                ("by status", JobFilter(statuses=frozenset({JobStatus.QUEUED}))),
            ):
                times: list[float] = []
                cursor: str | None = None
                for _ in range(PAGES):
                    began = perf_counter()
                    page = await engine.list_jobs(which, limit=20, cursor=cursor)
                    times.append(1000 * (perf_counter() - began))
                    assert len(page.items) == 20
                    cursor = page.next_cursor
                took = statistics.median(times)
                what = f"page of 20 out of {JOBS:,} jobs, {label}"
                rows.append(Row(what, f"{took:.1f} ms", "promise", f"{LIMIT_MS:.0f} ms", took / LIMIT_MS, 1.0))
    return rows
