"""What conductors work with, and where each is told of what happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.worker import Worker
    from core.engine.workflow.groups import Groups
    from core.engine.workflow.node_job import Admit
    from core.engine.workflow.shared_services import SharedServices
    from core.records.job import Job
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode
    from core.spec.workflow import WorkflowSpec


@dataclass(frozen=True, slots=True)
class Rooms:
    """What conductors work with.

    Attributes:
        parts: The engine's parts.
        scheduler: Gets the jobs.
        worker: Runs them.
        admit: The engine's admission of specs.
        shared: The services of runs.
        groups: The concurrency groups.
        threads: Where files are read.
    """

    parts: Parts
    scheduler: Scheduler
    worker: Worker
    admit: Admit
    shared: SharedServices
    groups: Groups
    threads: anyio.CapacityLimiter


@dataclass(slots=True)
class Inbox:
    """What has happened to a run and was not looked at yet.

    Attributes:
        workflow: The run's file, if whoever accepted the run has read it; for the first conductor alone.
        jobs: Jobs of the run that ended, by their ids.
        run: The run, if somebody asked for it to stop.
        nodes: Nodes that somebody asked to stop, by their ids.
        granted: Nodes that have their group now; an empty text for the run itself.
        arrived: Set once there is something to look at.
    """

    workflow: WorkflowSpec | None = None
    jobs: dict[str, Job] = field(default_factory=dict[str, "Job"])
    run: WorkflowRun | None = None
    nodes: dict[str, WorkflowNode] = field(default_factory=dict[str, "WorkflowNode"])
    granted: set[str] = field(default_factory=set[str])
    arrived: anyio.Event = field(default_factory=anyio.Event)

    def ring(self) -> None:
        """Say that there is something to look at."""
        self.arrived.set()

    def take_workflow(self) -> WorkflowSpec | None:
        """The run's file, if it is known and nobody took it yet."""
        workflow, self.workflow = self.workflow, None
        return workflow

    async def wait(self) -> None:
        """Return once there is something to look at, or was since the last time."""
        await self.arrived.wait()
        self.arrived = anyio.Event()
