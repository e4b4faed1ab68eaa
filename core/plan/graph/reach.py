"""Who waits for whom, directly or through others."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.plan.graph.dag import Graph


def ancestors(graph: Graph, job: str, *, through_after: bool = False) -> tuple[str, ...]:
    """The jobs that lie above a job through ``needs``, in the order of the file; for a finally job all ordinary ones.

    Args:
        graph: The workflow.
        job: The job below.
        through_after: Whether ``after`` leads up as well.
    """
    vertices = graph.vertices

    def above(name: str) -> Iterable[str]:
        return graph.parents(name) if through_after else (need for need in vertices[name].needs if need in vertices)

    return _in_file_order(graph, _reached(graph, job, above))


def descendants(graph: Graph, job: str) -> tuple[str, ...]:
    """The jobs that wait for a job, directly or through others, in the order of the file."""
    below = _spread((job,), graph.children)
    if not graph.vertices[job].is_finally:
        below |= set(graph.finally_jobs)
    return _in_file_order(graph, below)


def waits_for(graph: Graph, job: str, other: str) -> bool:
    """Whether ``job`` starts only when ``other`` has ended."""
    return other in _reached(graph, job, graph.parents)


def never_running(graph: Graph, never: Iterable[str]) -> Mapping[str, str]:
    """The jobs that cannot run since others never do, each with the need that stops it.

    Args:
        graph: The workflow.
        never: Jobs whose own conditions never hold; they are not among the answer.
    """
    stopped = set(never)
    causes: dict[str, str] = {}
    line = deque(job for job in graph.vertices if job in stopped)
    while line:
        need = line.popleft()
        for job in graph.children(need):
            vertex = graph.vertices[job]
            is_required = need in vertex.needs and need not in vertex.optional
            if is_required and job not in stopped and not vertex.catches_skips:
                stopped.add(job)
                causes[job] = need
                line.append(job)
    return {job: causes[job] for job in _in_file_order(graph, causes)}


def _reached(graph: Graph, job: str, above: Callable[[str], Iterable[str]]) -> set[str]:
    reached = _spread((job,), above)
    if graph.vertices[job].is_finally or any(graph.vertices[name].is_finally for name in reached):
        reached.update(graph.ordinary)
    return reached


def _spread(starts: Iterable[str], neighbours: Callable[[str], Iterable[str]]) -> set[str]:
    """Everything that is reached from ``starts``, without them unless a circle leads back."""
    reached: set[str] = set()
    line = deque(starts)
    while line:
        for neighbour in neighbours(line.popleft()):
            if neighbour not in reached:
                reached.add(neighbour)
                line.append(neighbour)
    return reached


def _in_file_order(graph: Graph, jobs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(jobs, key=graph.rank))
