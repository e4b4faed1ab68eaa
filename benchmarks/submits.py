"""Durable submits a second through the whole engine, beside huey's on SQLite.

A hundred submitters at once; every way has synced to disk before it answers. The jobs wait: the simulated containers
in the few slots run for the whole measurement.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import anyio
import anyio.to_thread

from benchmarks.report import Row
from benchmarks.store_submits import huey_threads
from core import EngineSettings, JobSpec, QueueSettings, open_engine

SUBMITS: Final = 3000
SUBMITTERS: Final = 100
ROUNDS: Final = 5
FLOOR: Final = 1500


async def ours(folder: Path) -> float:
    """Submits a second."""
    queue = QueueSettings(max_running=4, max_queued=1_000_000)
    spec = JobSpec(image="busybox", command=("sleep", "600"))
    async with open_engine(EngineSettings(home=folder, backend="simulated", queue=queue)) as engine:

        async def submit() -> None:
            for _ in range(SUBMITS // SUBMITTERS):
                await engine.submit_job(spec)

        began = perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(SUBMITTERS):
                tasks.start_soon(submit)
        return SUBMITS / (perf_counter() - began)


async def measure() -> list[Row]:
    """Our rate beside the floor and beside huey's."""
    rates: list[float] = []
    peers: list[float] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rates.append(await ours(folder / "home"))
            many = await anyio.to_thread.run_sync(huey_threads, folder, SUBMITS, SUBMITTERS)
            peers.append(SUBMITS / many)
    rate = statistics.median(rates)
    peer = statistics.median(peers)
    against = statistics.median(ours / huey for ours, huey in zip(rates, peers, strict=True))
    return [
        Row(
            "durable submits, 100 at once",
            f"{rate:,.0f}/s",
            "promise",
            f"{FLOOR:,}/s",
            rate / FLOOR,
            1.0,
            at_least=True,
        ),
        Row("the same", f"{rate:,.0f}/s", "huey, 100 threads", f"{peer:,.0f}/s", against, 1.0, at_least=True),
    ]
