"""Jobs that wait for each other in a circle.

Strong components by Tarjan's algorithm, the circles in each by Johnson's, both with stacks of their own instead of
calls: ten thousand jobs in one chain are no deeper than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from core.plan.graph.dag import Graph

    Edges: TypeAlias = Mapping[str, tuple[str, ...]]

MOST_CYCLES: Final = 100
"""A handful of jobs can stand in millions of circles; after so many, the rest says nothing more."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """One circle: each job waits for the next one, and the last for the first."""

    jobs: tuple[str, ...]

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Who waits, and for whom."""
        return tuple(zip(self.jobs, (*self.jobs[1:], self.jobs[0]), strict=True))

    def __str__(self) -> str:
        """The whole circle: ``prepare -> build -> install -> prepare``."""
        return " -> ".join((*self.jobs, self.jobs[0]))


def find_cycles(graph: Graph, *, most: int = MOST_CYCLES) -> tuple[Cycle, ...]:
    """Every circle, each once, begun with the job that stands first in the file and sorted likewise.

    A job that waits for a finally job stands in one, since that waits for it.

    Args:
        graph: The workflow.
        most: How many circles are looked for.
    """
    found = list(islice(_circles(_waits(graph), graph), most))
    found.sort(key=lambda jobs: [graph.rank(job) for job in jobs])
    return tuple(Cycle(jobs) for jobs in found)


def _waits(graph: Graph) -> Edges:
    """Who waits for whom; of what finally jobs wait for, only those that wait for them."""
    waits: dict[str, tuple[str, ...]] = {}
    for job, vertex in graph.vertices.items():
        back = (
            tuple(child for child in graph.children(job) if not graph.vertices[child].is_finally)
            if vertex.is_finally
            else ()
        )
        waits[job] = tuple(dict.fromkeys((*graph.parents(job), *back)))
    return waits


def _circles(waits: Edges, graph: Graph) -> Iterator[tuple[str, ...]]:
    for job, others in waits.items():
        if job in others:
            yield (job,)
    parts = [part for part in _components(tuple(waits), waits) if len(part) > 1]
    while parts:
        part = parts.pop()
        inside = frozenset(part)
        edges = {
            job: tuple(other for other in waits[job] if other in inside and other != job)
            for job in sorted(part, key=graph.rank)
        }
        first = next(iter(edges))
        yield from _circles_through(first, edges)
        rest = tuple(job for job in edges if job != first)
        left = {job: tuple(other for other in edges[job] if other != first) for job in rest}
        parts += [smaller for smaller in _components(rest, left) if len(smaller) > 1]


def _circles_through(first: str, edges: Edges) -> Iterator[tuple[str, ...]]:
    """The circles of a strong component that lead through one job."""
    path = [first]
    blocked = {first}
    leads_back: set[str] = set()
    waiting: dict[str, set[str]] = {job: set() for job in edges}
    stack = [iter(edges[first])]
    while stack:
        job = path[-1]
        step = next(stack[-1], None)
        if step == first:
            yield tuple(path)
            leads_back.update(path)
        elif step is not None:
            if step not in blocked:
                path.append(step)
                leads_back.discard(step)
                blocked.add(step)
                stack.append(iter(edges[step]))
        else:
            if job in leads_back:
                _unblock(job, blocked, waiting)
            else:
                for other in edges[job]:
                    waiting[other].add(job)
            stack.pop()
            path.pop()


def _unblock(job: str, blocked: set[str], waiting: Mapping[str, set[str]]) -> None:
    line = [job]
    while line:
        freed = line.pop()
        if freed in blocked:
            blocked.discard(freed)
            line += waiting[freed]
            waiting[freed].clear()


def _components(jobs: Iterable[str], edges: Edges) -> list[list[str]]:
    """The strong components: sets of jobs that all wait for each other."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    held: list[str] = []
    is_held: set[str] = set()
    found: list[list[str]] = []
    for root in jobs:
        if root in numbers:
            continue
        stack = [(root, iter(edges[root]))]
        numbers[root] = lowest[root] = len(numbers)
        held.append(root)
        is_held.add(root)
        while stack:
            job, others = stack[-1]
            step = next(others, None)
            if step is None:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    lowest[above] = min(lowest[above], lowest[job])
                if lowest[job] == numbers[job]:
                    found.append(_component(job, held, is_held))
            elif step not in numbers:
                numbers[step] = lowest[step] = len(numbers)
                held.append(step)
                is_held.add(step)
                stack.append((step, iter(edges[step])))
            elif step in is_held:
                lowest[job] = min(lowest[job], numbers[step])
    return found


def _component(job: str, held: list[str], is_held: set[str]) -> list[str]:
    """Take a finished component, down to the job it was found at, from what is held."""
    at = len(held) - 1
    while held[at] != job:
        at -= 1
    found = held[at:]
    del held[at:]
    is_held.difference_update(found)
    return found
