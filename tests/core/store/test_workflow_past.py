"""Little facts of many runs: the newest of a name, how their nodes stand, how long these took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.lifecycle.workflow import NodeEvent, WorkflowEvent, WorkflowStatus
from core.records.workflow_node import KeptFrom
from core.store.node_changes import NodeMove
from core.store.workflow_past import PastStore
from core.testing.factories import a_node, a_workflow_run, a_workflow_source
from tests.core.store.test_workflow_listing import a_run

if TYPE_CHECKING:
    from core.store.database import Database
    from core.store.workflows import WorkflowStore
    from core.testing.clock import MovingClock


@pytest.fixture
def past(database: Database) -> PastStore:
    return PastStore(database)


async def test_the_newest_runs_of_each_name_come_in_order_whatever_their_status(
    workflows: WorkflowStore, past: PastStore, clock: MovingClock
) -> None:
    made: list[str] = []
    for status in [*WorkflowStatus, *WorkflowStatus]:
        made.append(await a_run(workflows, status, name="ci"))
        clock.advance(1)
    other = await a_run(workflows, name="nightly")
    found = await past.newest(["ci", "nightly", "never ran", "ci"], each=5)
    assert [each.workflow_id for each in found["ci"]] == made[:-6:-1]
    assert [each.workflow_id for each in found["nightly"]] == [other]
    assert found["never ran"] == ()
    only = await past.newest(["ci"], each=9, statuses=frozenset({WorkflowStatus.FAILED}))
    assert {each.status for each in only["ci"]} == {WorkflowStatus.FAILED}


async def test_a_run_tells_how_long_its_last_attempt_took_once_it_has_ended(
    workflows: WorkflowStore, past: PastStore, clock: MovingClock
) -> None:
    run = (await workflows.submit(a_workflow_run(name="ci"), a_workflow_source())).run
    clock.advance(3)
    await workflows.move(run.workflow_id, WorkflowEvent.START, by="engine", run={"started_at": clock.now()})
    assert (await past.newest(["ci"], each=1))["ci"][0].duration_s is None
    clock.advance(7.5)
    await workflows.move(run.workflow_id, WorkflowEvent.SUCCEED, by="engine")
    assert (await past.newest(["ci"], each=1))["ci"][0].duration_s == 7.5


async def test_nodes_of_many_runs_are_told_in_each_runs_order_without_the_largest_runs(
    workflows: WorkflowStore, past: PastStore
) -> None:
    small = await a_run_of(workflows, "build", "test", "notify")
    large = await a_run_of(workflows, *(f"job-{index}" for index in range(9)))
    await workflows.move_nodes(
        small,
        [NodeMove("build", NodeEvent.START), NodeMove("test", NodeEvent.SKIP)],
        by="engine",
    )
    found = await past.states([large, small, "wf_unknown"], most=8)
    assert found == {small: ("running", "skipped", "waiting")}
    assert len((await past.states([large], most=9))[large]) == 9


async def test_only_what_ran_and_succeeded_says_how_long_a_node_takes(
    workflows: WorkflowStore, past: PastStore, clock: MovingClock
) -> None:
    run_id = await a_run_of(workflows, "build", "kept", "failed")
    await workflows.move_nodes(
        run_id,
        [
            NodeMove("build", NodeEvent.START, fields={"started_at": clock.now()}),
            NodeMove("failed", NodeEvent.START, fields={"started_at": clock.now()}),
            NodeMove(
                "kept", NodeEvent.KEEP, fields={"started_at": clock.now(), "kept_from": KeptFrom(1, why="unchanged")}
            ),
        ],
        by="engine",
    )
    clock.advance(12.5)
    await workflows.move_nodes(
        run_id, [NodeMove("build", NodeEvent.SUCCEED), NodeMove("failed", NodeEvent.FAIL)], by="engine"
    )
    samples = await past.samples([run_id], most=100)
    assert [(each.job, each.node_id, each.duration_s) for each in samples] == [("build", "build", 12.5)]
    assert await past.samples([run_id], most=0) == ()


async def a_run_of(workflows: WorkflowStore, *jobs: str) -> str:
    nodes = [a_node(job, position=position) for position, job in enumerate(jobs)]
    run_id = (await workflows.submit(a_workflow_run(), a_workflow_source(), nodes)).run.workflow_id
    await workflows.move(run_id, WorkflowEvent.START, by="engine")
    return run_id
