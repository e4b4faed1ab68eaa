"""A run goes on where its engine stopped, wherever that was."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import EngineSettings, JobFilter, NodeStatus, WorkflowStatus, open_engine
from core.backends.simulated.backend import SimulatedBackend
from core.testing.clock import MovingClock
from tests.core.engine.workflow.runs import Ended, conduct, ended, start, until

if TYPE_CHECKING:
    from core import Engine

TWELVE = """
max_parallel: 3
jobs:
  plan: {image: busybox:1, commands: ['echo "parts=[1, 2, 3]" >> "$ORCAOPS_OUTPUT"']}
  lint: {image: busybox:1, continue-on-error: true, commands: [exit 4]}
  build:
    image: busybox:1
    needs: plan
    retry: 2
    commands: ['[ "$ORCAOPS_ATTEMPT" = 2 ]', 'echo "id=b7" >> "$ORCAOPS_OUTPUT"']
  test:
    image: busybox:1
    needs: [plan, build]
    fail_fast: false
    matrix: {part: "${{ fromJSON(needs.plan.outputs.parts) }}"}
    env: {PART: "${{ matrix.part }}", ID: "${{ needs.build.outputs.id }}"}
    commands: ['[ "$PART" != 2 ]', 'echo "told=$ID-$PART" >> "$ORCAOPS_OUTPUT"']
  check:
    image: busybox:1
    needs: [{job: test, matrix: same}]
    fail_fast: false
    matrix: {part: "${{ fromJSON(jobs.plan.outputs.parts) }}"}
    env: {TOLD: "${{ needs.test.outputs.told }}"}
    commands: ['echo "seen=$TOLD" >> "$ORCAOPS_OUTPUT"']
  ship: {image: busybox:1, needs: test, concurrency: live, commands: [echo ship]}
  mend: {image: busybox:1, needs: test, if: failure(), concurrency: live, commands: [echo mend]}
  last:
    image: busybox:1
    on_complete: always
    env: {ALL: "${{ join(jobs.*.result, ' ') }}"}
    commands: ['echo "all=$ALL" >> "$ORCAOPS_OUTPUT"']
outputs:
  all: ${{ jobs.last.outputs.all }}
"""


def told(over: Ended) -> dict[str, Any]:
    """What has to be the same, however often the engine stopped."""
    nodes = {
        node.node_id: (node.status, node.result, dict(node.outputs), node.reason, node.exit_code, len(node.tries))
        for node in over.nodes
    }
    return {"status": over.run.status, "outputs": dict(over.run.outputs), "nodes": nodes}


async def jobs_by_node(engine: Engine, workflow_id: str) -> Counter[str]:
    page = await engine.list_jobs(JobFilter(workflow_id=workflow_id), limit=100)
    return Counter(job.workflow.node_id for job in page.items if job.workflow is not None)


async def follow(engine: Engine, workflow_id: str, changes: int) -> bool:
    """Wait for so many changes of a run, or its end; whether it has ended."""
    first = (await engine.get_workflow(workflow_id)).version
    with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
        while True:
            run = await engine.get_workflow(workflow_id)
            if run.is_finished or run.version >= first + changes:
                return run.is_finished
            await news.wait()
            news.take()


@pytest.mark.parametrize("changes", [1, 2, 3, 4, 6])
async def test_a_run_ends_the_same_however_often_its_engine_stops(settings: EngineSettings, changes: int) -> None:
    backend, stops = SimulatedBackend(), 0
    async with open_engine(settings, backend=backend) as engine:
        undisturbed = await conduct(engine, TWELVE)
        expected = await jobs_by_node(engine, undisturbed.run.workflow_id)
        workflow_id = await start(engine, TWELVE)
        is_over = await follow(engine, workflow_id, changes)
    while not is_over:
        stops += 1
        async with open_engine(settings, backend=backend) as engine:
            is_over = await follow(engine, workflow_id, changes)
    async with open_engine(settings, backend=backend) as engine:
        over = await ended(engine, workflow_id)
        assert told(over) == told(undisturbed)
        assert await jobs_by_node(engine, workflow_id) == expected
    assert stops


async def test_the_undisturbed_run_is_what_it_is_meant_to_be(engine: Engine) -> None:
    over = await conduct(engine, TWELVE)
    assert len(over.nodes) == 12
    assert over.run.status is WorkflowStatus.PARTIAL
    assert over.results == {
        "plan": "success", "lint": "success", "build": "success",
        "test-1": "success", "test-2": "failure", "test-3": "success",
        "check-1": "success", "check-2": "skipped", "check-3": "success",
        "ship": "skipped", "mend": "success", "last": "success",
    }  # fmt: skip
    assert over.node("check-3").outputs == {"seen": "b7-3"}
    assert [each.number for each in over.node("build").tries] == [1, 2]
    assert over.run.outputs["all"] == "success success success failure success skipped success"


async def test_a_retry_waits_out_its_time_over_a_restart(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        workflow_id = await start(
            engine,
            "jobs: {one: {image: 'busybox:1', retry: {max: 1, backoff: 100s}, commands: ['[ $ORCAOPS_ATTEMPT = 2 ]']}}",
        )
        with anyio.fail_after(60), engine.subscribe([workflow_id]) as news:
            while (node := await engine.workflow_node(workflow_id, "one")).retry_at is None:
                await news.wait()
                news.take()
        assert (node.status, node.reason.code if node.reason else "") == (NodeStatus.WAITING, "retry-wait")
        assert (node.retry_at - clock.now()).total_seconds() == 100
    clock.advance(60)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        with anyio.fail_after(60):
            await clock.until_sleeping(4)
        assert (await engine.workflow_node(workflow_id, "one")).retry_at == node.retry_at
        clock.advance(40)
        over = await ended(engine, workflow_id)
    assert over.results == {"one": "success"}
    assert [each.outcome for each in over.node("one").tries] == ["failure", "success"]


async def test_a_cancelled_run_goes_on_being_cancelled(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await start(
            engine,
            """
            jobs:
              long: {image: busybox:1, env: {SIMULATE_FAIL: stubborn}, commands: [sleep 600]}
              tidy: {image: busybox:1, needs: long, if: always(), commands: [echo tidy]}
            """,
        )
        await until(engine, workflow_id, "long", NodeStatus.RUNNING)
        await engine.cancel_workflow(workflow_id)
    async with open_engine(settings, backend=backend) as engine:
        over = await ended(engine, workflow_id)
    assert over.run.status is WorkflowStatus.CANCELLED
    assert over.results == {"long": "cancelled", "tidy": "success"}


async def test_a_run_that_waits_for_its_group_has_it_after_a_restart(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        holder = await start(engine, "{concurrency: live, jobs: {long: {image: 'busybox:1', commands: [sleep 600]}}}")
        await until(engine, holder, "long", NodeStatus.RUNNING)
        waiting = await start(engine, "{concurrency: live, jobs: {one: {image: 'busybox:1', commands: [echo one]}}}")
        await follow(engine, waiting, 1)
    async with open_engine(settings, backend=backend) as engine:
        assert (await engine.get_workflow(waiting)).status is WorkflowStatus.PENDING
        await engine.cancel_workflow(holder, force=True)
        assert (await ended(engine, waiting)).run.status is WorkflowStatus.SUCCESS
