"""The figures of a month of ten thousand jobs: what the page of analytics waits for."""

from __future__ import annotations

import statistics
import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.report import Row
from core import open_engine
from core.testing.demo import DemoSize, demo_settings, fill_demo_home

JOBS: Final = 10_000
TIMES: Final = 15
LIMIT_MS: Final = 100.0


async def measure() -> list[Row]:
    """Median milliseconds of the figures of thirty days."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        await fill_demo_home(home, DemoSize(jobs=JOBS, log_lines=1_000, logs=0))
        took: list[float] = []
        async with open_engine(demo_settings(home)) as engine:
            for _ in range(TIMES):
                began = perf_counter()
                found = await engine.analytics(timedelta(days=30))
                took.append(1000 * (perf_counter() - began))
                assert found.now.runs > JOBS
    half = statistics.median(took)
    what = f"figures of 30 days of {JOBS:,} jobs"
    return [Row(what, f"{half:.0f} ms", "promise", f"{LIMIT_MS:.0f} ms", half / LIMIT_MS, 1.0)]
