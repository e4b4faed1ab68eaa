"""A workflow's jobs in their order: names found without regard to case, and what waits for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.expressions.letters import fold
from core.plan.graph import Graph, Vertex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.spec.workflow import WorkflowJobSpec, WorkflowSpec


class JobNames:
    """The jobs of a workflow by any spelling of their ids.

    Args:
        jobs: The ids; of two that differ in case alone, the first is found.
    """

    def __init__(self, jobs: Iterable[str]) -> None:
        self._spellings: dict[str, str] = {}
        for job in jobs:
            self._spellings.setdefault(fold(job), job)
        self._ids = frozenset(self._spellings.values())

    def find(self, name: str) -> str | None:
        """The id that a name means; none if there is no such job."""
        return name if name in self._ids else self._spellings.get(fold(name))

    def resolved(self, name: str) -> str:
        """The id that a name means, or the name itself."""
        return name if name in self._ids else self._spellings.get(fold(name), name)


def graph_of(workflow: WorkflowSpec, *, catching: frozenset[str] = frozenset()) -> Graph:
    """The graph of a workflow's jobs; names of jobs that do not exist stand in its ``unknown``.

    Args:
        workflow: The workflow.
        catching: The jobs whose conditions may hold although a need did not run.
    """
    names = JobNames(workflow.jobs)
    return Graph(_vertex(job, names, catches=job.id in catching) for job in workflow.jobs.values())


def _vertex(job: WorkflowJobSpec, names: JobNames, *, catches: bool) -> Vertex:
    return Vertex(
        job.id,
        needs=tuple(dict.fromkeys(names.resolved(need.job) for need in job.needs)),
        after=tuple(dict.fromkeys(map(names.resolved, job.after))),
        optional=frozenset(names.resolved(need.job) for need in job.needs if need.optional),
        is_finally=job.is_finally,
        catches_skips=catches,
    )
