"""The command line's start beside a bare Python's, with ten thousand jobs to list."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from benchmarks.report import Row
from core import EngineSettings, JobSpec, QueueSettings, open_engine
from orcaops_mcp import places

if TYPE_CHECKING:
    from collections.abc import Sequence

JOBS: Final = 10_000
ROUNDS: Final = 21
HELP_RATIO: Final = 3.0
LIST_RATIO: Final = 8.0
_COMMAND: Final = str(Path(sys.executable).parent / "orcaops")


async def measure() -> list[Row]:
    """Median wall time of a process, the three taken in turns so that the machine's moods hit all alike."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        await _fill(home)
        return await anyio.to_thread.run_sync(_measured, str(home))


async def _fill(home: Path) -> None:
    queue = QueueSettings(max_running=1, max_queued=2 * JOBS)
    async with open_engine(EngineSettings(home=home, backend="simulated", queue=queue)) as engine:
        spec = JobSpec(image="busybox", command=("sleep", "600"), tags=("benchmark",))

        async def submit() -> None:
            for _ in range(JOBS // 100):
                await engine.submit_job(spec)

        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(submit)


def _measured(home: str) -> list[Row]:
    variables = {**os.environ, "ORCAOPS_HOME": home}
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "help": [_COMMAND, "--help"],
        "jobs": [_COMMAND, "jobs"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    places.start_engine(home, ["--backend", "simulated"])
    try:
        for _ in range(ROUNDS + 1):
            for name, command in commands.items():
                times[name].append(_taken(command, variables))
    finally:
        places.leave(home)
        places.wait_until_gone(home, 30)
    bare, listing_help, jobs = (1000 * statistics.median(times[name][1:]) for name in commands)
    floor = ("`python -c pass`", f"{bare:.0f} ms")
    return [
        Row("`orcaops --help`", f"{listing_help:.0f} ms", *floor, listing_help / bare, HELP_RATIO),
        Row(f"`orcaops jobs` with {JOBS:,} jobs", f"{jobs:.0f} ms", *floor, jobs / bare, LIST_RATIO),
    ]


def _taken(command: Sequence[str], variables: dict[str, str]) -> float:
    began = perf_counter()
    subprocess.run(command, env=variables, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - began
