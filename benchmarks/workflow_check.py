"""Checking and planning a workflow of 2,000 jobs, beside PyYAML's loading of the same file."""

from __future__ import annotations

import statistics
from time import process_time
from typing import Final

import yaml

from benchmarks.report import Row
from core import check_workflow

JOBS: Final = 2000
ROUNDS: Final = 3
LIMIT: Final = 6.0


def source() -> str:
    """A file with conditions, variables, outputs and a matrix here and there; each job waits for an earlier one."""
    lines = ["name: wide", "env: {LEVEL: '1'}", "jobs:"]
    for number in range(JOBS):
        lines += [
            f"  job-{number}:",
            "    image: busybox:1.35",
            f"    commands: ['echo {number}', 'echo \"value={number}\" >> \"$ORCAOPS_OUTPUT\"']",
            "    env:",
            "      LEVEL: ${{ env.LEVEL }}",
        ]
        if number:
            lines.append(f"    needs: [job-{number // 2}]")
        if number % 10 == 0:
            lines.append("    matrix: {part: [a, b]}")
    return "\n".join(lines) + "\n"


async def measure() -> list[Row]:
    """Seconds of processor time, median of a few rounds each."""
    text = source()
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        began = process_time()
        check = check_workflow(text)
        assert check.plan is not None, check.findings[:3]
        ours.append(process_time() - began)
        began = process_time()
        yaml.safe_load(text)
        theirs.append(process_time() - began)
    mine, peer = statistics.median(ours), statistics.median(theirs)
    return [
        Row(
            f"a workflow of {JOBS:,} jobs checked and planned",
            f"{mine:.1f} s",
            "PyYAML's safe_load",
            f"{peer:.1f} s",
            mine / peer,
            LIMIT,
        )
    ]
