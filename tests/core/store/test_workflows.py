"""Runs of workflows: accepted, moved, repeated, cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core.errors import (
    IdempotencyConflictError,
    IllegalMoveError,
    NodeNotFoundError,
    StoreError,
    WorkflowNotFinishedError,
    WorkflowNotFoundError,
)
from core.ids import new_workflow_id
from core.lifecycle.workflow import NodeEvent, NodeStatus, Outcome, Reason, Result, WorkflowEvent, WorkflowStatus
from core.records.job import CancelRequest, Failure, FailureKind
from core.records.template import TemplateUse
from core.records.workflow import CriticalNode
from core.records.workflow_node import (
    KeptFrom,
    NodeCondition,
    NodeCounts,
    NodeReason,
    NodeTry,
    NodeVariant,
    WorkflowNode,
)
from core.store.node_changes import NodeFilter, NodeMove, node_place
from core.store.workflow_rows import NodeFields
from core.testing.factories import a_node, a_workflow_run, a_workflow_source

if TYPE_CHECKING:
    from datetime import datetime

    from core.store.workflow_changes import SubmittedRun
    from core.store.workflows import WorkflowStore
    from core.testing.clock import MovingClock


async def submit(workflows: WorkflowStore, *nodes: WorkflowNode, **options: Any) -> SubmittedRun:
    run = a_workflow_run(**options.pop("run", {}))
    return await workflows.submit(run, a_workflow_source(), nodes, **options)


async def a_run(workflows: WorkflowStore, *nodes: WorkflowNode) -> str:
    """One that is under way."""
    workflow_id = (await submit(workflows, *nodes)).run.workflow_id
    await workflows.move(workflow_id, WorkflowEvent.START, by="engine")
    return workflow_id


async def an_ended_run(workflows: WorkflowStore, *nodes: WorkflowNode) -> str:
    workflow_id = await a_run(workflows, *nodes)
    moves = [NodeMove(node.node_id, NodeEvent.SKIP) for node in nodes]
    await workflows.move_nodes(workflow_id, moves, by="engine")
    await workflows.move(workflow_id, WorkflowEvent.SUCCEED, by="engine")
    return workflow_id


# --- accepting


async def test_a_submitted_run_is_pending_and_reads_back_as_it_was_returned(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    run = a_workflow_run(
        run_name="ci of main",
        inputs={"dry": True, "targets": ["a", {"b": 1.5}], "none": None},
        context={"github": {"ref": "refs/heads/ü"}},
        secrets=("TOKEN",),
        warnings=({"code": "W006", "message": "quote it", "line": 3},),
        actor="somebody",
        submitted_by="mcp",
        max_parallel=4,
        concurrency_group="deploy",
        priority=7,
        tags=("nightly", "main", "nightly"),
        rerun_of="wf_before",
        template=TemplateUse("nightly", 3, {"level": "ü"}),
    )
    source = a_workflow_source(files={"./called.yaml": "jobs: {}"}, spec={"jobs": {"build": {}}})
    submitted = await workflows.submit(run, source, [a_node()])
    assert not submitted.replayed
    assert submitted.run == replace(
        run,
        created_at=clock.now(),
        attempt_created_at=clock.now(),
        file_name="ci.yaml",
        source_digest=source.digest,
        counts=NodeCounts(waiting=1),
    )
    assert await workflows.get(run.workflow_id) == submitted.run
    assert await workflows.source(run.workflow_id) == source
    assert (
        await workflows.nodes(run.workflow_id) == submitted.nodes == (a_node(workflow_id=run.workflow_id, version=1),)
    )


async def test_runs_of_one_name_are_counted_and_no_number_comes_twice(workflows: WorkflowStore) -> None:
    numbers = [(await submit(workflows)).run.run_number for _ in range(3)]
    other = (await submit(workflows, run={"name": "release"})).run.run_number
    assert (numbers, other) == ([1, 2, 3], 1)


def a_told_node(now: datetime) -> WorkflowNode:
    """A node that says something in every field."""
    return a_node(
        "test-3.12-ü",
        job="test",
        name="test (3.12)",
        position=2,
        variant=NodeVariant(1, 6, {"python": "3.12", "deep": {"a": [1, None]}}),
        is_finally=True,
        needs=("build", "lint"),
        reason=NodeReason(Reason.NEEDS, "waits for build", ("build",)),
        condition=NodeCondition("success()", "true"),
        failure=Failure(FailureKind.EXIT, "It exited with 2.", "Look.", step=1),
        exit_code=2,
        job_id="job_1",
        tries=(NodeTry(1, "job_0", now, now, Outcome.FAILURE, 2, "exit"), NodeTry(2, "job_1", now)),
        retry_at=now + timedelta(seconds=5),
        started_at=now,
        outputs={"digest": "é"},
        artifacts=3,
        tail=("one", "two"),
        warnings=("slow",),
        fingerprint="ab" * 32,
        fingerprint_parts={"env.A": "cd"},
        kept_from=KeptFrom(1, "job_0", "its definition is unchanged", "me"),
        cancel=CancelRequest(now, "cli", "enough", 2.5),
    )


async def test_every_field_of_a_node_reads_back(workflows: WorkflowStore, clock: MovingClock) -> None:
    node = a_told_node(clock.now())
    submitted = await submit(workflows, node)
    found = await workflows.node(submitted.run.workflow_id, node.node_id)
    assert found == replace(node, workflow_id=submitted.run.workflow_id)


@pytest.mark.parametrize("field", sorted(NodeFields.__annotations__.keys() - {"outcome", "result"}))  # come with an end
async def test_every_field_of_a_node_that_changes_on_its_own_reads_back(
    workflows: WorkflowStore, clock: MovingClock, field: str
) -> None:
    workflow_id = (await submit(workflows, a_node())).run.workflow_id
    told = a_told_node(clock.now())
    (changed,) = await workflows.change_nodes(workflow_id, {"build": {field: getattr(told, field)}})  # pyright: ignore[reportArgumentType] -- any of its fields
    assert getattr(changed, field) == getattr(told, field) != getattr(a_node(), field)
    assert await workflows.node(workflow_id, "build") == changed


async def test_a_node_that_does_not_begin_waiting_keeps_the_whole_run_out(workflows: WorkflowStore) -> None:
    run = a_workflow_run()
    with pytest.raises(IllegalMoveError, match="build does not begin waiting"):
        await workflows.submit(run, a_workflow_source(), [a_node("a"), a_node(status=NodeStatus.RUNNING)])
    with pytest.raises(WorkflowNotFoundError):
        await workflows.get(run.workflow_id)


async def test_the_same_key_and_request_give_the_first_run_again(workflows: WorkflowStore) -> None:
    first = await submit(workflows, a_node(), idempotency_key="k\udc80", request_digest="d")
    again = await submit(workflows, a_node(), idempotency_key="k\udc80", request_digest="d")
    assert again.replayed
    assert (again.run, again.nodes) == (first.run, ())
    with pytest.raises(IdempotencyConflictError, match=first.run.workflow_id):
        await submit(workflows, idempotency_key="k\udc80", request_digest="other")


async def test_concurrent_submits_with_one_key_make_one_run(workflows: WorkflowStore) -> None:
    answers: list[SubmittedRun] = []

    async def once() -> None:
        answers.append(await submit(workflows, a_node(), idempotency_key="k"))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(once)
    assert len({answer.run.workflow_id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19


async def test_an_unknown_id_is_answered_with_ids_that_begin_alike(workflows: WorkflowStore) -> None:
    made = (await submit(workflows)).run.workflow_id
    for wrong in ("wf_", made[:-1] + "!"):
        with pytest.raises(WorkflowNotFoundError) as near:
            await workflows.get(wrong)
        assert near.value.hint == f"Did you mean {made}?"
    with pytest.raises(WorkflowNotFoundError) as unlike:
        await workflows.get("nothing")
    assert unlike.value.hint == WorkflowNotFoundError.default_hint


# --- the run moves


async def test_a_run_moves_by_its_table_and_each_move_is_in_the_audit_trail(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    start = clock.now()
    workflow_id = (await submit(workflows, run={"submitted_by": "mcp"})).run.workflow_id
    clock.advance(1)
    deadline = clock.now() + timedelta(hours=1)
    begun = await workflows.move(workflow_id, WorkflowEvent.START, by="engine", run={"deadline_at": deadline})
    assert (begun.status, begun.version, begun.started_at, begun.deadline_at) == (
        WorkflowStatus.RUNNING, 2, clock.now(), deadline
    )  # fmt: skip
    clock.advance(1)
    ended = await workflows.move(
        workflow_id,
        WorkflowEvent.FAIL,
        by="engine",
        why="too late",
        run={
            "outputs": {"a": "b"},
            "warnings": ({"message": "hm"},),
            "failure": Failure(FailureKind.TIMEOUT, "It ran past its time."),
            "reason": NodeReason(Reason.TIMEOUT, "3600 s", ("build",)),
            "critical_path": (CriticalNode("build", 1.5),),
            "run_name": "renamed",
        },
    )
    assert ended.finished_at == clock.now()
    assert await workflows.get(workflow_id) == ended
    told = [(row.at, row.event, row.before, row.after, row.by, row.why) for row in await workflows.history(workflow_id)]
    second = timedelta(seconds=1)
    assert told == [
        (start, None, None, "pending", "mcp", ""),
        (start + second, "start", "pending", "running", "engine", ""),
        (start + 2 * second, "fail", "running", "failed", "engine", "too late"),
    ]


async def test_a_move_that_the_table_lacks_changes_nothing(workflows: WorkflowStore) -> None:
    submitted = await submit(workflows)
    with pytest.raises(IllegalMoveError, match="A workflow that is pending cannot succeed"):
        await workflows.move(submitted.run.workflow_id, WorkflowEvent.SUCCEED, by="engine")
    assert await workflows.get(submitted.run.workflow_id) == submitted.run


async def test_a_run_does_not_end_before_its_nodes_have(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, a_node("a"), a_node("b"))
    await workflows.move_nodes(workflow_id, [NodeMove("a", NodeEvent.SKIP)], by="engine")
    with pytest.raises(IllegalMoveError, match="1 of its nodes have not ended"):
        await workflows.move(workflow_id, WorkflowEvent.SUCCEED, by="engine")
    await workflows.move_nodes(workflow_id, [NodeMove("b", NodeEvent.CANCEL)], by="engine")
    assert (await workflows.move(workflow_id, WorkflowEvent.CANCEL, by="engine")).is_finished


async def test_what_a_run_says_changes_beside_its_status(workflows: WorkflowStore) -> None:
    before = (await submit(workflows)).run
    after = await workflows.change(before.workflow_id, {"max_parallel": 2, "concurrency_group": "g"})
    assert after == replace(before, version=2, max_parallel=2, concurrency_group="g")
    assert await workflows.get(before.workflow_id) == after


async def test_the_first_request_to_stop_stands_and_a_later_one_may_only_press_harder(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    workflow_id = await a_run(workflows)
    first = CancelRequest(clock.now(), "cli", "enough", None)
    asked = await workflows.request_cancel(workflow_id, first)
    assert (asked.cancel, asked.cancel_forced, asked.status) == (first, False, WorkflowStatus.RUNNING)
    second = CancelRequest(clock.now(), "mcp", "now", None)
    assert await workflows.request_cancel(workflow_id, second) == asked
    forced = await workflows.request_cancel(workflow_id, second, forced=True)
    assert forced == replace(asked, version=asked.version + 1, cancel_forced=True)
    assert await workflows.request_cancel(workflow_id, second, forced=True) == forced
    ended = await workflows.move(workflow_id, WorkflowEvent.CANCEL, by="engine")
    assert await workflows.request_cancel(workflow_id, first, forced=True) == ended


# --- nodes


async def test_a_node_names_its_job_with_its_start_and_says_how_it_ended(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    waits = NodeReason(Reason.MAX_PARALLEL)
    workflow_id = await a_run(workflows, a_node(reason=waits))
    clock.advance(1)
    first = NodeTry(1, "job_1", clock.now())
    (started,) = await workflows.move_nodes(
        workflow_id, [NodeMove("build", NodeEvent.START, fields={"job_id": "job_1", "tries": (first,)})], by="engine"
    )
    assert (started.status, started.job_id, started.started_at, started.reason) == (
        NodeStatus.RUNNING, "job_1", clock.now(), None
    )  # fmt: skip
    clock.advance(1)
    (ended,) = await workflows.move_nodes(
        workflow_id,
        [NodeMove("build", NodeEvent.SUCCEED, "exit 0", {"outputs": {"a": "b"}, "exit_code": 0, "artifacts": 2})],
        by="engine",
    )
    assert (ended.outcome, ended.result, ended.finished_at) == (Outcome.SUCCESS, Result.SUCCESS, clock.now())
    assert await workflows.node(workflow_id, "build") == ended
    history = await workflows.history(workflow_id, node_id="build")
    assert [(row.event, row.before, row.after, row.why) for row in history] == [
        ("start", "waiting", "running", ""),
        ("succeed", "running", "success", "exit 0"),
    ]
    assert [row.node_id for row in await workflows.history(workflow_id)] == ["", "", "build", "build"]
    assert len(await workflows.history(workflow_id, node_id="")) == 2


async def test_a_retry_waits_until_its_time_and_the_next_start_keeps_the_first_ones_time(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    workflow_id = await a_run(workflows, a_node())
    (first,) = await workflows.move_nodes(workflow_id, [NodeMove("build", NodeEvent.START)], by="engine")
    due = clock.now() + timedelta(seconds=30)
    (waiting,) = await workflows.move_nodes(
        workflow_id,
        [NodeMove("build", NodeEvent.RETRY, fields={"retry_at": due, "reason": NodeReason(Reason.RETRY_WAIT)})],
        by="engine",
    )
    assert (waiting.status, waiting.retry_at, waiting.finished_at) == (NodeStatus.WAITING, due, None)
    clock.advance(30)
    (again,) = await workflows.move_nodes(workflow_id, [NodeMove("build", NodeEvent.START)], by="engine")
    assert (again.started_at, again.retry_at, again.reason) == (first.started_at, None, None)


async def test_a_tolerated_failure_is_a_success_to_others_and_counted_apart(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, *map(a_node, "abcd"))
    await workflows.move_nodes(workflow_id, [NodeMove(node, NodeEvent.START) for node in "abc"], by="engine")
    a, b, _ = await workflows.move_nodes(
        workflow_id,
        [
            NodeMove("a", NodeEvent.FAIL, fields={"result": Result.SUCCESS}),
            NodeMove("b", NodeEvent.TIME_OUT),
            NodeMove("c", NodeEvent.TIME_OUT, fields={"result": Result.SUCCESS}),
        ],
        by="engine",
    )
    assert (a.is_tolerated, a.outcome, b.is_tolerated, b.result) == (True, Outcome.FAILURE, False, Result.FAILURE)
    run = await workflows.get(workflow_id)
    assert run.counts == NodeCounts(waiting=1, tolerated=2, timed_out=1)
    assert (run.counts.total, run.counts.finished) == (4, 3)


async def test_of_many_moves_all_happen_or_none(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, *(a_node(str(number)) for number in range(50)))
    before = await workflows.state(workflow_id)
    moves = [NodeMove(str(number), NodeEvent.SKIP) for number in range(50)]
    with pytest.raises(NodeNotFoundError, match="no node absent"):
        await workflows.move_nodes(workflow_id, [*moves, NodeMove("absent", NodeEvent.SKIP)], by="engine")
    with pytest.raises(IllegalMoveError, match="cannot succeed"):
        await workflows.move_nodes(workflow_id, [*moves[1:], NodeMove("0", NodeEvent.SUCCEED)], by="engine")
    with pytest.raises(IllegalMoveError, match="named twice"):
        await workflows.move_nodes(workflow_id, [*moves, moves[0]], by="engine")
    assert await workflows.state(workflow_id) == before
    moved = await workflows.move_nodes(workflow_id, moves, by="engine")
    assert {node.version for node in moved} == {before[0].version + 1}
    assert (await workflows.get(workflow_id)).counts == NodeCounts(skipped=50)
    assert await workflows.move_nodes(workflow_id, [], by="engine") == ()


async def test_changes_and_rounds_of_moves_are_written_together_or_not_at_all(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, *map(a_node, "abc"))
    before, known = await workflows.state(workflow_id)
    why = NodeReason(Reason.MAX_PARALLEL, "waits for room")
    rounds = [[NodeMove("a", NodeEvent.START)], [NodeMove("a", NodeEvent.SUCCEED), NodeMove("b", NodeEvent.START)]]
    with pytest.raises(IllegalMoveError, match="cannot succeed"):
        await workflows.write_nodes(
            workflow_id, {"c": {"reason": why}}, [*rounds, [NodeMove("c", NodeEvent.SUCCEED)]], by="engine", known=known
        )
    assert await workflows.state(workflow_id) == (before, known)
    changed, first, second = await workflows.write_nodes(
        workflow_id, {"c": {"reason": why}}, rounds, by="engine", known=known
    )
    assert [(node.node_id, node.reason) for node in changed] == [("c", why)]
    assert [node.status for node in (*first, *second)] == [NodeStatus.RUNNING, NodeStatus.SUCCESS, NodeStatus.RUNNING]
    assert (await workflows.nodes(workflow_id)) == (*second, *changed)


async def test_a_node_that_changed_since_it_was_seen_is_read_again(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    workflow_id = await a_run(workflows, a_node("a"), a_node("b"))
    seen = await workflows.nodes(workflow_id)
    asked = CancelRequest(clock.now(), "cli", "enough", None)
    await workflows.request_node_cancel(workflow_id, "a", asked)
    _, moved = await workflows.write_nodes(
        workflow_id, {}, [[NodeMove(each, NodeEvent.START) for each in "ab"]], by="engine", known=seen
    )
    assert [node.cancel for node in moved] == [asked, None]
    assert await workflows.nodes(workflow_id) == moved


async def test_what_changed_since_a_version_is_told_with_the_run(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, *map(a_node, "abc"))
    seen = (await workflows.get(workflow_id)).version
    await workflows.move_nodes(workflow_id, [NodeMove("b", NodeEvent.START)], by="engine")
    await workflows.change_nodes(workflow_id, {"c": {"reason": NodeReason(Reason.CONCURRENCY, "deploy", ("wf_1",))}})
    run, changed = await workflows.state(workflow_id, since_version=seen)
    assert run.version == seen + 2
    assert [node.node_id for node in changed] == ["b", "c"]
    assert [node.node_id for node in await workflows.nodes(workflow_id, since_version=seen + 1)] == ["c"]
    assert await workflows.nodes(workflow_id, since_version=run.version) == ()
    assert await workflows.change_nodes(workflow_id, {}) == ()


async def test_nodes_come_in_the_runs_order(workflows: WorkflowStore) -> None:
    nodes = [
        a_node("z", position=0),
        a_node("t-b", job="t", position=1, variant=NodeVariant(10, 11)),
        a_node("t-c", job="t", position=1, variant=NodeVariant(9, 11)),
        a_node("a", position=2),
    ]
    submitted = await submit(workflows, *reversed(nodes))
    found = await workflows.nodes(submitted.run.workflow_id)
    assert [node.node_id for node in found] == ["z", "t-c", "t-b", "a"]


async def test_nodes_are_read_behind_a_place_in_the_runs_order(workflows: WorkflowStore) -> None:
    nodes = [
        a_node("z", position=0),
        *(a_node(f"t-{index}", job="t", position=1, variant=NodeVariant(index, 12, {})) for index in range(12)),
        a_node("ä", position=2),
        a_node("b", position=2),
    ]
    workflow_id = await a_run(workflows, *reversed(nodes))
    every = await workflows.nodes(workflow_id)
    read, seen = list[WorkflowNode](), 0
    while len(read) < len(every):
        behind = node_place(read[-1]) if read else None
        run, some = await workflows.nodes_behind(workflow_id, NodeFilter(), behind=behind, limit=4)
        assert 0 < len(some) <= 4
        read, seen = [*read, *some], run.version
    assert tuple(read) == every
    await workflows.move_nodes(workflow_id, [NodeMove("t-3", NodeEvent.START), NodeMove("b", NodeEvent.SKIP)], by="cli")
    for which, expected in [
        (NodeFilter(frozenset({NodeStatus.RUNNING, NodeStatus.SKIPPED})), ["t-3", "b"]),
        (NodeFilter(job="t", since_version=seen), ["t-3"]),
        (NodeFilter(frozenset({NodeStatus.FAILED})), []),
    ]:
        _, found = await workflows.nodes_behind(workflow_id, which, limit=50)
        assert [node.node_id for node in found] == expected


async def test_a_part_of_the_audit_trail_is_read_alone(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, *map(a_node, "abc"))
    await workflows.move_nodes(workflow_id, [NodeMove(each, NodeEvent.START) for each in "abc"], by="engine")
    every = await workflows.history(workflow_id)
    assert len(every) == 5
    assert await workflows.history(workflow_id, skip=1, limit=3) == every[1:4]
    assert await workflows.history(workflow_id, node_id="b", skip=0, limit=9) == (every[3],)
    assert await workflows.history(workflow_id, skip=5, limit=1) == ()


async def test_variants_take_the_place_of_the_node_that_stood_for_their_matrix(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, a_node("test"), a_node("build"))
    variants = [a_node(f"test-{n}", job="test", variant=NodeVariant(n, 2)) for n in range(2)]
    added = await workflows.add_nodes(workflow_id, variants, instead_of="test")
    run, nodes = await workflows.state(workflow_id, since_version=2)
    assert nodes == added
    assert (run.counts, run.version) == (NodeCounts(waiting=3), 3)
    with pytest.raises(NodeNotFoundError, match="no node test "):
        await workflows.add_nodes(workflow_id, [], instead_of="test")
    await workflows.move_nodes(workflow_id, [NodeMove("build", NodeEvent.START)], by="engine")
    with pytest.raises(IllegalMoveError, match="build is running"):
        await workflows.add_nodes(workflow_id, [a_node("more")], instead_of="build")
    with pytest.raises(StoreError):
        await workflows.add_nodes(workflow_id, [a_node("build")])
    assert (await workflows.get(workflow_id)).counts.total == 3


async def test_one_node_is_asked_to_stop_without_its_run(workflows: WorkflowStore, clock: MovingClock) -> None:
    workflow_id = await a_run(workflows, a_node("a"), a_node("b"))
    request = CancelRequest(clock.now(), "cli", "not this", None)
    asked = await workflows.request_node_cancel(workflow_id, "a", request)
    assert asked.cancel == request
    version = (await workflows.get(workflow_id)).version
    assert await workflows.request_node_cancel(workflow_id, "a", replace(request, by="mcp")) == asked
    (ended,) = await workflows.move_nodes(workflow_id, [NodeMove("b", NodeEvent.SKIP)], by="engine")
    assert await workflows.request_node_cancel(workflow_id, "b", request) == ended
    run = await workflows.get(workflow_id)
    assert (run.version, run.cancel) == (version + 1, None)
    with pytest.raises(NodeNotFoundError):
        await workflows.request_node_cancel(workflow_id, "c", request)


async def test_of_writers_that_race_for_one_node_one_wins(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows, a_node())
    won: list[int] = []

    async def start(number: int) -> None:
        fields: Any = {"job_id": f"job_{number}"}
        try:
            await workflows.move_nodes(workflow_id, [NodeMove("build", NodeEvent.START, fields=fields)], by="engine")
        except IllegalMoveError:
            return
        won.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(start, number)
    assert len(won) == 1
    assert (await workflows.node(workflow_id, "build")).job_id == f"job_{won[0]}"


async def test_every_verb_says_that_there_is_no_such_run(workflows: WorkflowStore, clock: MovingClock) -> None:
    absent, request = new_workflow_id(), CancelRequest(clock.now(), "cli", "", None)
    calls = (
        lambda: workflows.move(absent, WorkflowEvent.START, by="engine"),
        lambda: workflows.change(absent, {}),
        lambda: workflows.begin_attempt(absent, by="cli"),
        lambda: workflows.add_nodes(absent, [a_node()]),
        lambda: workflows.move_nodes(absent, [NodeMove("a", NodeEvent.SKIP)], by="engine"),
        lambda: workflows.change_nodes(absent, {"a": {}}),
        lambda: workflows.request_cancel(absent, request),
        lambda: workflows.request_node_cancel(absent, "a", request),
        lambda: workflows.nodes(absent, attempt=1),
        lambda: workflows.state(absent),
        lambda: workflows.node(absent, "a"),
        lambda: workflows.source(absent),
        lambda: workflows.attempts(absent),
        lambda: workflows.history(absent),
    )
    for call in calls:
        with pytest.raises(WorkflowNotFoundError):
            await call()


# --- further attempts


async def test_a_rerun_is_a_further_attempt_and_the_earlier_one_stays_as_it_was(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    workflow_id = await an_ended_run(workflows, a_node("a"), a_node("b"))
    first, nodes = await workflows.state(workflow_id)
    clock.advance(60)
    again = await workflows.begin_attempt(
        workflow_id, [a_node("a"), a_node("c")], by="cli", actor="me", selection="failed", inputs={"x": 1}
    )
    run = again.run
    assert (run.status, run.attempt, run.version) == (WorkflowStatus.PENDING, 2, first.version + 1)
    assert (run.created_at, run.attempt_created_at) == (first.created_at, clock.now())
    assert (run.started_at, run.finished_at, run.inputs) == (None, None, {"x": 1})
    assert (run.submitted_by, run.actor, run.counts) == ("cli", "me", NodeCounts(waiting=2))
    assert await workflows.nodes(workflow_id, attempt=1) == nodes
    assert [node.attempt for node in await workflows.nodes(workflow_id)] == [2, 2]
    assert await workflows.source(workflow_id) == await workflows.source(workflow_id, 1)
    one, two = await workflows.attempts(workflow_id)
    assert (one.status, one.counts, one.finished_at) == (
        WorkflowStatus.SUCCESS,
        NodeCounts(skipped=2),
        first.finished_at,
    )
    assert (two.status, two.selection, two.actor) == (WorkflowStatus.PENDING, "failed", "me")
    last = (await workflows.history(workflow_id))[-1]
    assert (last.event, last.after, last.attempt, last.why) == (None, "pending", 2, "failed")
    with pytest.raises(NodeNotFoundError, match="no node b in attempt 2"):
        await workflows.node(workflow_id, "b")
    with pytest.raises(WorkflowNotFoundError, match="no attempt 3"):
        await workflows.source(workflow_id, 3)


async def test_what_ended_one_attempt_says_nothing_about_the_next(workflows: WorkflowStore, clock: MovingClock) -> None:
    workflow_id = await a_run(workflows)
    await workflows.request_cancel(workflow_id, CancelRequest(clock.now(), "cli", "", None), forced=True)
    reason = NodeReason(Reason.CANCELLED)
    await workflows.move(workflow_id, WorkflowEvent.CANCEL, by="engine", run={"reason": reason, "outputs": {"a": "b"}})
    source = a_workflow_source(text="jobs: {}", digest="cd" * 32, file_name="other.yaml")
    again = await workflows.begin_attempt(workflow_id, by="cli", source=source, run={"run_name": "once more"})
    run = again.run
    assert (run.cancel, run.cancel_forced, run.reason, run.outputs) == (None, False, None, {})
    assert (run.file_name, run.source_digest, run.run_name) == ("other.yaml", source.digest, "once more")
    assert await workflows.source(workflow_id) == source
    assert await workflows.source(workflow_id, 1) == a_workflow_source()
    await workflows.move(workflow_id, WorkflowEvent.FAIL, by="engine")
    await workflows.begin_attempt(workflow_id, by="cli")
    assert await workflows.source(workflow_id) == source


async def test_a_run_that_has_not_ended_is_not_run_again(workflows: WorkflowStore) -> None:
    workflow_id = await a_run(workflows)
    with pytest.raises(WorkflowNotFinishedError, match="it is running"):
        await workflows.begin_attempt(workflow_id, by="cli")


async def test_a_rerun_is_repeatable_by_its_key(workflows: WorkflowStore) -> None:
    workflow_id = await an_ended_run(workflows)
    first = await workflows.begin_attempt(workflow_id, by="cli", idempotency_key="again", request_digest="d")
    replay = await workflows.begin_attempt(workflow_id, by="cli", idempotency_key="again", request_digest="d")
    assert (replay.replayed, replay.run) == (True, first.run)
    with pytest.raises(IdempotencyConflictError):
        await workflows.begin_attempt(workflow_id, by="cli", idempotency_key="again", request_digest="e")


async def test_what_is_kept_is_kept_in_the_transaction_that_begins_the_attempt(workflows: WorkflowStore) -> None:
    workflow_id = await an_ended_run(workflows, a_node("a"))
    kept = NodeMove("a", NodeEvent.KEEP, "its definition is unchanged", {"kept_from": KeptFrom(1, "job_1")})
    again = await workflows.begin_attempt(workflow_id, [a_node("a"), a_node("b")], by="cli", moves=[kept])
    assert [node.status for node in again.nodes] == [NodeStatus.SUCCESS, NodeStatus.WAITING]
    assert again.run.counts == NodeCounts(waiting=1, success=1)
    assert await workflows.nodes(workflow_id) == again.nodes
    with pytest.raises(NodeNotFoundError):
        await submit(workflows, a_node("a"), moves=[NodeMove("b", NodeEvent.KEEP)])
    own = await submit(workflows, a_node("a"), moves=[kept])
    assert (own.run.counts, own.nodes[0].kept_from) == (NodeCounts(success=1), KeptFrom(1, "job_1"))


async def test_a_kept_result_comes_by_a_move_of_its_own(workflows: WorkflowStore) -> None:
    workflow_id = await an_ended_run(workflows, a_node("a"))
    await workflows.begin_attempt(workflow_id, [a_node("a"), a_node("b")], by="cli")
    kept = KeptFrom(1, "job_1", "its definition is unchanged")
    a, b = await workflows.move_nodes(
        workflow_id,
        [
            NodeMove("a", NodeEvent.KEEP, fields={"kept_from": kept, "job_id": "job_1", "outputs": {"x": "y"}}),
            NodeMove("b", NodeEvent.TIME_OUT, fields={"kept_from": kept, "result": Result.SUCCESS}),
        ],
        by="engine",
    )
    assert (a.status, a.result, a.kept_from, a.started_at) == (NodeStatus.SUCCESS, Result.SUCCESS, kept, None)
    assert b.is_tolerated
