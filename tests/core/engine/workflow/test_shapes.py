"""Pipelines as they are written in earnest: which nodes they come to, and which of them run."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import anyio.to_thread
from pydantic import SecretStr

from core import EngineSettings, LogQuery, NodeStatus, WorkflowStatus, open_engine
from core.backends.simulated.backend import SimulatedBackend
from tests.core.engine.workflow.runs import conduct, ended, start, until

if TYPE_CHECKING:
    from pathlib import Path

    from core import Engine

PIPELINE = """
jobs:
  build: {image: busybox:1, commands: [echo build]}
  test-unit:
    image: busybox:1
    needs: build
    matrix:
      python: ["3.10", "3.11", "3.12"]
      resolver: [locked, latest]
      exclude: [{python: "3.10", resolver: latest}]
      include: [{python: "3.13", resolver: locked, experimental: true}]
    max_parallel: 3
    fail_fast: false
    continue-on-error: ${{ matrix.experimental == true }}
    env: {WHICH: "${{ matrix.python }}"}
    commands: ['[ "$WHICH" != 3.13 ]']
  deploy:
    image: busybox:1
    needs: [build, test-unit]
    if: ${{ github.ref == 'refs/heads/main' }}
    concurrency: {group: "deploy", queue: max}
    commands: [echo deploy]
  notify:
    image: busybox:1
    on_complete: always
    continue-on-error: true
    env: {SUMMARY: "${{ join(jobs.*.result, ' ') }}"}
    commands: ['echo "summary=$SUMMARY" >> "$ORCAOPS_OUTPUT"']
"""
FAN = """
jobs:
  plan: {image: busybox:1, commands: ['echo "shards=[]" >> "$ORCAOPS_OUTPUT"']}
  process:
    image: busybox:1
    name: process shard ${{ matrix.shard.id }}
    needs: plan
    strategy: {fail-fast: false, matrix: {shard: "${{ fromJSON(needs.plan.outputs.shards) }}"}}
    commands: ['echo "rows=${{ matrix.shard.id }}0" >> "$ORCAOPS_OUTPUT"']
  verify:
    image: busybox:1
    needs: [{job: process, matrix: same}]
    strategy: {matrix: {shard: "${{ fromJSON(needs.plan.outputs.shards) }}"}}
    after: [plan]
    commands: [echo verify]
  merge:
    image: busybox:1
    needs: [{job: verify, optional: true}]
    after: [process]
    unless: ${{ needs.process.result == 'skipped' }}
    commands: [echo merge]
outputs:
  rows: ${{ join(jobs.process.variants.*.outputs.rows, ',') }}
  ok: ${{ jobs.merge.result == 'success' }}
"""
RELEASE = """
on:
  workflow_dispatch:
    inputs: {dry-run: {type: boolean, default: true}, version: {type: string, required: true}}
jobs:
  package: {image: busybox:1, commands: [echo package]}
  sign:
    image: busybox:1
    needs: package
    if: ${{ !inputs.dry-run && secrets.SIGNING_KEY != '' }}
    commands: [echo sign]
  publish:
    image: busybox:1
    needs: [package, {job: sign, optional: true}]
    concurrency: release
    env: {MODE: "${{ case(inputs.dry-run, 'check', startsWith(inputs.version, '0.'), 'pre', 'final') }}"}
    commands: ['echo "mode=$MODE" >> "$ORCAOPS_OUTPUT"']
  rollback: {image: busybox:1, needs: publish, on_complete: failure, commands: [echo rollback]}
"""


async def test_a_matrix_has_its_variants_in_order_and_only_the_tolerated_one_may_fail(engine: Engine) -> None:
    over = await conduct(engine, PIPELINE, context={"github": {"ref": "refs/heads/main"}})
    variants = [node for node in over.nodes if node.job == "test-unit"]
    assert [tuple(node.variant.values.values()) for node in variants if node.variant is not None] == [
        ("3.10", "locked"), ("3.11", "locked"), ("3.11", "latest"),
        ("3.12", "locked"), ("3.12", "latest"), ("3.13", "locked", True),
    ]  # fmt: skip
    assert [node.is_tolerated for node in variants] == [False] * 5 + [True]
    assert over.results["deploy"] == "success"
    assert over.node("notify").outputs == {"summary": "success success success"}
    assert over.run.status is WorkflowStatus.SUCCESS


async def test_a_plan_of_nothing_skips_what_would_work_on_it(engine: Engine) -> None:
    over = await conduct(engine, FAN)
    assert over.run.status is WorkflowStatus.SUCCESS
    assert over.results == {"plan": "success", "process": "skipped", "verify": "skipped", "merge": "skipped"}
    assert over.reasons == {"process": "empty-matrix", "verify": "needs", "merge": "condition"}
    assert dict(over.run.outputs) == {"rows": "", "ok": "false"}


async def test_a_plan_of_two_parts_fans_out_and_in(engine: Engine) -> None:
    text = FAN.replace("shards=[]", """shards=[{\\"id\\": 1}, {\\"id\\": 2}]""")
    over = await conduct(engine, text)
    assert over.run.status is WorkflowStatus.SUCCESS
    assert [node.node_id for node in over.nodes] == [
        "plan", "process-1", "process-2", "verify-1", "verify-2", "merge",
    ]  # fmt: skip
    assert over.node("process-2").name == "process shard 2"
    assert dict(over.run.outputs) == {"rows": "10,20", "ok": "true"}


async def test_a_dry_release_checks_and_neither_signs_nor_rolls_back(settings: EngineSettings) -> None:
    secret = settings.model_copy(update={"secrets": {"SIGNING_KEY": SecretStr("tide-and-foam")}})
    async with open_engine(secret) as engine:
        dry = await conduct(engine, RELEASE, inputs={"version": "1.4.0"})
        wet = await conduct(engine, RELEASE, inputs={"version": "0.4.0", "dry-run": False})
    assert dry.results == {"package": "success", "sign": "skipped", "publish": "success", "rollback": "skipped"}
    assert dry.node("publish").outputs == {"mode": "check"}
    assert wet.node("publish").outputs == {"mode": "pre"}
    sign = wet.node("sign")
    assert sign.condition is not None
    assert sign.condition.expanded == "success() && !false && *** != '' → true"


async def test_a_secret_that_a_condition_meets_by_a_variable_is_masked(settings: EngineSettings) -> None:
    secret = settings.model_copy(update={"secrets": {"TOKEN": SecretStr("tide-and-foam")}})
    text = """
    env: {T: "${{ secrets.TOKEN }}"}
    jobs:
      one: {image: busybox:1, if: "env.T == 'other'", commands: [echo one]}
      two: {image: busybox:1, if: "env.T != ''", env: {MINE: "${{ env.T }}"}, commands: ['echo "[$MINE]"']}
    """
    async with open_engine(secret) as engine:
        over = await conduct(engine, text)
        job_id = over.node("two").job_id
        assert job_id is not None
        lines = [line.text for line in (await engine.read_logs(job_id, LogQuery())).lines]
    assert over.results == {"one": "skipped", "two": "success"}
    assert lines == ["[***]"]
    assert "tide-and-foam" not in repr(over)


async def test_the_longest_way_through_a_run_is_kept_with_it(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        jobs:
          one: {image: busybox:1, commands: [sleep 0.4]}
          short: {image: busybox:1, commands: ["true"]}
          two: {image: busybox:1, needs: [one, short], commands: [sleep 0.1]}
        """,
    )
    assert [each.node_id for each in over.run.critical_path] == ["one", "two"]
    assert over.run.critical_path[0].duration_s >= 0.4


async def test_a_run_whose_file_cannot_be_read_any_more_fails_and_stops_its_jobs(
    settings: EngineSettings, tmp_path: Path
) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await start(engine, "jobs: {long: {image: 'busybox:1', commands: [sleep 600]}}")
        await until(engine, workflow_id, "long", NodeStatus.RUNNING)

    def spoil() -> None:
        (database,) = (tmp_path / "home").glob("*.db")
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE workflow_sources SET text = '- no mapping'")
        connection.close()

    await anyio.to_thread.run_sync(spoil)
    async with open_engine(settings, backend=backend) as engine:
        over = await ended(engine, workflow_id)
        job = await engine.wait_for_job(over.node("long").job_id or "", timeout_s=20)
    assert over.run.status is WorkflowStatus.FAILED
    assert over.run.failure is not None
    assert over.run.failure.message == "The workflow of this run cannot be read any more."
    assert job.status == "cancelled"


async def test_hundreds_of_jobs_that_a_failure_keeps_from_running_are_told_why(engine: Engine) -> None:
    nodes = 400
    jobs = ["  root: {image: 'busybox:1', commands: [exit 1]}"]
    jobs += [f"  j{n}: {{image: 'busybox:1', needs: root, commands: ['true']}}" for n in range(nodes // 2)]
    jobs += [f"  k{n}: {{image: 'busybox:1', needs: j{n}, commands: ['true']}}" for n in range(nodes // 2)]
    over = await conduct(engine, "jobs:\n" + "\n".join(jobs))
    assert over.run.counts.skipped == nodes
    assert set(over.reasons.values()) == {"needs"}
