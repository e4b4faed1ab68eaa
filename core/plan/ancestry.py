"""Which jobs have ended for sure when another one starts; kept as sets of bits, so that asking costs little."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from core.plan.graph import ancestors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.graph import Graph


class Ancestry:
    """The jobs above each job, through ``needs`` and ``after``; above a finally job all that are none.

    Args:
        graph: The jobs' order.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._stuck: dict[str, int] = {}

    def is_above(self, other: str, job: str) -> bool:
        """Whether ``other`` has ended when ``job`` starts."""
        return bool(self._above(job) >> self._graph.rank(other) & 1)

    def above(self, job: str) -> tuple[str, ...]:
        """The jobs that have ended when ``job`` starts, in the order of the file."""
        found = self._above(job)
        return tuple(other for rank, other in enumerate(self._graph.vertices) if found >> rank & 1)

    def _above(self, job: str) -> int:
        if job in self._sets:
            return self._sets[job]
        if job not in self._stuck:  # in a circle, or behind one
            found = ancestors(self._graph, job, through_after=True)
            self._stuck[job] = sum(1 << self._graph.rank(other) for other in found)
        return self._stuck[job]

    @cached_property
    def _sets(self) -> Mapping[str, int]:
        graph = self._graph
        ordinary = sum(1 << graph.rank(job) for job in graph.ordinary)
        sets: dict[str, int] = {}
        for job in graph.order:
            found = ordinary if graph.vertices[job].is_finally else 0
            for parent in graph.parents(job):
                found |= sets[parent] | 1 << graph.rank(parent)
            sets[job] = found
        return sets
