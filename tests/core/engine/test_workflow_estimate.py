"""How long a run will take yet, told from how long its jobs took before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core.engine.workflow_estimate import Sureness, estimate
from core.errors import WorkflowNotFoundError
from core.ids import new_workflow_id
from core.lifecycle.workflow import NodeStatus, Outcome, Result
from core.records.workflow_node import NodeVariant
from core.records.workflow_past import NodeSample
from core.testing.clock import START
from core.testing.factories import a_node
from tests.core.engine.workflow.runs import conduct, ended, start

if TYPE_CHECKING:
    from core import Engine
    from core.records.workflow_node import WorkflowNode

NOW = START + timedelta(minutes=5)


def done(node_id: str, took_s: float, **changes: Any) -> WorkflowNode:
    return a_node(
        node_id,
        status=NodeStatus.SUCCESS,
        outcome=Outcome.SUCCESS,
        result=Result.SUCCESS,
        started_at=NOW - timedelta(seconds=took_s),
        finished_at=NOW,
        **changes,
    )


def running(node_id: str, for_s: float, **changes: Any) -> WorkflowNode:
    return a_node(node_id, status=NodeStatus.RUNNING, started_at=NOW - timedelta(seconds=for_s), **changes)


def variants(job: str, count: int, **changes: Any) -> list[WorkflowNode]:
    return [a_node(f"{job} ({i})", job=job, variant=NodeVariant(i, count), **changes) for i in range(count)]


def took(runs: int = 5, **durations_s: float) -> list[NodeSample]:
    return [NodeSample(job, job, seconds) for job, seconds in durations_s.items()] * runs


def test_a_chain_takes_the_sum_and_jobs_beside_each_other_the_longest() -> None:
    nodes = [
        a_node("build"),
        a_node("unit", needs=("build",)),
        a_node("lint", needs=("build",)),
        a_node("ship", needs=("unit", "lint")),
    ]
    told = estimate(nodes, took(build=10, unit=20, lint=5, ship=1), NOW, runs=5, room=8)
    assert (told.remaining_s, told.least_s, told.most_s) == (31, 31, 31)
    assert (told.sureness, told.progress, told.open_nodes, told.known_nodes) == (Sureness.GOOD, 0, 4, 4)


def test_where_there_is_room_for_one_all_take_their_turn() -> None:
    nodes = [a_node("one"), a_node("two"), a_node("three")]
    assert estimate(nodes, took(one=1, two=2, three=3), NOW, runs=5, room=1).remaining_s == 6
    assert estimate(nodes, took(one=1, two=2, three=3), NOW, runs=5, room=2).remaining_s == 4


def test_what_has_run_for_a_while_takes_the_rest_and_never_less_than_nothing() -> None:
    nodes = [done("build", 10), running("unit", 15, needs=("build",)), a_node("ship", needs=("unit",))]
    told = estimate(nodes, took(build=10, unit=20, ship=2), NOW, runs=5, room=4)
    assert told.remaining_s == 7
    assert told.progress == pytest.approx(25 / 32)
    late = estimate([running("unit", 500)], took(unit=20), NOW, runs=5, room=4)
    assert (late.remaining_s, late.progress) == (0, pytest.approx(0.95))


def test_a_matrix_is_waited_for_as_a_whole_or_by_its_variants() -> None:
    nodes = [*variants("unit", 3), a_node("all", needs=("unit",)), a_node("first", needs=("unit (0)",))]
    samples = took(all=1, first=1) + [
        NodeSample("unit", f"unit ({i})", seconds) for i, seconds in enumerate((2.0, 5.0, 9.0))
    ]
    assert estimate(nodes, samples, NOW, runs=1, room=8).remaining_s == 10
    assert estimate([nodes[0], nodes[4]], samples, NOW, runs=1, room=8).remaining_s == 3


def test_a_finally_job_comes_behind_all_others() -> None:
    nodes = [a_node("build"), a_node("unit"), a_node("clean", is_finally=True)]
    assert estimate(nodes, took(build=10, unit=20, clean=3), NOW, runs=5, room=8).remaining_s == 23


def test_a_variant_that_never_ran_takes_as_long_as_others_of_its_job() -> None:
    samples = [NodeSample("unit", "unit (0)", 8.0)] * 5
    told = estimate(variants("unit", 2), samples, NOW, runs=5, room=8)
    assert (told.remaining_s, told.known_nodes, told.usual["unit (1)"].likely_s) == (8, 2, 8)


def test_without_earlier_runs_nothing_is_said_but_how_many_are_done() -> None:
    told = estimate([done("build", 10), a_node("unit")], [], NOW, runs=0, room=8)
    assert (told.remaining_s, told.sureness, told.progress) == (None, None, 0.5)
    elsewhere = estimate([done("build", 10), a_node("unit")], took(build=10), NOW, runs=1, room=8)
    assert (elsewhere.remaining_s, elsewhere.known_nodes) == (None, 0)


def test_spread_and_unknown_jobs_make_an_estimate_less_sure() -> None:
    wide = [NodeSample("unit", "unit", seconds) for seconds in (1.0, 5.0, 10.0, 30.0, 60.0)]
    told = estimate([a_node("unit")], wide, NOW, runs=5, room=8)
    assert (told.least_s, told.remaining_s, told.most_s, told.sureness) == (5, 10, 30, Sureness.FAIR)
    half = estimate([a_node("unit"), a_node("fresh")], took(unit=4), NOW, runs=5, room=8)
    assert (half.known_nodes, half.sureness, half.remaining_s) == (1, Sureness.POOR, 4)
    assert estimate([a_node("unit")], took(1, unit=4), NOW, runs=1, room=8).sureness == Sureness.POOR


def test_a_run_that_has_ended_is_done_whatever_was_skipped() -> None:
    skipped = a_node("ship", status=NodeStatus.SKIPPED, outcome=Outcome.SKIPPED, result=Result.SKIPPED, finished_at=NOW)
    assert estimate([done("build", 3), skipped], took(build=3, ship=9), NOW, runs=5, room=8).progress == 1
    assert estimate([skipped], [], NOW, runs=0, room=8).progress == 1
    assert estimate([], [], NOW, runs=0, room=8).progress == 0


def test_ten_thousand_jobs_are_estimated_in_less_than_a_walk_of_all_pairs() -> None:
    first = [a_node(f"a{i}", position=i) for i in range(5000)]
    second = [a_node(f"b{i}", needs=(f"a{i}",), position=5000 + i) for i in range(5000)]
    samples = [NodeSample("a0", "a0", 1.0)]
    assert estimate([*first, *second], samples, NOW, runs=1, room=100).remaining_s == 100


CHAIN = """
    name: chain
    jobs:
      build: {image: busybox, commands: [echo b]}
      test: {needs: build, image: busybox, commands: [sleep 0.01]}
"""


async def test_a_run_is_estimated_from_the_runs_of_the_same_workflow(engine: Engine) -> None:
    for _ in range(3):
        await conduct(engine, CHAIN)
    with anyio.fail_after(30):
        run_id = await start(engine, CHAIN)
        told = await engine.estimate_workflow(run_id)
        assert told.runs == 3
        assert set(told.usual) == {"build", "test"}
        await ended(engine, run_id)
    told = await engine.estimate_workflow(run_id)
    assert (told.progress, told.remaining_s, told.open_nodes) == (1, None, 0)


async def test_a_run_that_does_not_exist_is_not_estimated(engine: Engine) -> None:
    with pytest.raises(WorkflowNotFoundError):
        await engine.estimate_workflow(new_workflow_id())


async def test_lists_are_told_the_last_runs_of_a_workflow_and_how_their_nodes_stand(engine: Engine) -> None:
    first, second = await conduct(engine, CHAIN), await conduct(engine, CHAIN)
    recent = await engine.recent_workflows(["chain"], each=20)
    assert [each.workflow_id for each in recent["chain"]] == [second.run.workflow_id, first.run.workflow_id]
    assert all(each.duration_s is not None for each in recent["chain"])
    assert await engine.workflow_states([first.run.workflow_id]) == {first.run.workflow_id: ("success", "success")}


async def test_the_jobs_that_ran_a_runs_nodes_come_with_their_times(engine: Engine) -> None:
    found = await conduct(engine, CHAIN)
    jobs = await engine.workflow_jobs(found.run.workflow_id)
    assert [job.node_id for job in jobs] == ["build", "test"]
    assert all(job.is_finished and job.started_at is not None and job.finished_at is not None for job in jobs)
    with pytest.raises(WorkflowNotFoundError):
        await engine.workflow_jobs(new_workflow_id())
