"""The chain of jobs that decides how long a workflow takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.graph.dag import Graph


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The longest chain, were there room for every job at once.

    Attributes:
        jobs: Its jobs, from the first to the last.
        duration_s: How long it takes.
        starts_s: When each job of the graph would start, counted from the beginning; none for what a cycle stops.
    """

    jobs: tuple[str, ...]
    duration_s: float
    starts_s: Mapping[str, float]


def critical_path(graph: Graph, durations_s: Mapping[str, float], *, otherwise_s: float = 0.0) -> CriticalPath:
    """The chain whose durations add up to the most; of equal ones the one whose jobs stand first.

    Args:
        graph: The workflow.
        durations_s: How long jobs take, from earlier runs or from assumptions; not negative.
        otherwise_s: How long a job takes that ``durations_s`` does not name.
    """
    starts: dict[str, float] = {}
    ends: dict[str, tuple[float, int]] = {}  # of those that end together, the first of the file comes last
    before: dict[str, str] = {}
    last_ordinary: str | None = None
    for job in graph.order:
        waits = graph.parents(job)
        is_finally = graph.vertices[job].is_finally
        if is_finally and last_ordinary is not None:
            waits = (*waits, last_ordinary)
        latest = _latest(ends, waits)
        if latest is not None:
            before[job] = latest
        starts[job] = ends[latest][0] if latest is not None else 0.0
        ends[job] = (starts[job] + durations_s.get(job, otherwise_s), -graph.rank(job))
        if not is_finally:
            last_ordinary = _latest(ends, (job,) if last_ordinary is None else (last_ordinary, job))
    step = _latest(ends, tuple(ends))
    if step is None:
        return CriticalPath((), 0.0, {})
    duration, chain = ends[step][0], [step]
    while (step := before.get(step)) is not None:
        chain.append(step)
    return CriticalPath(tuple(reversed(chain)), duration, starts)


def _latest(ends: Mapping[str, tuple[float, int]], jobs: tuple[str, ...]) -> str | None:
    """The job that ends last, of equal ones the first of the file."""
    return max(jobs, key=ends.__getitem__, default=None)
