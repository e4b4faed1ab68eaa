"""From a workflow and its inputs to a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from core.errors import Finding, InvalidSpecError
from core.plan.compile.assumptions import Assumptions
from core.plan.compile.definition import field_value
from core.plan.compile.forecast import Forecast
from core.plan.compile.given import InputsError, take_inputs
from core.plan.compile.images import images_of
from core.plan.compile.plan import PlannedJob, PlannedNode, WorkflowPlan, counts_of, paths_below
from core.plan.compile.prospects import entry, run_prospect
from core.plan.compile.scene import RunFacts, Scene
from core.plan.compile.templates import Templates
from core.plan.conditions import Act
from core.plan.expressions.values import Keyed, freeze
from core.plan.graph import critical_path, find_cycles
from core.plan.jobs import JobNames, graph_of
from core.plan.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan.compile.plan import Assumption
    from core.plan.compile.resolving import Resolver
    from core.plan.graph import CriticalPath, Graph
    from core.spec.workflow import CallSpec, WorkflowJobSpec, WorkflowSpec

MOST_CALLED_NODES: Final = 256
"""Nodes of called files in one plan; each variant of a caller counts its own."""


@dataclass(slots=True)
class _Budget:
    """How many nodes of called files there may still be."""

    left: int = MOST_CALLED_NODES


def compile_workflow(
    workflow: WorkflowSpec,
    inputs: Mapping[str, object] | None = None,
    *,
    variables: Mapping[str, object] | None = None,
    github: Mapping[str, object] | None = None,
    run: Mapping[str, object] | None = None,
    assume: Mapping[str, str | Assumption] | None = None,
    durations_s: Mapping[str, float] | None = None,
) -> WorkflowPlan:
    """The plan of a workflow that was found to be in order. The same arguments give the same plan.

    Args:
        workflow: The workflow; its file has no errors.
        inputs: Values by name.
        variables: The context ``vars``; None if it is not known.
        github: The context ``github``; what is missing in it is empty. None if it is not known.
        run: What is known of the run, such as its number.
        assume: How which jobs are taken to end instead of with success: ``{"test": "failure"}``. Besides jobs, nodes
            and selectors (``test[python=3.12]``) may be named, and jobs of called files as ``caller / job``.
        durations_s: How long jobs took before, for the critical path; without it, each counts as one.

    Raises:
        InvalidSpecError: With a finding for every input that is wrong; or the jobs' order is at fault.
        InvalidArgumentError: What is assumed names no job, or no outcome.
    """
    facts = RunFacts(inputs={}, variables=variables, run=run, github=github)
    compiler = _Compiler(workflow, facts, Assumptions(assume or {}), Templates(), _Budget())
    try:
        return compiler.plan(inputs or {}, frozenset(), durations_s)
    except InputsError as error:
        raise _refusal(error.findings) from None


def refuse_unplannable(
    workflow: WorkflowSpec,
    graph: Graph,
    inputs: Mapping[str, object] | None = None,
    *,
    github: Mapping[str, object] | None = None,
) -> None:
    """See to it that `compile_workflow` would give a plan, without making it where that can be told.

    Args:
        workflow: As there.
        graph: The order of its jobs.
        inputs: As there.
        github: As there.

    Raises:
        InvalidSpecError: As there.
    """
    if any(job.call is not None for job in workflow.jobs.values()):
        compile_workflow(workflow, inputs, github=github)  # what called files are given only the course of a run tells
        return
    _checked(graph)
    scene = Scene(workflow, RunFacts(inputs={}, github=github))
    taken = take_inputs(workflow.inputs, inputs or {}, scene.resolver())
    if taken.findings:
        raise _refusal(taken.findings)


class _Compiler:
    """Makes the plan of one file."""

    def __init__(
        self, workflow: WorkflowSpec, facts: RunFacts, assumptions: Assumptions, templates: Templates, budget: _Budget
    ) -> None:
        self._workflow = workflow
        self._facts = facts
        self._assumptions = assumptions
        self._templates = templates
        self._budget = budget

    def plan(
        self, given: Mapping[str, object], unknown: frozenset[str], durations_s: Mapping[str, float] | None
    ) -> WorkflowPlan:
        workflow = self._workflow
        graph = _checked(graph_of(workflow))
        first = Scene(workflow, self._facts, self._templates)
        taken = take_inputs(workflow.inputs, given, first.resolver(), unknown=unknown)
        if taken.findings:
            raise InputsError(taken.findings)
        scene = Scene(workflow, replace(self._facts, inputs=taken.context), self._templates)
        forecast = Forecast(scene, graph, JobNames(workflow.jobs), self._assumptions, self._follow)
        self._go_through(graph, forecast)
        nodes = tuple(node for job in graph.order for node in forecast.nodes[job])
        self._assumptions.check(dict.fromkeys((*workflow.jobs, *(node.id for node in nodes))))
        inputs = {name: taken.values.get(name) for name in workflow.inputs}
        return _assembled(workflow, scene, graph, forecast, nodes, inputs, durations_s, self._assumptions.by_name)

    def _go_through(self, graph: Graph, forecast: Forecast) -> None:
        jobs = self._workflow.jobs
        for generation in graph.generations:
            for job in generation:
                forecast.take(jobs[job])
            if self._workflow.on_failure == "cancel" and any(
                forecast.jobs[job].results <= {Result.FAILURE} for job in generation
            ):
                forecast.course.is_cancelling = True

    def _follow(self, job: WorkflowJobSpec, resolver: Resolver) -> WorkflowPlan:
        """The plan of the file that a job calls.

        Raises:
            InputsError: Its inputs are wrong.
            InvalidSpecError: Too many jobs are called, or their order is at fault.
        """
        call = cast("CallSpec", job.call)
        called = cast("WorkflowSpec", call.workflow)
        own = self._templates
        given = {name: resolver.value(value, f"with.{name}") for name, value in call.inputs.items()}
        waiting = frozenset(name for name in given if any(_is_at(path, f"with.{name}") for path in resolver.open))
        known = {name: value for name, value in given.items() if name not in waiting}
        below = Assumptions(self._assumptions.below(job.id))
        plan = _Compiler(called, self._facts, below, own, self._budget).plan(known, waiting, None)
        self._budget.left -= len(plan.nodes)
        if self._budget.left < 0:
            message = f"Called files have more than {MOST_CALLED_NODES} jobs in all"
            raise InvalidSpecError(message, hint="shorten the caller's matrix, or split the workflow")
        return plan


def _assembled(
    workflow: WorkflowSpec,
    scene: Scene,
    graph: Graph,
    forecast: Forecast,
    nodes: tuple[PlannedNode, ...],
    inputs: Mapping[str, object],
    durations_s: Mapping[str, float] | None,
    assumed: Mapping[str, Assumption],
) -> WorkflowPlan:
    resolver = scene.resolver(scene.surroundings.with_contexts({"jobs": _jobs(workflow, forecast)}))
    concurrency = field_value("concurrency", workflow.concurrency, resolver, "concurrency")
    services = cast("dict[str, object]", field_value("services", workflow.services, resolver, "services"))
    timeout = field_value("timeout_s", workflow.timeout_s, resolver, "timeout")
    run_name = resolver.text(workflow.run_name or workflow.name, "run_name")
    outputs = {name: resolver.value(text, f"outputs.{name}") for name, text in workflow.outputs.items()}
    paths = [each for node in nodes for each in paths_below(node)]
    prospects = forecast.prospects
    return WorkflowPlan(
        name=workflow.name,
        run_name=run_name,
        inputs=inputs,
        jobs=_with_companions(workflow, forecast),
        nodes=nodes,
        generations=graph.generations,
        images=images_of(paths, services),
        services=services,
        secrets=workflow.secrets,
        concurrency=cast("dict[str, object] | None", concurrency),
        max_parallel=workflow.max_parallel,
        timeout_s=cast("float | str", timeout),
        critical_path=_critical(graph, forecast, durations_s),
        has_durations=durations_s is not None,
        counts=counts_of(len(workflow.jobs), nodes),
        status=run_prospect([prospects[job] for job in graph.ordinary], [prospects[job] for job in graph.finally_jobs]),
        outputs=outputs,
        open_outputs=tuple(name for name in outputs if f"outputs.{name}" in resolver.open),
        assumed=assumed,
        faults=(*scene.env_faults, *resolver.faults),
    )


def _refusal(findings: tuple[Finding, ...]) -> InvalidSpecError:
    return InvalidSpecError(_all_of(findings), findings=findings, hint=findings[0].hint)


def _checked(graph: Graph) -> Graph:
    """The graph, if every job in it can start.

    Raises:
        InvalidSpecError: A job needs one that does not exist, or jobs wait for each other.
    """
    findings = [Finding(f"jobs.{job}", f"'{name}' is no job of this workflow") for job, name in graph.unknown]
    if graph.stuck:
        findings += [Finding(f"jobs.{cycle.jobs[0]}", f"waits for itself: {cycle}") for cycle in find_cycles(graph)]
    if findings:
        raise InvalidSpecError(_all_of(findings), findings=tuple(findings), hint="validate the workflow first")
    return graph


def _jobs(workflow: WorkflowSpec, forecast: Forecast) -> Keyed:
    """The context ``jobs`` when the run has ended."""
    return Keyed(
        (name, freeze(entry(f"jobs.{name}", job, forecast.prospects[name], has_status=True)))
        for name, job in workflow.jobs.items()
    )


def _critical(graph: Graph, forecast: Forecast, durations_s: Mapping[str, float] | None) -> CriticalPath:
    idle = [job for job, planned in forecast.jobs.items() if planned.decision.act in {Act.SKIP, Act.CANCEL}]
    durations = {**(durations_s or {}), **dict.fromkeys(idle, 0.0)}
    return critical_path(graph, durations, otherwise_s=1.0 if durations_s is None else 0.0)


def _with_companions(workflow: WorkflowSpec, forecast: Forecast) -> tuple[PlannedJob, ...]:
    """The jobs in the order of the file, each with those that it would be started together with."""
    names = JobNames(workflow.jobs)
    pairs: dict[str, dict[str, None]] = {job: {} for job in workflow.jobs}
    for job, spec in workflow.jobs.items():
        for other in map(names.find, spec.parallel_with):
            if other is not None and other != job:
                pairs[job][other] = None
                pairs[other][job] = None
    return tuple(replace(forecast.jobs[job], together=tuple(pairs[job])) for job in workflow.jobs)


def _is_at(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _all_of(findings: Iterable[Finding]) -> str:
    return "; ".join(map(str, findings))
