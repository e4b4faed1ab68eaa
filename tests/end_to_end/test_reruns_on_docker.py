"""Runs of workflows run again on a real Docker Engine."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest

from core import RerunRequest, RerunSource, WorkflowRequest
from tests.end_to_end.flowing import a_request, ended, nodes_of, printed, ran, told

if TYPE_CHECKING:
    from core import Engine
    from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.docker

FILE = """
jobs:
  build:
    image: busybox
    commands: ['echo "tag=$(date +%s%N)" >> "$ORCAOPS_OUTPUT"; echo built > app']
    artifacts: app
  cache: {image: busybox, commands: [echo warm], services: {web: {image: busybox, command: [sleep, "1000"]}}}
  test:
    image: busybox
    needs: build
    matrix: {part: [a, b, c]}
    fail_fast: false
    commands: ['cat "$ORCAOPS_NEEDS_DIR/build/app"', 'echo "${{ needs.build.outputs.tag }}"', CHECK]
  ship: {image: busybox, needs: [test, cache], commands: [echo shipped]}
"""
BROKEN = FILE.replace("CHECK", "'[ ${{ matrix.part }} != b ]'")
MENDED = FILE.replace("CHECK", "'[ ${{ matrix.part }} != z ]'")


async def test_failed_variants_run_again_with_the_files_and_outputs_of_the_jobs_that_are_kept(
    docker_engine: Engine,
) -> None:
    engine = docker_engine
    first, before = await ran(engine, WorkflowRequest(text=BROKEN))
    assert {name: str(node.status) for name, node in before.items()} == {
        "build": "success", "cache": "success", "test-a": "success", "test-b": "failed", "test-c": "success",
        "ship": "skipped",
    }, await told(engine, first, before)  # fmt: skip
    found = await engine.rerun_workflow(first.workflow_id, RerunRequest())
    assert [node.node_id for node in found.plan.rerun] == ["test-b", "ship"]
    await ended(engine, first.workflow_id)
    found = await engine.rerun_workflow(first.workflow_id, RerunRequest(source=RerunSource(text=MENDED)))
    assert [node.node_id for node in found.plan.kept] == ["build", "cache"]
    third = await ended(engine, first.workflow_id)
    after = await nodes_of(engine, first.workflow_id)
    assert (str(third.status), third.attempt) == ("success", 3), await told(engine, third, after)
    assert after["build"].job_id == before["build"].job_id
    assert await printed(engine, after["test-b"]) == ["built", before["build"].outputs["tag"]]


async def test_a_success_on_an_image_that_is_another_one_now_runs_again(
    docker_engine: Engine, operator: Operator
) -> None:
    engine, image = docker_engine, f"orcaops-test-rerun-{secrets.token_hex(4)}"
    await anyio.to_thread.run_sync(operator.tag, "busybox:latest", image)
    try:
        jobs = {
            "build": {"image": image, "commands": ["echo built"]},
            "lint": {"image": "busybox", "commands": ["echo lint"]},
            "bad": {"image": "busybox", "commands": ["exit 1"]},
        }
        first, _ = await ran(engine, a_request({"jobs": jobs}))
        plan = await engine.plan_rerun(first.workflow_id, RerunRequest())
        assert [node.node_id for node in plan.kept] == ["build", "lint"]
        await anyio.to_thread.run_sync(operator.tag, "python:3.11-slim", image)
        plan = await engine.plan_rerun(first.workflow_id, RerunRequest())
        assert {node.node_id: node.why for node in plan.rerun} == {
            "build": f"its image {image} is another one now",
            "bad": "it failed (exit code 1)",
        }
    finally:
        await anyio.to_thread.run_sync(operator.forget_image, f"{image}:latest")
