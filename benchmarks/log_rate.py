"""A million lines from a job's container into its log, against `docker logs -f > file` on the same command.

Both start a container that prints a million lines and end when the last one is in their file; they take turns. What
the engine's memory grows by meanwhile is sampled from outside the measured path.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import anyio
import anyio.to_thread

from benchmarks.report import Row
from core import Engine, EngineSettings, JobSpec, JobStatus, LogLimit, open_engine

LINES: Final = 1_000_000
ROUNDS: Final = 3
FLOOR: Final = 0.8
MEMORY_MIB: Final = 64
COMMAND: Final = ("seq", "1", str(LINES))


def resident_mib() -> float:
    """Memory of this process that is in RAM now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / (1 << 20)


async def sample(most: list[float]) -> None:
    """Keep the highest memory seen."""
    while True:
        most[0] = max(most[0], resident_mib())
        await anyio.sleep(0.1)


async def ours(engine: Engine) -> tuple[float, float]:
    """Seconds from submit to the end, and MiB grown meanwhile."""
    spec = JobSpec(
        image="busybox:latest",
        command=COMMAND,
        network="none",
        cpus=2,
        log_limit=LogLimit(bytes=64 << 20, lines=2 * LINES),
    )
    before = resident_mib()
    most = [before]
    began = perf_counter()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sample, most)
        job_id = (await engine.submit_job(spec)).job.job_id
        await engine.wait_for_job(job_id)
        tasks.cancel_scope.cancel()
    took = perf_counter() - began
    job = (await engine.list_jobs(limit=1)).items[0]
    assert job.status is JobStatus.SUCCESS, job.failure
    assert job.attempt is not None
    assert job.attempt.log.lines == LINES, job.attempt.log
    return took, most[0] - before


def theirs(folder: Path) -> float:
    """Seconds from the start of the same container until `docker logs -f` has written its last line."""
    log = folder / "docker.log"
    began = perf_counter()
    start = ["docker", "run", "-d", "--init", "--network", "none", "--cpus", "2", "busybox:latest", *COMMAND]
    container = subprocess.run(start, capture_output=True, text=True, check=True).stdout.strip()
    try:
        with log.open("wb") as file:
            subprocess.run(["docker", "logs", "-f", container], stdout=file, check=True)
        took = perf_counter() - began
        assert log.read_bytes().count(b"\n") == LINES
    finally:
        subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=True)
    return took


async def measure() -> list[Row]:
    """Rate and memory, in one run."""
    pairs: list[tuple[float, float]] = []
    grown: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_engine(EngineSettings(home=folder / "home")) as engine:
            for _ in range(ROUNDS):
                docker_s = await anyio.to_thread.run_sync(theirs, folder)
                our_s, mib = await ours(engine)
                pairs.append((our_s, docker_s))
                grown.append(mib)
    our_s = statistics.median(pair[0] for pair in pairs)
    docker_s = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(docker / our for our, docker in pairs)
    return [
        Row(
            "1,000,000 lines into the log",
            f"{LINES / our_s:,.0f} lines/s",
            "docker logs -f > file",
            f"{LINES / docker_s:,.0f} lines/s",
            ratio,
            FLOOR,
            at_least=True,
        ),
        Row(
            "memory grown meanwhile",
            f"{max(grown):.0f} MiB",
            "promise",
            f"{MEMORY_MIB} MiB",
            max(grown) / MEMORY_MIB,
            1.0,
        ),
    ]
