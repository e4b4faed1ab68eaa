"""Jobs and what they wait for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.frozen import quickly_made

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@quickly_made
@dataclass(frozen=True, slots=True)
class Vertex:
    """One job, as far as order is concerned.

    Attributes:
        job: Its id.
        needs: The jobs it waits for, and whose results count for it.
        after: The jobs it waits for, whatever their results.
        optional: Those of ``needs`` that may be skipped.
        is_finally: Whether it waits for all jobs that are no finally jobs as well.
        catches_skips: Whether its condition may hold although a need did not run.
    """

    job: str
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    is_finally: bool = False
    catches_skips: bool = False

    @property
    def waits(self) -> tuple[str, ...]:
        """The jobs of ``needs`` and ``after``, each once."""
        return tuple(dict.fromkeys((*self.needs, *self.after)))


class Graph:
    """The jobs of a workflow with their dependencies.

    A finally job waits for every other job without an edge of its own for each. Dependencies on jobs that do not
    exist are left out and listed; cycles are allowed, and the jobs they stop are listed.

    Args:
        vertices: The jobs in the order of the file, which decides wherever the dependencies do not.

    Raises:
        ValueError: Two jobs have one id.

    Attributes:
        vertices: The jobs by their ids.
        unknown: Dependencies on jobs that do not exist: the job that waits, and the name.
    """

    def __init__(self, vertices: Iterable[Vertex]) -> None:
        by_id: dict[str, Vertex] = {}
        for vertex in vertices:
            if vertex.job in by_id:
                raise ValueError(f"Two jobs are called {vertex.job!r}.")
            by_id[vertex.job] = vertex
        self.vertices: Mapping[str, Vertex] = MappingProxyType(by_id)
        self.unknown = tuple((job, name) for job, vertex in by_id.items() for name in vertex.waits if name not in by_id)
        self._parents = {job: tuple(name for name in v.waits if name in by_id) for job, v in by_id.items()}
        children: dict[str, list[str]] = {job: [] for job in by_id}
        for job, parents in self._parents.items():
            for parent in parents:
                children[parent].append(job)
        self._children = {job: tuple(found) for job, found in children.items()}
        self._ranks = {job: position for position, job in enumerate(by_id)}

    def __len__(self) -> int:
        return len(self.vertices)

    def parents(self, job: str) -> tuple[str, ...]:
        """The jobs that ``job`` names in ``needs`` or ``after``, without those that do not exist."""
        return self._parents[job]

    def children(self, job: str) -> tuple[str, ...]:
        """The jobs that name ``job`` in ``needs`` or ``after``, in the order of the file."""
        return self._children[job]

    def rank(self, job: str) -> int:
        """The job's position in the file, from 0."""
        return self._ranks[job]

    @cached_property
    def ordinary(self) -> tuple[str, ...]:
        """The jobs that are no finally jobs."""
        return tuple(job for job, vertex in self.vertices.items() if not vertex.is_finally)

    @cached_property
    def finally_jobs(self) -> tuple[str, ...]:
        """The finally jobs."""
        return tuple(job for job, vertex in self.vertices.items() if vertex.is_finally)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The ordinary jobs that wait for nothing that exists."""
        return tuple(job for job in self.ordinary if not self._parents[job])

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The jobs so that each follows what it waits for; of those that could be next, the first of the file.

        Jobs that a cycle stops are not among them.
        """
        ordered = self._sorted(self.ordinary, frozenset())
        if len(ordered) == len(self.ordinary):
            ordered += self._sorted(self.finally_jobs, frozenset(ordered))
        return tuple(ordered)

    @cached_property
    def stuck(self) -> tuple[str, ...]:
        """The jobs that can never start since they stand in a cycle, or wait for one, in the order of the file."""
        moving = frozenset(self.order)
        return tuple(job for job in self.vertices if job not in moving)

    @cached_property
    def generations(self) -> tuple[tuple[str, ...], ...]:
        """The jobs by how many others must end one after another before they start, each in the order of the file."""
        levels: dict[str, int] = {}
        deepest = -1
        for job in self.order:
            floor = deepest + 1 if self.vertices[job].is_finally else 0
            levels[job] = max([floor, *(levels[parent] + 1 for parent in self._parents[job])])
            if not self.vertices[job].is_finally:
                deepest = max(deepest, levels[job])
        found: list[list[str]] = [[] for _ in range(max(levels.values(), default=-1) + 1)]
        for job in sorted(levels, key=self._ranks.__getitem__):
            found[levels[job]].append(job)
        return tuple(tuple(generation) for generation in found)

    def _sorted(self, jobs: tuple[str, ...], ended: frozenset[str]) -> list[str]:
        """The jobs in topological order behind those that have ended, as far as cycles allow."""
        waiting = {job: sum(parent not in ended for parent in self._parents[job]) for job in jobs}
        ready = [self._ranks[job] for job in jobs if not waiting[job]]
        names = tuple(self.vertices)
        ordered: list[str] = []
        while ready:
            job = names[heappop(ready)]
            ordered.append(job)
            for child in self._children[job]:
                if child in waiting:
                    waiting[child] -= 1
                    if not waiting[child]:
                        heappush(ready, self._ranks[child])
        return ordered
