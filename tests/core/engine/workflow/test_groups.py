"""Concurrency groups of runs and of jobs: who holds one, who waits, who has to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import EngineSettings, NodeStatus, QueueSettings, WorkflowStatus, open_engine
from tests.core.engine.workflow.runs import conduct, ended, start, until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core import Engine, WorkflowRun

HOLDS = """
concurrency: {{group: deploy, {more}}}
jobs:
  long: {{image: busybox:1, commands: [sleep 600]}}
"""
QUICK = """
concurrency: {{group: Deploy, {more}}}
jobs:
  quick: {{image: busybox:1, commands: [echo quick]}}
"""


@pytest.fixture
async def wide(settings: EngineSettings) -> AsyncGenerator[Engine]:
    """An engine with room for many jobs."""
    async with open_engine(settings.model_copy(update={"queue": QueueSettings(max_running=16)})) as engine:
        yield engine


async def until_waiting(engine: Engine, workflow_id: str) -> WorkflowRun:
    with anyio.fail_after(60), engine.subscribe([workflow_id]) as news:
        while (run := await engine.get_workflow(workflow_id)).reason is None:
            await news.wait()
            news.take()
    return run


async def test_a_run_waits_until_its_group_is_free_and_says_who_has_it(wide: Engine) -> None:
    holder = await start(wide, HOLDS.format(more=""))
    await until(wide, holder, "long", NodeStatus.RUNNING)
    waiting = await start(wide, QUICK.format(more=""))
    run = await until_waiting(wide, waiting)
    assert run.status is WorkflowStatus.PENDING
    assert run.reason is not None
    assert (run.reason.code, run.reason.jobs) == ("concurrency", (holder,))
    assert run.reason.text == f"waits for the group 'Deploy', which {holder} holds"
    await wide.cancel_workflow(holder, force=True)
    assert (await ended(wide, waiting)).run.status is WorkflowStatus.SUCCESS
    assert (await wide.get_workflow(waiting)).reason is None


async def test_who_comes_takes_the_place_of_who_waits(wide: Engine) -> None:
    holder = await start(wide, HOLDS.format(more=""))
    await until(wide, holder, "long", NodeStatus.RUNNING)
    first = await start(wide, QUICK.format(more=""))
    await until_waiting(wide, first)
    second = await start(wide, QUICK.format(more=""))
    gone = (await ended(wide, first)).run
    assert gone.status is WorkflowStatus.CANCELLED
    assert gone.reason is not None
    assert (gone.reason.code, gone.reason.jobs) == ("superseded", (second,))
    assert {node.status for node in await wide.workflow_nodes(first)} == {NodeStatus.CANCELLED}
    await wide.cancel_workflow(holder, force=True)
    assert (await ended(wide, second)).run.status is WorkflowStatus.SUCCESS


async def test_with_queue_max_all_wait_and_come_in_their_order(wide: Engine) -> None:
    holder = await start(wide, HOLDS.format(more="queue: max"))
    await until(wide, holder, "long", NodeStatus.RUNNING)
    waiting: list[str] = []
    for _ in range(3):
        waiting.append(await start(wide, QUICK.format(more="queue: max")))
        await until_waiting(wide, waiting[-1])
    await wide.cancel_workflow(holder, force=True)
    runs = [(await ended(wide, workflow_id)).run for workflow_id in waiting]
    assert {run.status for run in runs} == {WorkflowStatus.SUCCESS}
    starts = [run.started_at for run in runs if run.started_at is not None]
    assert starts == sorted(starts)
    assert len(starts) == 3


async def test_a_newcomer_may_cancel_who_holds_the_group(wide: Engine) -> None:
    holder = await start(wide, HOLDS.format(more=""))
    await until(wide, holder, "long", NodeStatus.RUNNING)
    newcomer = await start(wide, QUICK.format(more="cancel_in_progress: true"))
    gone = await ended(wide, holder)
    assert gone.run.status is WorkflowStatus.CANCELLED
    assert gone.run.reason is not None
    assert (gone.run.reason.code, gone.run.reason.jobs) == ("superseded", (newcomer,))
    assert gone.reasons["long"] == "superseded"
    assert (await ended(wide, newcomer)).run.status is WorkflowStatus.SUCCESS


async def test_a_group_with_a_limit_has_so_many_holders(wide: Engine) -> None:
    holders = [await start(wide, HOLDS.format(more="queue: max, limit: 2")) for _ in range(2)]
    for workflow_id in holders:
        await until(wide, workflow_id, "long", NodeStatus.RUNNING)
    third = await start(wide, QUICK.format(more="queue: max, limit: 2"))
    run = await until_waiting(wide, third)
    assert run.reason is not None
    assert sorted(run.reason.jobs) == sorted(holders)
    await wide.cancel_workflow(holders[0], force=True)
    assert (await ended(wide, third)).run.status is WorkflowStatus.SUCCESS
    assert (await wide.get_workflow(holders[1])).status is WorkflowStatus.RUNNING


async def test_a_run_that_waits_can_be_cancelled_and_leaves_the_group(wide: Engine) -> None:
    holder = await start(wide, HOLDS.format(more=""))
    await until(wide, holder, "long", NodeStatus.RUNNING)
    waiting = await start(wide, QUICK.format(more=""))
    await until_waiting(wide, waiting)
    await wide.cancel_workflow(waiting, by="cli", reason="not needed")
    run = (await ended(wide, waiting)).run
    assert run.status is WorkflowStatus.CANCELLED
    assert run.reason is not None
    assert run.reason.text == "the run was cancelled by cli: not needed"
    assert run.started_at is None


async def test_jobs_of_two_runs_exclude_each_other_by_their_group(wide: Engine) -> None:
    text = """
    jobs:
      build: {image: busybox:1, commands: [echo build]}
      deploy: {image: busybox:1, needs: build, concurrency: {group: live, queue: max}, commands: ["%s"]}
    """
    first = await start(wide, text % "sleep 600")
    holding = await until(wide, first, "deploy", NodeStatus.RUNNING)
    second = await start(wide, text % "echo deployed")
    with anyio.fail_after(60), wide.subscribe([second]) as news:
        while (node := await wide.workflow_node(second, "deploy")).reason is None or node.reason.code != "concurrency":
            await news.wait()
            news.take()
    assert node.reason.jobs == (f"{first}/{holding.node_id}",)
    await wide.cancel_workflow(first, force=True)
    assert (await ended(wide, second)).run.status is WorkflowStatus.SUCCESS


async def test_a_job_that_names_the_group_of_its_own_run_fails_and_says_that_it_could_never_start(
    wide: Engine,
) -> None:
    over = await conduct(
        wide,
        """
        inputs: {place: {type: string, default: live}}
        concurrency: {group: "deploy-${{ inputs.place }}"}
        jobs:
          one: {image: busybox:1, concurrency: {group: "deploy-${{ inputs.place }}"}, commands: [echo one]}
        """,
    )
    failure = over.node("one").failure
    assert failure is not None
    assert "the run itself holds the group 'deploy-live'" in failure.message
    assert over.run.status is WorkflowStatus.FAILED


async def test_a_group_whose_name_comes_to_nothing_keeps_the_run_from_beginning(wide: Engine) -> None:
    over = await conduct(
        wide,
        """
        inputs: {place: {type: string, default: ""}}
        concurrency: {group: "${{ inputs.place }}"}
        jobs:
          one: {image: busybox:1, commands: [echo one]}
        """,
    )
    assert over.run.status is WorkflowStatus.FAILED
    assert over.run.failure is not None
    assert over.run.failure.message == "The workflow, the name of its group is empty."
