"""Which jobs may start, as others end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.plan.graph.dag import Graph


class Frontier:
    """What is ready in a graph while it is worked off; each end is counted in time of the job's own dependants.

    A job is ready when everything it waits for has ended, however it ended. A finally job waits for all ordinary ones.

    Args:
        graph: The workflow.
        ended: Jobs that ended before, as after a restart.
    """

    def __init__(self, graph: Graph, ended: Iterable[str] = ()) -> None:
        self._graph = graph
        self._ended: set[str] = set()
        self._waiting = {job: len(graph.parents(job)) for job in graph.vertices}
        self._ordinary_left = len(graph.ordinary)
        for job in ended:
            self.end(job)

    @property
    def ready(self) -> tuple[str, ...]:
        """The jobs that may start and have not ended, in the order of the file."""
        return tuple(job for job in self._graph.vertices if self.is_ready(job))

    @property
    def is_worked_off(self) -> bool:
        """Whether every job has ended."""
        return len(self._ended) == len(self._graph)

    def is_ready(self, job: str) -> bool:
        """Whether a job waits for nothing more and has not ended.

        Raises:
            KeyError: There is no such job.
        """
        if self._waiting[job] or job in self._ended:
            return False
        return not (self._graph.vertices[job].is_finally and self._ordinary_left)

    def end(self, job: str) -> tuple[str, ...]:
        """Note that a job has ended; a second time, nothing happens.

        Returns:
            The jobs that are ready now and were not before, in the order of the file.

        Raises:
            KeyError: There is no such job.
        """
        vertex = self._graph.vertices[job]
        if job in self._ended:
            return ()
        self._ended.add(job)
        freed: list[str] = []
        for child in self._graph.children(job):
            self._waiting[child] -= 1
            if self.is_ready(child):
                freed.append(child)
        if not vertex.is_finally:
            self._ordinary_left -= 1
            if not self._ordinary_left:
                freed += [last for last in self._graph.finally_jobs if self.is_ready(last)]
        return tuple(sorted(set(freed), key=self._graph.rank))
