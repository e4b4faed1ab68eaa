"""Little facts of many runs, and of all jobs of one; and from earlier runs, how long one will take yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from core.engine.slots import JOBS
from core.engine.verbs.base import Verbs
from core.engine.verbs.workflows import check_workflow_id
from core.engine.workflow_estimate import estimate
from core.lifecycle.workflow import WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.engine.workflow_estimate import RunEstimate
    from core.records.workflow_log import NodeJob
    from core.records.workflow_node import WorkflowNode
    from core.records.workflow_past import PastRun

_TELLING: Final = frozenset({WorkflowStatus.SUCCESS, WorkflowStatus.PARTIAL, WorkflowStatus.FAILED})
"""Runs of these had their nodes run as usual, at least in part."""
_LOOKED_AT: Final = 10
_MOST_SAMPLES: Final = 20_000

_one_at_a_time = anyio.CapacityLimiter(1)


class WorkflowPastVerbs(Verbs):
    """Verbs for lists and drawings of runs."""

    async def recent_workflows(self, names: Iterable[str], *, each: int = 20) -> Mapping[str, tuple[PastRun, ...]]:
        """The newest runs of each of some workflows, the newest first.

        Args:
            names: Of workflows; one that never ran has no runs.
            each: At most so many of one name.
        """
        return await self._parts.past.newest(names, each=each)

    async def workflow_states(self, workflow_ids: Iterable[str], *, most: int = 60) -> Mapping[str, tuple[str, ...]]:
        """How the nodes of some runs stand, in each run's order: a node's status, or ``tolerated``.

        Args:
            workflow_ids: The runs; those there are none of are left out.
            most: Runs with more nodes than that are left out.
        """
        return await self._parts.past.states(workflow_ids, most=most)

    async def workflow_jobs(self, workflow_id: str) -> tuple[NodeJob, ...]:
        """The jobs that ran nodes of a run in any of its attempts, with their times, in the order of their submission.

        Raises:
            WorkflowNotFoundError: There is no such run.
        """
        check_workflow_id(workflow_id)
        await self._parts.workflows.get(workflow_id)
        return await self._parts.node_jobs.jobs_of(workflow_id).read_on()

    async def estimate_workflow(self, workflow_id: str, *, nodes: Sequence[WorkflowNode] | None = None) -> RunEstimate:
        """How far a run has come and how long it will take yet, told from the last ten runs of the same workflow.

        What waits for approval, for a group or for other runs is taken to start at once.

        Args:
            workflow_id: The run.
            nodes: Of its present attempt, from whoever has them already; None reads them.

        Raises:
            WorkflowNotFoundError: There is no such run.
        """
        check_workflow_id(workflow_id)
        run = await self._parts.workflows.get(workflow_id)
        judged = await self._parts.workflows.nodes(workflow_id) if nodes is None else nodes
        newest = await self._parts.past.newest([run.name], each=_LOOKED_AT + 1, statuses=_TELLING)
        earlier = [each.workflow_id for each in newest[run.name] if each.workflow_id != workflow_id][:_LOOKED_AT]
        samples = await self._parts.past.samples([workflow_id, *earlier], most=_MOST_SAMPLES)
        slots = self._scheduler.slots.total(JOBS) or 1
        room = min(slots, run.max_parallel or slots)
        now = self._parts.clock.now()
        return await anyio.to_thread.run_sync(
            lambda: estimate(judged, samples, now, runs=len(earlier), room=room), limiter=_one_at_a_time
        )
