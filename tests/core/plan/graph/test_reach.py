"""Ancestors, descendants, what never runs, circles."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan.graph import (
    Cycle,
    Graph,
    Vertex,
    ancestors,
    descendants,
    find_cycles,
    never_running,
    waits_for,
)

DIAMOND = Graph([
    Vertex("report", after=("deploy",)),
    Vertex("deploy", needs=("unit", "lint", "gone")),
    Vertex("unit", needs=("build",)),
    Vertex("lint", after=("build",)),
    Vertex("build"),
    Vertex("alone"),
    Vertex("last", is_finally=True),
])  # fmt: skip


def circles(*edges: str) -> list[str]:
    """The circles of a graph written as ``a>b`` for: a waits for b."""
    jobs = dict.fromkeys(name for edge in edges for name in edge.split(">"))
    return [str(cycle) for cycle in find_cycles(Graph(Vertex(job, needs=_needs(job, edges)) for job in jobs))]


def _needs(job: str, edges: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(edge.split(">")[1] for edge in edges if edge.split(">")[0] == job)


def test_ancestors_are_reached_through_needs_alone_unless_asked_otherwise() -> None:
    assert ancestors(DIAMOND, "deploy") == ("unit", "lint", "build")
    assert ancestors(DIAMOND, "report") == ()
    assert ancestors(DIAMOND, "report", through_after=True) == ("deploy", "unit", "lint", "build")
    assert ancestors(DIAMOND, "lint") == ()


def test_every_ordinary_job_is_an_ancestor_of_a_finally_job() -> None:
    assert ancestors(DIAMOND, "last") == DIAMOND.ordinary
    graph = Graph([Vertex("a"), Vertex("x", is_finally=True), Vertex("y", needs=("x",), is_finally=True)])
    assert ancestors(graph, "y") == ("a", "x")


def test_descendants_wait_whatever_the_key() -> None:
    assert descendants(DIAMOND, "build") == ("report", "deploy", "unit", "lint", "last")
    assert descendants(DIAMOND, "alone") == ("last",)
    assert descendants(DIAMOND, "last") == ()


@pytest.mark.parametrize(
    ("job", "other", "expected"),
    [
        ("report", "build", True),
        ("build", "report", False),
        ("alone", "build", False),
        ("last", "alone", True),
        ("alone", "last", False),
        ("build", "build", False),
    ],
)
def test_a_job_waits_for_another_through_any_chain(job: str, other: str, expected: bool) -> None:
    assert waits_for(DIAMOND, job, other) is expected


def test_a_job_whose_need_never_runs_never_runs_unless_it_catches_that() -> None:
    graph = Graph([
        Vertex("never"),
        Vertex("stopped", needs=("never",)),
        Vertex("farther", needs=("stopped",)),
        Vertex("tolerant", needs=("never",), optional=frozenset({"never"})),
        Vertex("catching", needs=("stopped",), catches_skips=True),
        Vertex("after_it", after=("never",)),
        Vertex("below", needs=("catching",)),
    ])  # fmt: skip
    assert never_running(graph, ["never"]) == {"stopped": "never", "farther": "stopped"}


def test_nothing_is_stopped_by_a_job_that_runs() -> None:
    assert never_running(DIAMOND, []) == {}


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        (("a>b", "b>c"), []),
        (("a>a",), ["a -> a"]),
        (("prepare>build", "build>install", "install>prepare"), ["prepare -> build -> install -> prepare"]),
        (("a>b", "b>a", "c>d", "d>c", "c>a"), ["a -> b -> a", "c -> d -> c"]),
        (("a>b", "b>a", "b>c", "c>a"), ["a -> b -> a", "a -> b -> c -> a"]),
        (("a>b", "b>c", "c>b", "c>c"), ["b -> c -> b", "c -> c"]),
        (
            ("a>b", "b>a", "a>c", "c>a", "b>c", "c>b"),
            ["a -> b -> a", "a -> b -> c -> a", "a -> c -> a", "a -> c -> b -> a", "b -> c -> b"],
        ),
    ],
)
@pytest.mark.hostile("B44")
def test_every_circle_is_told_whole(edges: tuple[str, ...], expected: list[str]) -> None:
    assert sorted(circles(*edges)) == sorted(expected)


def test_a_circle_names_who_waits_for_whom() -> None:
    assert Cycle(("a", "b", "c")).edges == (("a", "b"), ("b", "c"), ("c", "a"))


def test_what_waits_for_a_circle_is_stuck_and_the_rest_is_not() -> None:
    graph = Graph([Vertex("x", after=("b",)), Vertex("a", needs=("b",)), Vertex("b", needs=("a",)), Vertex("c")])
    assert graph.order == ("c",)
    assert graph.stuck == ("x", "a", "b")
    assert graph.generations == (("c",),)


def test_a_job_that_waits_for_a_finally_job_waits_in_a_circle() -> None:
    graph = Graph([Vertex("a"), Vertex("late", needs=("last",)), Vertex("last", is_finally=True)])
    assert [str(cycle) for cycle in find_cycles(graph)] == ["late -> last -> late"]
    assert graph.stuck == ("late", "last")
    assert waits_for(graph, "late", "late")


def test_of_very_many_circles_so_many_are_told() -> None:
    everyone = [str(number) for number in range(60)]
    graph = Graph(Vertex(job, needs=tuple(everyone)) for job in everyone)
    begun = time.process_time()
    assert len(find_cycles(graph)) == 100
    assert len(find_cycles(graph, most=7)) == 7
    assert time.process_time() - begun < 10


def test_one_circle_of_ten_thousand_jobs_is_found() -> None:
    graph = Graph(Vertex(str(n), needs=(str((n + 1) % 10_000),)) for n in range(10_000))
    (cycle,) = find_cycles(graph)
    assert cycle.jobs[:3] == ("0", "1", "2")
    assert len(cycle.jobs) == 10_000
    assert graph.order == ()
    assert len(descendants(graph, "0")) == 10_000


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_the_circles_are_those_that_trying_everything_finds(edges: set[tuple[int, int]]) -> None:
    graph = Graph(Vertex(str(n), needs=tuple(str(b) for a, b in sorted(edges) if a == n)) for n in range(5))
    expected: set[tuple[int, ...]] = set()
    paths: list[tuple[int, ...]] = [(n,) for n in range(5)]
    while paths:
        path = paths.pop()
        for a, b in edges:
            if a == path[-1] and b == path[0]:
                expected.add(path)
            elif a == path[-1] and b > path[0] and b not in path:
                paths.append((*path, b))
    found = [tuple(int(job) for job in cycle.jobs) for cycle in find_cycles(graph, most=1000)]
    assert found == sorted(expected)
