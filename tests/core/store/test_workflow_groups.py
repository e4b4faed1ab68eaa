"""Who holds a concurrency group and who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core.errors import WorkflowNotFoundError
from core.ids import new_workflow_id
from core.lifecycle.workflow import WorkflowEvent
from core.store.retention import RunShelf
from core.store.workflow_groups import Entry, GroupStore
from core.testing.factories import a_workflow_run, a_workflow_source

if TYPE_CHECKING:
    from core.records.workflow import GroupMember
    from core.store.database import Database
    from core.store.workflows import WorkflowStore
    from core.testing.clock import MovingClock


@pytest.fixture
def groups(database: Database, clock: MovingClock) -> GroupStore:
    return GroupStore(database, clock)


async def a_run(workflows: WorkflowStore) -> str:
    return (await workflows.submit(a_workflow_run(), a_workflow_source())).run.workflow_id


def places(members: tuple[GroupMember, ...]) -> list[tuple[str, str, bool]]:
    return [(member.workflow_id, member.node_id, member.is_holder) for member in members]


async def test_who_comes_first_holds_the_group_and_the_others_wait_in_order(
    groups: GroupStore, workflows: WorkflowStore, clock: MovingClock
) -> None:
    one, two, three = [await a_run(workflows) for _ in range(3)]
    start = clock.now()
    await groups.enter(Entry("deploy", one))
    clock.advance(1)
    await groups.enter(Entry("deploy", three, "ship"))
    members = await groups.enter(Entry("deploy", two))
    assert places(members) == [(one, "", True), (three, "ship", False), (two, "", False)]
    assert [(member.since - start).total_seconds() for member in members] == [0, 1, 1]
    assert await groups.members("deploy") == members
    assert await groups.enter(Entry("deploy", two)) == members


async def test_a_group_may_have_several_holders(groups: GroupStore, workflows: WorkflowStore) -> None:
    run = await a_run(workflows)
    for node in ("a", "b"):
        await groups.enter(Entry("g", run, node), limit=2)
    members = await groups.enter(Entry("g", run, "c"), limit=2)
    assert places(members) == [(run, "a", True), (run, "b", True), (run, "c", False)]


async def test_who_comes_while_others_wait_does_not_overtake_them(groups: GroupStore, workflows: WorkflowStore) -> None:
    one, two, three = [await a_run(workflows) for _ in range(3)]
    for run in (one, two):
        await groups.enter(Entry("g", run))
    left = await groups.leave(Entry("g", one))
    assert places(left) == [(two, "", False)]
    assert places(await groups.enter(Entry("g", three))) == [(two, "", False), (three, "", False)]
    assert places(await groups.hold(Entry("g", two))) == [(two, "", True), (three, "", False)]
    assert places(await groups.hold(Entry("g", new_workflow_id()))) == [(two, "", True), (three, "", False)]
    assert places(await groups.leave(Entry("g", one))) == [(two, "", True), (three, "", False)]


async def test_a_run_leaves_all_its_groups_at_once_and_those_of_its_nodes(
    groups: GroupStore, workflows: WorkflowStore
) -> None:
    one, two = await a_run(workflows), await a_run(workflows)
    for entry in (Entry("a", one), Entry("a", one, "x"), Entry("b", one, "x"), Entry("b", two)):
        await groups.enter(entry)
    assert sorted(await groups.leave_all(one)) == ["a", "b"]
    assert places(await groups.members()) == [(two, "", False)]
    assert await groups.leave_all(one) == ()


async def test_of_runs_that_race_for_a_group_one_holds_it(groups: GroupStore, workflows: WorkflowStore) -> None:
    runs = [await a_run(workflows) for _ in range(10)]
    async with anyio.create_task_group() as tasks:
        for run in runs:
            tasks.start_soon(groups.enter, Entry("g", run))
    assert [member.is_holder for member in await groups.members("g")] == [True] + [False] * 9


async def test_a_run_that_is_not_there_enters_nothing_and_one_that_is_deleted_leaves(
    groups: GroupStore, workflows: WorkflowStore, database: Database
) -> None:
    with pytest.raises(WorkflowNotFoundError):
        await groups.enter(Entry("g", new_workflow_id()))
    run = await a_run(workflows)
    await groups.enter(Entry("g\udc80", run))
    await workflows.move(run, WorkflowEvent.CANCEL, by="cli")
    assert await RunShelf(database).delete_workflow(run)
    assert await groups.members() == ()
