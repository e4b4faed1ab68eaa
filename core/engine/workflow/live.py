"""A run as its conductor has it in memory: frames, jobs and nodes, and how far each has come.

It is made from the store's nodes, and nothing in it is known to it alone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from core.engine.workflow.frame import BETWEEN
from core.lifecycle.workflow import NodeStatus
from core.plan.compile import NodeFacts, Producers
from core.plan.compile.environment import Deferred
from core.plan.expressions.values import Keyed, freeze
from core.plan.foresight import Unknown
from core.plan.results import Ending, VariantEnding
from core.plan.rollup import job_ending, job_facts
from core.plan.standing import Course

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from core.engine.workflow.frame import Frame
    from core.plan.expressions.values import Value
    from core.plan.matrix import Expansion, Variant
    from core.plan.standing import Edge
    from core.records.job import Failure
    from core.records.workflow_node import NodeReason, WorkflowNode
    from core.spec.workflow import WorkflowJobSpec


class Stage(Enum):
    """How far a node has come; its status in the store follows."""

    WAITING = auto()
    """What it needs has not ended, or nobody has looked yet."""
    READY = auto()
    """It runs once there is room, and its group is free."""
    RUNNING = auto()
    """A job was made for it, or its file runs."""
    PAUSED = auto()
    """Between two tries."""
    ENDED = auto()


@dataclass(eq=False, slots=True)
class LiveNode:
    """A node of a run.

    Attributes:
        job: Its job.
        record: As the store has it, since the last write.
        local: Its id within its file.
        variant: Which variant it is, once that is known.
        stage: How far it has come.
        edges: What it waits for.
        facts: What its expressions are given, once all that it waits for has ended.
        left: How many of its edges' ends have not ended.
        expanded: Its condition with the values it met, once it was decided.
        ending: How it ended.
        failure: Why it did not succeed.
        stop: Why it is being stopped, if it is.
        fails_fast: Whether its failure stops the other variants.
        tries: How many tries were begun.
        callee: The file that it calls, while that runs.
        warnings: Of the making of its present job.
        is_noted: Whether those who wait for it know that it has ended.
        has_room: Whether it takes room of the run's and its job's.
        group: The group that it is in or waits for; empty for none.
    """

    job: LiveJob
    record: WorkflowNode
    local: str
    variant: Variant | None = None
    stage: Stage = Stage.WAITING
    edges: tuple[Edge, ...] = ()
    facts: NodeFacts | None = None
    left: int = 0
    expanded: str = ""
    ending: Ending | None = None
    failure: Failure | None = None
    stop: NodeReason | None = None
    fails_fast: bool = False
    tries: int = 0
    callee: LiveFrame | None = None
    warnings: tuple[str, ...] = ()
    group: str = ""
    is_noted: bool = False
    has_room: bool = False

    @property
    def id(self) -> str:
        """Its id in the run."""
        return self.record.node_id

    @property
    def frame(self) -> LiveFrame:
        """The file that it stands in."""
        return self.job.frame

    @property
    def is_caller(self) -> bool:
        """Whether a file runs in its place."""
        return self.job.spec.call is not None


@dataclass(eq=False, slots=True)
class LiveJob:
    """A job of one file of a run, with its nodes.

    Attributes:
        frame: The file.
        spec: The job.
        edges: What it waits for as a whole.
        is_narrow: Whether it needs single variants of another job, so that its nodes wait for different ones.
        nodes: Its nodes; of a matrix that is not known yet, the one in their place.
        left: How much has to happen before it is opened.
        is_open: Whether its nodes are known, and look each for itself.
        expansion: Its variants, once it is open.
        unended: How many of its nodes have not ended.
        ending: How it ended.
        most: As many of its nodes run at once; None for all.
        running: How many of its nodes run.
        held: Its nodes that are ready, and beyond ``most``.
        companions: The jobs that want to run beside it, whichever of the two says so.
    """

    frame: LiveFrame
    spec: WorkflowJobSpec
    edges: tuple[Edge, ...]
    is_narrow: bool
    nodes: list[LiveNode] = field(default_factory=list["LiveNode"])
    left: int = 0
    is_open: bool = False
    expansion: Expansion | None = None
    unended: int = 0
    ending: Ending | None = None
    most: int | None = None
    running: int = 0
    held: deque[LiveNode] = field(default_factory=deque["LiveNode"])
    companions: list[LiveJob] = field(default_factory=list["LiveJob"])

    @property
    def position(self) -> int:
        """Its place in the run's order."""
        return self.nodes[0].record.position if self.nodes else 0

    def variant_endings(self) -> list[VariantEnding] | None:
        """How its variants ended; None if it has no matrix."""
        return None if self.spec.matrix is None else endings_of(self.nodes)


class LiveFrame:
    """One file of a run while its jobs are worked off.

    Args:
        frame: What is known of it from outside.
        outer: The node that calls it; None for the run's own file.

    Attributes:
        course: What has ended.
        producers: The variants that are known.
        jobs: Its jobs.
        left: How many of them have not ended.
        ordinary_left: The same without finally jobs.
        watchers: Who waits for the end of which job or node.
        openings: Who waits until a job's variants are known.
        by_local: Its nodes by their ids in the file.
        stop: Why it is being stopped, if it is.
        is_forced: Whether nothing may finish in peace.
    """

    def __init__(self, frame: Frame, outer: LiveNode | None = None) -> None:
        self.frame = frame
        self.outer = outer
        self.course = Course(frame.graph.vertices, frame.graph.ordinary)
        self.producers = Producers(frame.names)
        self.jobs: dict[str, LiveJob] = {}
        self.left = len(frame.graph)
        self.ordinary_left = len(frame.graph.ordinary)
        self.watchers: dict[str, list[LiveJob | LiveNode]] = {}
        self.openings: dict[str, list[LiveJob]] = {}
        self.by_local: dict[str, LiveNode] = {}
        self.stop: NodeReason | None = None
        self.is_forced = False
        self._needs: dict[str, Value] = {}
        self._jobs: dict[str, Value] = {}

    @property
    def is_over(self) -> bool:
        """Whether all its jobs have ended."""
        return not self.left

    def nodes(self) -> Iterator[LiveNode]:
        """All nodes of the file, in its order."""
        for job in self.jobs.values():
            yield from job.nodes

    def facts(
        self,
        job: LiveJob,
        edges: tuple[Edge, ...],
        *,
        matrix: Mapping[str, object] | None = None,
        strategy: Mapping[str, object] | None = None,
    ) -> NodeFacts:
        """What the expressions of a node are given."""

        def direct() -> Keyed:
            return Keyed((edge.job, self._need(edge)) for edge in edges)

        above = EndedJobs(self, job.spec.id)
        return NodeFacts(needs=Deferred(direct), jobs=above, matrix=matrix, strategy=strategy)

    def told(self, job: str) -> Value:
        """What ``jobs`` holds of a job that has ended, the same object each time."""
        if job not in self._jobs:
            self._jobs[job] = self._entry(job, has_status=True)
        return self._jobs[job]

    def _is_told(self, edge: Edge) -> bool:
        return all(self.course.has_ended(end) for end in edge.ends)

    def _need(self, edge: Edge) -> Value:
        if not self._is_told(edge):
            return Unknown(f"needs.{edge.job}")
        if edge.nodes is not None:
            nodes = [self.by_local[local] for local in edge.nodes]
            if len(nodes) == 1 and nodes[0].ending is not None:
                return freeze(job_facts(nodes[0].ending))
            variants = endings_of(nodes)
            return freeze(job_facts(job_ending(variants), variants))
        if edge.job not in self._needs:
            self._needs[edge.job] = self._entry(edge.job, has_status=False)
        return self._needs[edge.job]

    def _entry(self, name: str, *, has_status: bool) -> Value:
        job = self.jobs[name]
        if job.ending is None:
            raise KeyError(name)
        return freeze(job_facts(job.ending, job.variant_endings(), has_status=has_status))


class EndedJobs(Keyed):
    """The context ``jobs`` of one job: those above it that have ended. Entries are made when they are read.

    Args:
        frame: The file.
        job: The job; None for what sees all of them.
    """

    def __init__(self, frame: LiveFrame, job: str | None) -> None:
        super().__init__()
        self._frame = frame
        self._job = job

    def __getitem__(self, key: str) -> Value:
        found = self._frame.frame.names.find(key)
        if found is None or not self._is_told(found):
            raise KeyError(key)
        return self._frame.told(found)

    def __iter__(self) -> Iterator[str]:
        frame = self._frame
        above = frame.jobs if self._job is None else frame.frame.ancestry.above(self._job)
        return (job for job in above if frame.jobs[job].ending is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _is_told(self, job: str) -> bool:
        if self._frame.jobs[job].ending is None:
            return False
        return self._job is None or self._frame.frame.ancestry.is_above(job, self._job)


def endings_of(nodes: Sequence[LiveNode]) -> list[VariantEnding]:
    """How variants ended, for ``needs.X.variants``."""
    return [
        VariantEnding(node.id, node.record.name, node.variant.index, node.variant.values, node.ending)
        for node in nodes
        if node.variant is not None and node.ending is not None
    ]


def ending_of(record: WorkflowNode) -> Ending:
    """How a node that has ended did so."""
    reason = record.reason.code if record.reason is not None else None
    result, outcome = record.result, record.outcome
    if result is None or outcome is None:
        raise ValueError(f"{record.node_id} has not ended")
    attempts = len(record.tries) or int(record.started_at is not None)  # a called file is no try
    return Ending(result, outcome, reason, record.outputs, attempts, record.exit_code)


def stage_of(record: WorkflowNode) -> Stage:
    """How far a stored node has come."""
    if record.is_finished:
        return Stage.ENDED
    if record.status is NodeStatus.RUNNING:
        return Stage.RUNNING
    return Stage.PAUSED if record.retry_at is not None else Stage.WAITING


def prefix_of(record: WorkflowNode) -> str:
    """What the ids of the file begin with that a stored node stands in."""
    outer, between, _ = record.job.rpartition(BETWEEN)
    return outer + between
