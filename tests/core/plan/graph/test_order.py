"""The order of jobs, generations, readiness and the critical path."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan.graph import Frontier, Graph, Vertex, critical_path

if TYPE_CHECKING:
    import random

PIPELINE = Graph([
    Vertex("notify", is_finally=True),
    Vertex("deploy", needs=("unit", "integration")),
    Vertex("build"),
    Vertex("unit", needs=("build",)),
    Vertex("integration", after=("build",)),
])  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph without cycles, in any order of the file."""
    count = draw(st.integers(0, 12))
    finally_from = draw(st.integers(0, count))
    vertices: list[Vertex] = []
    for number in range(count):
        earlier = [str(other) for other in range(number)]
        waits = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        split = draw(st.integers(0, len(waits)))
        vertices.append(
            Vertex(str(number), tuple(waits[:split]), tuple(waits[split:]), is_finally=number >= finally_from)
        )
    return Graph(draw(st.permutations(vertices)))


def test_each_job_follows_what_it_waits_for_and_else_the_order_of_the_file() -> None:
    assert PIPELINE.order == ("build", "unit", "integration", "deploy", "notify")


def test_jobs_without_dependencies_keep_the_order_of_the_file() -> None:
    assert Graph([Vertex(job) for job in "cab"]).order == ("c", "a", "b")


def test_generations_are_what_could_run_side_by_side() -> None:
    assert PIPELINE.generations == (("build",), ("unit", "integration"), ("deploy",), ("notify",))


def test_finally_jobs_may_wait_for_each_other() -> None:
    last = [Vertex("report", needs=("sweep",), is_finally=True), Vertex("sweep", is_finally=True), Vertex("a")]
    graph = Graph(last)
    assert graph.order == ("a", "sweep", "report")
    assert graph.generations == (("a",), ("sweep",), ("report",))


def test_only_finally_jobs_are_a_workflow_too() -> None:
    graph = Graph([Vertex("a", is_finally=True)])
    assert (graph.order, graph.generations, Frontier(graph).ready) == (("a",), (("a",),), ("a",))


def test_no_jobs_have_no_order() -> None:
    graph = Graph([])
    assert (graph.order, graph.generations, graph.roots, len(graph)) == ((), (), (), 0)
    assert critical_path(graph, {}).jobs == ()
    assert Frontier(graph).is_worked_off


def test_a_job_named_in_needs_and_after_is_waited_for_once() -> None:
    graph = Graph([Vertex("a"), Vertex("b", needs=("a", "a"), after=("a",))])
    assert Frontier(graph, ended=["a"]).ready == ("b",)


def test_names_of_no_job_are_listed_and_not_waited_for() -> None:
    graph = Graph([Vertex("a", needs=("x", "b"), after=("y",)), Vertex("b")])
    assert graph.unknown == (("a", "x"), ("a", "y"))
    assert graph.order == ("b", "a")


def test_two_jobs_with_one_name_are_no_graph() -> None:
    with pytest.raises(ValueError, match="called 'a'"):
        Graph([Vertex("a"), Vertex("a")])


def test_roots_are_the_jobs_that_wait_for_nothing() -> None:
    assert PIPELINE.roots == ("build",)


def test_jobs_become_ready_as_others_end() -> None:
    frontier = Frontier(PIPELINE)
    assert frontier.ready == ("build",)
    assert frontier.end("build") == ("unit", "integration")
    assert frontier.end("unit") == ()
    assert frontier.end("unit") == ()
    assert frontier.ready == ("integration",)
    assert frontier.end("integration") == ("deploy",)
    assert frontier.end("deploy") == ("notify",)
    assert not frontier.is_worked_off
    assert frontier.end("notify") == ()
    assert frontier.is_worked_off


def test_a_restart_finds_what_was_ready() -> None:
    assert Frontier(PIPELINE, ended=["unit", "build"]).ready == ("integration",)


def test_a_job_may_end_before_what_it_waits_for() -> None:
    frontier = Frontier(PIPELINE)
    assert frontier.end("deploy") == ()
    assert frontier.end("build") == ("unit", "integration")
    frontier.end("unit")
    assert frontier.end("integration") == ("notify",)


def test_a_job_that_does_not_exist_cannot_end() -> None:
    with pytest.raises(KeyError):
        Frontier(PIPELINE).end("x")


def test_the_critical_path_is_the_longest_chain_of_durations() -> None:
    path = critical_path(PIPELINE, {"build": 60, "unit": 10, "integration": 90, "deploy": 5}, otherwise_s=2)
    assert path.jobs == ("build", "integration", "deploy", "notify")
    assert path.duration_s == 157
    assert path.starts_s == {"build": 0, "unit": 60, "integration": 60, "deploy": 150, "notify": 155}


def test_of_equally_long_chains_the_first_of_the_file_is_told() -> None:
    graph = Graph([Vertex("c", needs=("b", "a")), Vertex("a"), Vertex("b")])
    assert critical_path(graph, {}, otherwise_s=1).jobs == ("a", "c")


def test_a_finally_job_starts_when_the_slowest_job_has_ended() -> None:
    graph = Graph([Vertex("slow"), Vertex("a"), Vertex("last", is_finally=True)])
    assert critical_path(graph, {"slow": 9, "a": 1, "last": 1}).jobs == ("slow", "last")


@given(graphs())
def test_every_order_respects_every_dependency(graph: Graph) -> None:
    positions = {job: position for position, job in enumerate(graph.order)}
    assert len(positions) == len(graph)
    assert graph.stuck == ()
    levels = {job: level for level, jobs in enumerate(graph.generations) for job in jobs}
    for job, vertex in graph.vertices.items():
        before = [*vertex.waits, *(graph.ordinary if vertex.is_finally else ())]
        assert all(positions[other] < positions[job] and levels[other] < levels[job] for other in before)


@given(graphs(), st.randoms(use_true_random=False))
def test_a_graph_is_worked_off_whatever_ends_first(graph: Graph, chance: random.Random) -> None:
    frontier = Frontier(graph)
    ready = list(frontier.ready)
    ended: list[str] = []
    while ready:
        job = ready.pop(chance.randrange(len(ready)))
        ended.append(job)
        ready += frontier.end(job)
        assert sorted(ready) == sorted(frontier.ready)
    assert frontier.is_worked_off
    assert sorted(ended) == sorted(graph.vertices)


@given(graphs(), st.lists(st.integers(0, 9), min_size=12, max_size=12))
def test_no_chain_takes_longer_than_the_critical_path(graph: Graph, durations: list[int]) -> None:
    times = {job: float(durations[int(job)]) for job in graph.vertices}
    path = critical_path(graph, times)
    assert path.duration_s == sum(times[job] for job in path.jobs)
    assert path.duration_s == max((path.starts_s[job] + times[job] for job in graph.vertices), default=0)
    for job, vertex in graph.vertices.items():
        before = [*vertex.waits, *(graph.ordinary if vertex.is_finally else ())]
        assert path.starts_s[job] == max((path.starts_s[other] + times[other] for other in before), default=0)


@pytest.mark.hostile("B45")
def test_ten_thousand_jobs_are_no_deeper_than_one() -> None:
    chain = Graph(Vertex(str(n), needs=(str(n - 1),) if n else ()) for n in range(10_000))
    begun = time.process_time()
    assert len(chain.order) == len(chain.generations) == 10_000
    frontier = Frontier(chain)
    for job in chain.order:
        assert frontier.is_ready(job)
        frontier.end(job)
    assert critical_path(chain, {}, otherwise_s=1).duration_s == 10_000
    assert time.process_time() - begun < 10
