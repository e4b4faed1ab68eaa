"""The course of a run as it is foreseen, a job at a time.

Every job that runs is taken to succeed, and a matrix that is not known yet to have a variant, unless something else is
assumed. What a condition reads and nobody knows yet leaves it open: the job may run or be skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from core.errors import InvalidExpressionError, InvalidMatrixError
from core.plan.ancestry import Ancestry
from core.plan.compile.definition import Definition, define
from core.plan.compile.edges import Producers, job_edges
from core.plan.compile.environment import Deferred, JobsContext
from core.plan.compile.given import InputsError
from core.plan.compile.matrices import expand_job, strategy_facts
from core.plan.compile.plan import PlannedJob, PlannedNode
from core.plan.compile.prospects import Prospect, entry, sure, together
from core.plan.compile.scene import NodeFacts
from core.plan.compile.templates import EVERYTHING
from core.plan.conditions import Act, NodeDecision, Waiting, job_condition, predict
from core.plan.expressions.values import Keyed, freeze
from core.plan.foresight import unknown_context
from core.plan.results import Outcome, Reason, Result
from core.plan.rollup import RunStatus
from core.plan.standing import Course

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.plan.compile.assumptions import Assumptions
    from core.plan.compile.plan import Assumption, WorkflowPlan
    from core.plan.compile.resolving import Resolver
    from core.plan.compile.scene import Scene
    from core.plan.expressions.values import Value
    from core.plan.graph import Graph
    from core.plan.jobs import JobNames
    from core.plan.matrix import Expansion, Variant
    from core.plan.standing import Edge
    from core.spec.workflow import WorkflowJobSpec

    Follow = Callable[[WorkflowJobSpec, Resolver], WorkflowPlan]

_NOTHING: Final = Definition({}, {}, (), {})
_IDLE: Final = frozenset({Act.SKIP, Act.CANCEL})


@dataclass(frozen=True, slots=True)
class _Draft:
    """A node before its place in the plan is known."""

    id: str
    variant: Variant | None
    edges: tuple[Edge, ...]
    decision: NodeDecision
    facts: NodeFacts


class Forecast:
    """Takes the jobs of a workflow, each behind those it waits for.

    Args:
        scene: What expressions are given.
        graph: The jobs' order.
        names: The jobs' names.
        assumptions: How which nodes are taken to end.
        follow: Makes the plan of the file that a job calls.

    Attributes:
        jobs: What became of the jobs.
        nodes: Their nodes, by the job.
        prospects: How jobs and nodes may end.
        course: The same, as conditions ask for it.
    """

    def __init__(self, scene: Scene, graph: Graph, names: JobNames, assumptions: Assumptions, follow: Follow) -> None:
        self.jobs: dict[str, PlannedJob] = {}
        self.nodes: dict[str, tuple[PlannedNode, ...]] = {}
        self.prospects: dict[str, Prospect] = {}
        self.course = Course(graph.vertices, graph.ordinary)
        self._scene = scene
        self._names = names
        self._assumptions = assumptions
        self._follow = follow
        self._producers = Producers(names)
        self._ancestry = Ancestry(graph)
        self._entries: dict[str, Value] = {}
        self._taken = {job.lower() for job in graph.vertices}

    def take(self, job: WorkflowJobSpec) -> None:
        """Foresee one job, and note how it may end."""
        edges = job_edges(job, self._names)
        facts = self._facts(job, edges)
        try:
            condition = job_condition(job.condition, job.unless, job.on_complete, EVERYTHING)
            waiting = Waiting(condition, edges, job.is_finally)
            expansion, drafts, whole = self._drafts(job, waiting, facts)
        except InvalidExpressionError as error:
            self._file(job, edges, "", None, (self._faulty(job, edges, facts, error.message),))
            return
        told = condition.text
        self._file(job, edges, told, expansion, drafts, whole)

    def _drafts(
        self, job: WorkflowJobSpec, waiting: Waiting, facts: NodeFacts
    ) -> tuple[Expansion | None, tuple[_Draft, ...], NodeDecision | None]:
        """The nodes of a job with what becomes of them, and of the job if that does not depend on the variant."""
        surroundings = self._scene.condition(job, facts)
        if job.matrix is None:
            edges = self._producers.edges(job)
            own = replace(facts, needs=self._needs(edges))
            decision = predict(replace(waiting, edges=edges), self.course, self._scene.condition(job, own))
            return None, (_Draft(job.id, None, edges, decision, own),), decision
        whole = None if waiting.condition.reads_matrix else predict(waiting, self.course, surroundings)
        resolver = self._scene.resolver(surroundings)
        expansion = expand_job(job, resolver)
        if expansion is not None:
            return expansion, self._variants(job, waiting, facts, expansion, whole), whole
        if resolver.faults and not (whole is not None and whole.act in _IDLE):
            return None, (self._faulty(job, waiting.edges, facts, resolver.faults[0].message),), whole
        unknown = replace(facts, matrix=unknown_context("matrix"), strategy=unknown_context("strategy"))
        decision = whole or predict(waiting, self.course, self._scene.condition(job, unknown))
        return None, (_Draft(job.id, None, waiting.edges, decision, unknown),), whole

    def _variants(
        self,
        job: WorkflowJobSpec,
        waiting: Waiting,
        facts: NodeFacts,
        expansion: Expansion,
        whole: NodeDecision | None,
    ) -> tuple[_Draft, ...]:
        total = len(expansion.variants)
        ids = tuple(self._distinct(variant.id) for variant in expansion.variants)
        self._producers.add(job.id, expansion, ids)
        is_narrow = any(need.matrix is not None for need in job.needs)
        drafts: list[_Draft] = []
        for name, variant in zip(ids, expansion.variants, strict=True):
            own = replace(facts, matrix=variant.values)
            resolver = self._scene.resolver(self._scene.condition(job, own))
            strategy = strategy_facts(job.matrix, resolver, variant, total) if job.matrix is not None else None
            own = replace(own, strategy=strategy)
            edges = waiting.edges
            decision = whole
            if is_narrow:
                try:
                    edges = self._producers.edges(job, variant, expansion)
                except InvalidMatrixError as error:
                    drafts.append(replace(self._faulty(job, edges, own, error.message), id=name, variant=variant))
                    continue
                own = replace(own, needs=self._needs(edges))
            if decision is None or (is_narrow and edges != waiting.edges):
                own_waiting = replace(waiting, edges=edges)
                decision = predict(own_waiting, self.course, self._scene.condition(job, own))
            drafts.append(_Draft(name, variant, edges, decision, own))
        return tuple(drafts)

    def _file(
        self,
        job: WorkflowJobSpec,
        edges: tuple[Edge, ...],
        condition: str,
        expansion: Expansion | None,
        drafts: tuple[_Draft, ...],
        whole: NodeDecision | None = None,
    ) -> None:
        """Make nodes of drafts, and note how they and their job may end."""
        made = [self._node(job, draft, expansion, total=len(drafts)) for draft in drafts]
        nodes = tuple(node for node, _ in made)
        prospects = _stopped_early(job, [prospect for _, prospect in made])
        decision = _overall([node.decision for node in nodes], whole)
        ending = together(prospects) if nodes else _idle(decision)
        everything = tuple(dict.fromkeys(edge for node in nodes for edge in node.edges)) or edges
        for node, prospect in zip(nodes, prospects, strict=True):
            if node.id != job.id:
                self.prospects[node.id] = prospect
                self.course.note(node.id, prospect.results, node.edges)
        self.prospects[job.id] = ending
        self.course.note(job.id, ending.results, everything)
        self.nodes[job.id] = tuple(
            replace(node, results=prospect.results) for node, prospect in zip(nodes, prospects, strict=True)
        )
        self.jobs[job.id] = PlannedJob(
            id=job.id,
            nodes=tuple(node.id for node in nodes),
            edges=edges,
            is_finally=job.is_finally,
            condition=condition,
            decision=decision,
            results=ending.results,
        )

    def _node(
        self, job: WorkflowJobSpec, draft: _Draft, expansion: Expansion | None, *, total: int
    ) -> tuple[PlannedNode, Prospect]:
        resolver, env = self._scene.node(job, draft.facts)
        definition = define(job, resolver, env)
        decision = draft.decision
        if decision.act is Act.RUN and definition.faults:
            decision = NodeDecision(Act.FAIL, expanded=decision.expanded, fault=definition.faults[0].message)
        assumed = self._assumptions.of_node(job.id, draft.id, draft.variant, expansion)
        if assumed is not None and assumed.outcome is Outcome.SKIPPED and decision.act not in _IDLE:
            decision = NodeDecision(Act.SKIP, Reason.CONDITION, expanded="assumed → false")
        called = None
        if job.call is not None and job.call.workflow is not None and decision.act not in _IDLE:
            try:
                called = self._follow(job, resolver)
            except InputsError as error:
                decision = NodeDecision(Act.FAIL, expanded=decision.expanded, fault=f"{job.call.file}: {error}")
        titles = self._scene.resolver(resolver.surroundings)
        default = draft.variant.name if draft.variant is not None else job.id
        node = PlannedNode(
            id=draft.id,
            job=job.id,
            name=titles.text(job.name, "name") if job.name else default,
            variant=draft.variant,
            total=total,
            is_dynamic=job.matrix is not None and draft.variant is None and decision.act is not Act.FAIL,
            edges=draft.edges,
            is_finally=job.is_finally,
            decision=decision,
            results=frozenset(),
            definition=definition,
            called=called,
        )
        return node, _prospect(node, assumed)

    def _facts(self, job: WorkflowJobSpec, edges: tuple[Edge, ...]) -> NodeFacts:
        return NodeFacts(needs=self._needs(edges), jobs=JobsContext(self._ancestry, self._names, job.id, self._told))

    def _told(self, job: str) -> Value:
        """What ``jobs`` holds of a job, the same object each time."""
        if job not in self._entries:
            self._entries[job] = freeze(self._entry(f"jobs.{job}", job, job, has_status=True))
        return self._entries[job]

    def _needs(self, edges: tuple[Edge, ...]) -> Mapping[str, object]:
        def direct() -> Keyed:
            return Keyed((edge.job, freeze(self._need(edge))) for edge in edges)

        return Deferred(direct)

    def _need(self, edge: Edge) -> Mapping[str, object]:
        name = edge.nodes[0] if edge.nodes is not None and len(edge.nodes) == 1 else edge.job
        return self._entry(f"needs.{edge.job}", edge.job, name, has_status=False)

    def _entry(self, path: str, job: str, name: str, *, has_status: bool) -> Mapping[str, object]:
        prospect = self.prospects[name]
        return entry(path, self._scene.workflow.jobs[job], prospect, has_status=has_status)

    def _faulty(self, job: WorkflowJobSpec, edges: tuple[Edge, ...], facts: NodeFacts, message: str) -> _Draft:
        unknown = facts if job.matrix is None else replace(facts, matrix=unknown_context("matrix"))
        return _Draft(job.id, None, edges, NodeDecision(Act.FAIL, fault=message), unknown)

    def _distinct(self, name: str) -> str:
        """An id that no other node has; jobs keep theirs."""
        candidate, count = name, 1
        while candidate.lower() in self._taken:
            count += 1
            candidate = f"{name}-{count}"
        self._taken.add(candidate.lower())
        return candidate


def _prospect(node: PlannedNode, assumed: Assumption | None) -> Prospect:
    """How a node may end by what is known of it."""
    decision = node.decision
    if decision.act in _IDLE:
        return _idle(decision)
    outcomes = [assumed.outcome if assumed is not None else Outcome.SUCCESS]
    outputs = assumed.outputs if assumed is not None else None
    if assumed is None and node.called is not None:
        status = node.called.status
        ends = {None: [Outcome.SUCCESS, Outcome.FAILURE], RunStatus.SUCCESS: [Outcome.SUCCESS]}
        outcomes = ends.get(status, [Outcome.FAILURE])
        if not node.called.open_outputs:
            outputs = {name: str(value) for name, value in node.called.outputs.items()}
    if decision.act is Act.FAIL or node.definition.faults:
        outcomes = [Outcome.FAILURE]
    results = {result for outcome in outcomes for result in _tolerated(node, outcome)}
    outcome = outcomes[0] if len(outcomes) == 1 else None
    if decision.act is Act.DEPENDS:
        return Prospect(frozenset({*results, Result.SKIPPED}), None, None, None)
    return Prospect(frozenset(results), outcome, None, outputs)


def _tolerated(node: PlannedNode, outcome: Outcome) -> set[Result]:
    """What others may see of an outcome."""
    if not outcome.is_bad:
        return {Result(outcome.value)}
    told = cast("Mapping[str, object]", node.definition.values.get("continue_on_error", {}))
    if "continue_on_error.always" in node.definition.open:
        return {Result.SUCCESS, Result.FAILURE}
    if told.get("always") is True:
        return {Result.SUCCESS}
    if told.get("exit_codes") and outcome is Outcome.FAILURE and node.decision.act is not Act.FAIL:
        return {Result.SUCCESS, Result.FAILURE}
    return {Result.FAILURE}


def _stopped_early(job: WorkflowJobSpec, prospects: list[Prospect]) -> list[Prospect]:
    """The same where one variant fails and may stop the others."""
    failing = {Result.FAILURE}
    if job.matrix is None or job.matrix.fail_fast is False or not any(each.results <= failing for each in prospects):
        return prospects
    return [
        replace(each, results=each.results | {Result.CANCELLED}, outcome=None)
        if Result.SUCCESS in each.results
        else each
        for each in prospects
    ]


def _overall(decisions: list[NodeDecision], whole: NodeDecision | None) -> NodeDecision:
    """What becomes of a job whose nodes fare so: if one runs, it does; without a node, its own condition counts."""
    for act in (Act.FAIL, Act.RUN, Act.DEPENDS):
        for decision in decisions:
            if decision.act is act:
                return decision
    if decisions:
        return decisions[0]
    return whole if whole is not None and whole.act in _IDLE else NodeDecision(Act.SKIP, Reason.EMPTY_MATRIX)


def _idle(decision: NodeDecision) -> Prospect:
    """How a job ends that has no node."""
    return sure(Result.CANCELLED if decision.act is Act.CANCEL else Result.SKIPPED, decision.reason)
