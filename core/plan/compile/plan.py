"""What a workflow would do: jobs, nodes, order, conditions and requests, as far as they are known before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from core.plan.conditions import Act

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.plan.compile.definition import Definition
    from core.plan.compile.resolving import Fault
    from core.plan.conditions import NodeDecision
    from core.plan.graph import CriticalPath
    from core.plan.matrix import Variant
    from core.plan.results import Outcome, Result
    from core.plan.rollup import RunStatus
    from core.plan.standing import Edge


@dataclass(frozen=True, slots=True)
class Assumption:
    """How a job is taken to end, if it runs.

    Attributes:
        outcome: How.
        outputs: Its outputs; none if they are not known.
    """

    outcome: Outcome
    outputs: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNode:
    """One run of a job: the job itself, a variant of it, or a matrix that is not known yet.

    Attributes:
        id: Unlike that of any other node of its workflow.
        job: Its job.
        name: For people.
        variant: Its values; none without a matrix, or while the matrix is not known.
        total: How many variants the job has.
        is_dynamic: Whether the job's matrix is known only when it starts: it stands for all variants.
        edges: What it waits for.
        is_finally: Whether it waits for all jobs that are no finally jobs.
        decision: Whether it runs, if all goes as assumed.
        results: How it may end then.
        definition: What it would run.
        called: What the workflow file does that runs in its place.
    """

    id: str
    job: str
    name: str
    variant: Variant | None = None
    total: int = 1
    is_dynamic: bool = False
    edges: tuple[Edge, ...] = ()
    is_finally: bool = False
    decision: NodeDecision
    results: frozenset[Result]
    definition: Definition
    called: WorkflowPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """A job with its nodes.

    Attributes:
        id: As in the file.
        nodes: Its nodes, in the order in which they start; none if its matrix is empty.
        edges: What it waits for.
        is_finally: Whether it waits for all jobs that are no finally jobs.
        condition: What decides whether it runs, written out.
        decision: Whether it runs, if all goes as assumed; of a matrix job, if one of its variants does.
        results: How it may end then.
        together: The jobs it would be started together with.
    """

    id: str
    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    is_finally: bool
    condition: str
    decision: NodeDecision
    results: frozenset[Result]
    together: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """An image that a run needs.

    Attributes:
        reference: As far as it is known.
        nodes: The nodes whose container is made from it.
        services: The services that are, as ``node/service``; ``/service`` is shared by all.
        is_open: Whether a part of the reference is not known yet.
    """

    reference: str
    nodes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """How much there is to do; jobs of called files are not among them."""

    jobs: int
    nodes: int
    runs: int
    skipped: int
    depends: int
    fails: int
    dynamic: int


@dataclass(frozen=True, kw_only=True)
class WorkflowPlan:
    """What a workflow would do, if every job that runs succeeds, except for what was assumed.

    Attributes:
        name: The workflow's.
        run_name: The run's, as far as it is known.
        inputs: Their typed values.
        jobs: In the order of the file.
        nodes: In the order in which they start.
        generations: The jobs by how many others must end one after another before they start.
        images: Every image, in the order of the nodes.
        services: The services that all jobs share, as plain data.
        secrets: The names of the secrets that are declared.
        concurrency: The group that the run would hold, as plain data; none if it holds none.
        max_parallel: How many jobs run at once; none leaves it to the engine.
        timeout_s: The run's time limit; the expression's text if it is not known yet.
        critical_path: The chain of jobs that decides how long it takes.
        has_durations: Whether it counts earlier durations; else each job counts as one.
        counts: How much there is to do.
        status: How the run would end; none if that is not known.
        outputs: Its outputs, as far as they are known, with the names of those that are not.
        open_outputs: The names of outputs that are not known yet.
        assumed: How which jobs are taken to end.
        faults: What cannot be evaluated whatever is not known yet, outside of the nodes.
    """

    name: str
    run_name: str
    inputs: Mapping[str, object]
    jobs: tuple[PlannedJob, ...]
    nodes: tuple[PlannedNode, ...]
    generations: tuple[tuple[str, ...], ...]
    images: tuple[PlannedImage, ...]
    services: Mapping[str, object]
    secrets: tuple[str, ...]
    concurrency: Mapping[str, object] | None
    max_parallel: int | None
    timeout_s: float | str
    critical_path: CriticalPath
    has_durations: bool
    counts: PlanCounts
    status: RunStatus | None
    outputs: Mapping[str, object]
    open_outputs: tuple[str, ...] = ()
    assumed: Mapping[str, Assumption] = field(default_factory=dict[str, "Assumption"])
    faults: tuple[Fault, ...] = ()

    @cached_property
    def _jobs_by_id(self) -> Mapping[str, PlannedJob]:
        return {job.id: job for job in self.jobs}

    @cached_property
    def _nodes_by_id(self) -> Mapping[str, PlannedNode]:
        return {node.id: node for node in self.nodes}

    @property
    def order(self) -> tuple[str, ...]:
        """The ids of the nodes in the order in which they start."""
        return tuple(node.id for node in self.nodes)

    def job(self, job: str) -> PlannedJob:
        """The job with this id.

        Raises:
            KeyError: There is none.
        """
        return self._jobs_by_id[job]

    def node(self, node: str) -> PlannedNode:
        """The node with this id.

        Raises:
            KeyError: There is none.
        """
        return self._nodes_by_id[node]

    def all_nodes(self) -> Iterator[tuple[str, PlannedNode]]:
        """Every node with its path, those of called files behind their caller as ``caller / callee``."""
        for node in self.nodes:
            yield from paths_below(node)


def paths_below(node: PlannedNode) -> Iterator[tuple[str, PlannedNode]]:
    """A node with its id, and those of the file that it calls with their paths."""
    yield node.id, node
    if node.called is not None:
        for path, callee in node.called.all_nodes():
            yield f"{node.id} / {path}", callee


def counts_of(jobs: int, nodes: tuple[PlannedNode, ...]) -> PlanCounts:
    """How much there is to do."""
    acts = [node.decision.act for node in nodes]
    return PlanCounts(
        jobs=jobs,
        nodes=len(nodes),
        runs=acts.count(Act.RUN),
        skipped=acts.count(Act.SKIP) + acts.count(Act.CANCEL),
        depends=acts.count(Act.DEPENDS),
        fails=acts.count(Act.FAIL),
        dynamic=sum(node.is_dynamic for node in nodes),
    )
