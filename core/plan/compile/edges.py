"""What the nodes of a job wait for: whole jobs, or variants of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.matrix import counterpart, matching
from core.plan.standing import Edge

if TYPE_CHECKING:
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
        self, job: WorkflowJobSpec, variant: Variant | None = None, expansion: Expansion | None = None
    ) -> tuple[Edge, ...]:
        """What one node of a job waits for.

        Args:
            job: The job.
            variant: The node's variant, if the job has a matrix that is known.
            expansion: The job's variants.

        Raises:
            InvalidMatrixError: A need asks for the same variant, and there is none, or more than one.
        """
        edges = job_edges(job, self._names)
        needs = [self._narrowed(edge, need, variant, expansion) for edge, need in zip(edges, job.needs, strict=False)]
        return (*needs, *edges[len(needs) :])

    def _narrowed(self, edge: Edge, need: NeedSpec, variant: Variant | None, expansion: Expansion | None) -> Edge:
        producer = self._expansions.get(edge.job)
        if need.matrix is None or producer is None:
            return edge
        if not isinstance(need.matrix, str):
            found = matching(producer, need.matrix)
        elif variant is not None and expansion is not None:
            found = (counterpart(variant, expansion.vectors, producer, job=edge.job),)
        else:
            return edge
        nodes = tuple(self._nodes[edge.job][each.index] for each in found)
        return Edge(edge.job, nodes, edge.counts, edge.optional, edge.artifacts)
