"""What the nodes of a job wait for: whole jobs, or variants of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from core.plan.matrix import counterpart, matching
from core.plan.standing import Edge

if TYPE_CHECKING:
    from core.plan.compile.resolving import Resolver
    from core.plan.jobs import JobNames
    from core.plan.matrix import Expansion, Variant
    from core.spec.workflow import NeedSpec, WorkflowJobSpec


def job_edges(job: WorkflowJobSpec, names: JobNames) -> tuple[Edge, ...]:
    """What a job waits for before its variants are known: whole jobs."""
    needs = [Edge(names.resolved(need.job), optional=need.optional, artifacts=need.artifacts) for need in job.needs]
    return (*needs, *(Edge(names.resolved(name), counts=False, artifacts=False) for name in job.after))


class Producers:
    """The matrix jobs whose variants are known, for those who wait for single variants.

    Args:
        names: The workflow's jobs.
    """

    def __init__(self, names: JobNames) -> None:
        self._names = names
        self._expansions: dict[str, Expansion] = {}
        self._nodes: dict[str, tuple[str, ...]] = {}

    def add(self, job: str, expansion: Expansion, nodes: tuple[str, ...]) -> None:
        """Add a job with its variants and the ids of their nodes."""
        self._expansions[job] = expansion
        self._nodes[job] = nodes

    def edges(
        self, job: WorkflowJobSpec, variant: Variant | None, expansion: Expansion | None, resolver: Resolver
    ) -> tuple[Edge, ...]:
        """What one node of a job waits for.

        Args:
            job: The job.
            variant: The node's variant, if the job has a matrix that is known.
            expansion: The job's variants.
            resolver: Evaluates values that a need names.

        Raises:
            InvalidMatrixError: A need asks for the same variant, and there is none, or more than one.
        """
        edges = job_edges(job, self._names)
        needs = [
            self._narrowed(edge, need, variant, expansion, resolver)
            for edge, need in zip(edges, job.needs, strict=False)
        ]
        return (*needs, *edges[len(needs) :])

    def _narrowed(
        self, edge: Edge, need: NeedSpec, variant: Variant | None, expansion: Expansion | None, resolver: Resolver
    ) -> Edge:
        producer = self._expansions.get(edge.job)
        if need.matrix is None or producer is None:
            return edge
        if isinstance(need.matrix, str):
            if variant is None or expansion is None:
                return edge
            found: tuple[Variant, ...] = (counterpart(variant, expansion.vectors, producer, job=edge.job),)
        else:
            wanted = resolver.value(dict(need.matrix), f"needs.{edge.job}.matrix")
            found = matching(producer, cast("dict[str, object]", wanted))
        nodes = tuple(self._nodes[edge.job][each.index] for each in found)
        return Edge(edge.job, nodes, edge.counts, edge.optional, edge.artifacts)
