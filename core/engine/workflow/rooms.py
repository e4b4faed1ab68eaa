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
    from core.plan.graph import Graph
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


@dataclass(frozen=True, slots=True)
class Known:
    """What whoever accepted a run knows of it, so that its conductor need not read it again.

    Attributes:
        workflow: Its file, as it was understood.
        graph: The order of its jobs.
        nodes: All its nodes.
        version: The run's that they are of.
    """

    workflow: WorkflowSpec
    graph: Graph
    nodes: tuple[WorkflowNode, ...]
    version: int


@dataclass(slots=True)
class Inbox:
    """What has happened to a run and was not looked at yet.

    Attributes:
        known: What is known of the run from its acceptance; for the first conductor alone.
        jobs: Jobs of the run that ended, by their ids.
        run: The run, if somebody asked for it to stop.
        nodes: Nodes that somebody asked to stop, by their ids.
        granted: Nodes that have their group now; an empty text for the run itself.
        arrived: Set once there is something to look at.
    """

    known: Known | None = None
    jobs: dict[str, Job] = field(default_factory=dict[str, "Job"])
    run: WorkflowRun | None = None
    nodes: dict[str, WorkflowNode] = field(default_factory=dict[str, "WorkflowNode"])
    granted: set[str] = field(default_factory=set[str])
    arrived: anyio.Event = field(default_factory=anyio.Event)

    def ring(self) -> None:
        """Say that there is something to look at."""
        self.arrived.set()

    def take_known(self) -> Known | None:
        """What is known of the run, if anything is and nobody took it yet."""
        known, self.known = self.known, None
        return known

    async def wait(self) -> None:
        """Return once there is something to look at, or was since the last time."""
        await self.arrived.wait()
        self.arrived = anyio.Event()
