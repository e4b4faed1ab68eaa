"""`make soak`, or `python -m benchmarks.soak`: a steady mix of work for some minutes, and what came of it.

Variables: ``MINUTES`` (3), ``JOBS`` (2,000 in thirty minutes), ``BACKEND`` (``simulated`` with a share on Docker if
there is one; ``docker`` for all), ``DOCKER_SHARE`` (0.05 of the jobs), ``MAX_RUNNING`` (4).
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread

from benchmarks.report import machine
from benchmarks.soak.judging import Findings, faults_of, table
from benchmarks.soak.mix import ROUND_JOBS
from benchmarks.soak.server import docker_answers
from benchmarks.soak.soaking import soak

_JOBS_A_MINUTE: Final = 2000 / 30
_MOST_TOLD: Final = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    Attributes:
        minutes: How long work is begun.
        jobs: How many jobs there are in that time, over all servers.
        shares: Which part of them each backend has.
        max_running: Jobs that a server runs at once.
    """

    minutes: float
    jobs: int
    shares: dict[str, float]
    max_running: int


async def wanted() -> Wanted:
    """What the environment says."""
    minutes = float(os.environ.get("MINUTES", "3"))
    backend = os.environ.get("BACKEND", "simulated")
    share = float(os.environ.get("DOCKER_SHARE", "0.05")) if backend == "simulated" else 0
    if share and not await anyio.to_thread.run_sync(docker_answers):
        share = 0
    shares = {backend: 1 - share} | ({"docker": share} if share else {})
    return Wanted(
        minutes,
        int(os.environ.get("JOBS", "0")) or max(2 * ROUND_JOBS, round(minutes * _JOBS_A_MINUTE)),
        shares,
        int(os.environ.get("MAX_RUNNING", "4")),
    )


async def main() -> int:
    """Soak, print, and return 1 if anything speaks against a server."""
    asked = await wanted()
    print(f"{asked.jobs:,} jobs in {asked.minutes:g} minutes: {asked.shares}; {machine()}", file=sys.stderr)
    found: list[Findings] = []

    async def one(backend: str, share: float) -> None:
        jobs = round(asked.jobs * share)
        found.append(await soak(backend, jobs=jobs, minutes=asked.minutes, max_running=asked.max_running))

    async with anyio.create_task_group() as tasks:
        for backend, share in asked.shares.items():
            tasks.start_soon(one, backend, share)
    return _tell(found)


def _tell(found: list[Findings]) -> int:
    bad = False
    for each in found:
        print(f"\n{table(each)}\n")
        faults = faults_of(each)
        bad = bad or bool(faults)
        for fault in faults[:_MOST_TOLD]:
            print(f"NOT MET ({each.name}): {fault}")
        if len(faults) > _MOST_TOLD:
            print(f"NOT MET ({each.name}): {len(faults) - _MOST_TOLD} more")
        if not faults:
            print(
                f"met: {each.name} keeps its memory and its descriptors, every job ended as it should, nothing is left"
            )
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(anyio.run(main))
