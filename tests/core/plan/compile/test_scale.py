"""Large workflows are checked and planned in time proportional to reading them as YAML."""

from __future__ import annotations

import time

import pytest
import yaml

from core.plan.compile import compile_workflow
from core.plan.lint import lint_workflow
from core.plan.reading import read_workflow

pytestmark = pytest.mark.slow

JOBS = 400
WIDTH = 20


def layered(jobs: int) -> str:
    lines = ["env: {A: '1'}", "jobs:"]
    for number in range(jobs):
        needs = f"[job-{number - WIDTH}, job-{number - WIDTH - 1}]" if number > WIDTH else "[]"
        lines += [f"  job-{number}:", "    image: alpine:3.20", f"    needs: {needs}"]
        lines += ["    env:", "      B: ${{ env.A }}-x", "    commands:", "      - echo one", '      - echo "$B"']
        lines += ["    timeout: 60", f"    if: ${{{{ github.ref != 'x{number}' }}}}"]
    return "\n".join(lines) + "\n"


def test_many_jobs_are_checked_and_planned_within_six_times_what_yaml_takes() -> None:
    text = layered(JOBS)
    began = time.process_time()
    yaml.safe_load(text)
    took_yaml = time.process_time() - began
    began = time.process_time()
    reading = read_workflow(text)
    findings = lint_workflow(reading)
    assert reading.spec is not None
    plan = compile_workflow(reading.spec)
    took = time.process_time() - began
    assert findings == ()
    assert len(plan.nodes) == JOBS
    assert took < 6 * took_yaml
