"""One workflow file within a run, the run's own or one that a node calls: what is known of it before its jobs start."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from core.clock import time_text
from core.errors import InvalidExpressionError
from core.lifecycle.workflow import Reason
from core.plan.ancestry import Ancestry
from core.plan.compile import (
    EVERYTHING,
    Fingerprints,
    NodeFacts,
    RunFacts,
    Scene,
    Templates,
    expand_job,
    job_edges,
    take_inputs,
)
from core.plan.conditions import job_condition
from core.plan.expressions.nodes import Index, Name
from core.plan.expressions.printing import written
from core.plan.foresight import Unknown
from core.plan.interpolate import parse_template
from core.plan.jobs import JobNames, graph_of
from core.records.workflow_node import NodeReason, NodeVariant, WorkflowNode

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from core.plan.conditions import JobCondition
    from core.plan.graph import Graph
    from core.plan.matrix import Expansion, Variant
    from core.plan.standing import Edge
    from core.records.workflow import WorkflowRun
    from core.settings import EngineSettings
    from core.spec.workflow import CallSpec, WorkflowJobSpec, WorkflowSpec

BETWEEN: Final = " / "
"""Stands between the id of a node and those of the file that it calls."""


class Frame:
    """A workflow file within a run, with all that its expressions are given from outside of it.

    Args:
        run: The run.
        workflow: The file.
        facts: What is known of the run, with the values of secrets.
        secrets: The engine's secrets by the names that they have in this file.
        prefix: What the ids of its nodes begin with.
        templates: Where texts are read.
        graph: The order of its jobs; None works it out when it is asked for.
    """

    def __init__(
        self,
        run: WorkflowRun,
        workflow: WorkflowSpec,
        facts: RunFacts,
        *,
        secrets: Mapping[str, str],
        prefix: str = "",
        templates: Templates | None = None,
        graph: Graph | None = None,
    ) -> None:
        self.run = run
        self.workflow = workflow
        self.facts = facts
        self.secrets = secrets
        self.prefix = prefix
        self.templates = templates or Templates()
        self._conditions: dict[tuple[str, str, str | None], JobCondition] = {}
        if graph is not None:
            self.graph = graph

    @cached_property
    def graph(self) -> Graph:
        """The order of its jobs."""
        return graph_of(self.workflow)

    @cached_property
    def names(self) -> JobNames:
        """The names of its jobs."""
        return JobNames(self.workflow.jobs)

    @cached_property
    def scene(self) -> Scene:
        """What conditions are given."""
        return Scene(self.workflow, self.facts, self.templates)

    @cached_property
    def bare(self) -> Scene:
        """What definitions are given: the same without the values of secrets, which stay as they are written."""
        return Scene(self.workflow, _without_secrets(self.facts), self.templates)

    @cached_property
    def _taken(self) -> set[str]:
        """The ids that nodes have, and those of jobs, in lower case."""
        return {job.lower() for job in self.workflow.jobs}

    @cached_property
    def ancestry(self) -> Ancestry:
        """Which jobs are above which."""
        return Ancestry(self.graph)

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """What the successes of its nodes are of."""
        return Fingerprints(self.workflow, self.facts, self.templates)

    def id_of(self, local: str) -> str:
        """The id of a node, from the one that it has in the file."""
        return self.prefix + local

    def edges(self, job: WorkflowJobSpec) -> tuple[Edge, ...]:
        """What a job waits for before its variants are known."""
        return job_edges(job, self.names)

    def condition(self, job: WorkflowJobSpec) -> JobCondition:
        """What decides whether a job runs.

        Raises:
            InvalidExpressionError: It is at fault.
        """
        key = (job.condition, job.unless, job.on_complete)
        if key not in self._conditions:
            self._conditions[key] = job_condition(*key, EVERYTHING)
        return self._conditions[key]

    def title(self, job: WorkflowJobSpec, facts: NodeFacts, default: str) -> str:
        """What a node is called for people; ``default`` while that is not known, or if the job has no name."""
        if not job.name:
            return default
        resolver, _ = self.bare.node(job, facts)
        resolver = self.bare.resolver(resolver.surroundings)
        text = resolver.text(job.name, "name")
        return default if resolver.open or resolver.faults else text

    def known_expansion(self, job: WorkflowJobSpec) -> Expansion | None:
        """The variants of a matrix job, if they depend on no other job."""
        nothing = NodeFacts(needs=Unknown("needs"), jobs=Unknown("jobs"))
        resolver = self.scene.resolver(self.scene.condition(job, nothing))
        return expand_job(job, resolver)

    def claim(self, local: str) -> str:
        """An id that no other node of the file has; jobs keep theirs."""
        candidate, count = local, 1
        while candidate.lower() in self._taken:
            count += 1
            candidate = f"{local}-{count}"
        self._taken.add(candidate.lower())
        return candidate

    def take(self, local: str) -> None:
        """Note an id that a node has already."""
        self._taken.add(local.lower())


def root_frame(run: WorkflowRun, workflow: WorkflowSpec, settings: EngineSettings, graph: Graph | None = None) -> Frame:
    """The frame of a run's own file.

    Args:
        run: The run, as it is stored.
        workflow: Its file.
        settings: For the secrets, which are read anew each time.
        graph: The order of its jobs, if it is known.
    """
    secrets = {name: name for name in settings.secrets}
    facts = RunFacts(
        inputs=run.inputs,
        variables=_context(run, "vars"),
        github=_context(run, "github"),
        run=run_facts(run),
        secrets={name: value.get_secret_value() for name, value in settings.secrets.items()},
    )
    return Frame(run, workflow, facts, secrets=secrets, graph=graph)


def called_frame(outer: Frame, job: WorkflowJobSpec, facts: NodeFacts, node_id: str) -> Frame:
    """The frame of the file that a node calls.

    Args:
        outer: The frame of the node.
        job: Its job.
        facts: What is known of the node.
        node_id: The node.

    Raises:
        InvalidExpressionError: What it hands over cannot be evaluated, or is not what the file takes.
    """
    call = cast("CallSpec", job.call)
    if call.workflow is None:
        raise InvalidExpressionError(f"'{call.file}' could not be read", hint="validate the workflow")
    resolver, _ = outer.scene.node(job, facts)
    given = {name: resolver.value(value, f"with.{name}") for name, value in call.inputs.items()}
    if resolver.faults:
        fault = resolver.faults[0]
        raise InvalidExpressionError(f"{fault.path}: {fault.message}", hint=fault.hint)
    if resolver.open:
        path, waits = next(iter(resolver.open.items()))
        raise InvalidExpressionError(f"{path} is not known before the job runs: it reads {', '.join(waits)}")
    taken = take_inputs(call.workflow.inputs, given, Scene(call.workflow, outer.facts, outer.templates).resolver())
    if taken.findings:
        told = "; ".join(map(str, taken.findings))
        raise InvalidExpressionError(f"{call.file}: {told}", hint=taken.findings[0].hint)
    secrets = handed_secrets(call, outer.secrets)
    values = outer.facts.secrets or {}
    by_name = {name: values[inner] for inner, name in outer.secrets.items() if inner in values}
    inner_facts = RunFacts(
        inputs=taken.values,
        variables=outer.facts.variables,
        github=outer.facts.github,
        run=outer.facts.run,
        secrets={inner: by_name[name] for inner, name in secrets.items() if name in by_name},
    )
    return Frame(
        outer.run,
        _with_own_services(call.workflow),
        inner_facts,
        secrets=secrets,
        prefix=f"{node_id}{BETWEEN}",
        templates=outer.templates,
    )


def _with_own_services(workflow: WorkflowSpec) -> WorkflowSpec:
    """A called file whose jobs have its services each for itself: only those of the run's own file are shared."""
    if not workflow.services:
        return workflow
    jobs = {name: replace(job, services={**workflow.services, **job.services}) for name, job in workflow.jobs.items()}
    return replace(workflow, jobs=jobs, services={})


def handed_secrets(call: CallSpec, known: Mapping[str, str]) -> Mapping[str, str]:
    """The engine's secrets by the names that they have in a called file.

    Args:
        call: What a job hands over.
        known: The engine's secrets by the names that the job's own file knows.

    Raises:
        InvalidExpressionError: A secret is made of something else than one other secret.
    """
    if call.secrets == "inherit":
        return known
    folded = {name.lower(): found for name, found in known.items()}
    handed: dict[str, str] = {}
    for name, text in call.secrets.items():
        source = _secret_named(text)
        if source is None:
            raise InvalidExpressionError(
                f"secrets.{name} hands on '{text}'",
                hint=f"hand on one secret as it is: {name}: ${{{{ secrets.NAME }}}}",
            )
        if source.lower() in folded:
            handed[name] = folded[source.lower()]
    return handed


def first_nodes(frame: Frame, position: int | None = None) -> tuple[WorkflowNode, ...]:
    """The nodes of a file before anything of it has started, all of them waiting.

    A matrix that depends on no other job is expanded; else one node stands in the place of its variants.

    Args:
        frame: The file.
        position: The place of all of them in the run's order, if not each its own.
    """
    return tuple(
        node
        for place, job in enumerate(frame.graph.order)
        for node in nodes_of(frame, frame.workflow.jobs[job], place if position is None else position)
    )


def variant_nodes(
    frame: Frame, job: WorkflowJobSpec, expansion: Expansion, position: int, wanted: Container[int] | None = None
) -> Iterator[WorkflowNode]:
    """The waiting nodes of a job's variants, in their order.

    Args:
        frame: The file.
        job: The job.
        expansion: Its variants.
        position: Its place in the run's order.
        wanted: The positions of the variants that are asked for; None for all.
    """
    total = len(expansion.variants)
    for variant in expansion.variants:
        if wanted is None or variant.index in wanted:
            yield _node(frame, job, position, frame.claim(variant.id), variant, total)


def run_facts(run: WorkflowRun) -> Mapping[str, object]:
    """The context ``run``, as far as it is known."""
    facts: dict[str, object] = {
        "id": run.workflow_id,
        "attempt": run.attempt,
        "actor": run.actor,
        "trigger": run.submitted_by,
    }
    if run.run_number:  # none before it was accepted
        facts["number"] = run.run_number
    if run.started_at is not None:
        facts["started_at"] = time_text(run.started_at)
    return facts


def nodes_of(frame: Frame, job: WorkflowJobSpec, position: int) -> Iterator[WorkflowNode]:
    """The nodes of one job, as in `first_nodes`."""
    expansion = frame.known_expansion(job) if job.matrix is not None else None
    if expansion is not None and expansion.variants:
        yield from variant_nodes(frame, job, expansion, position)
    else:
        yield _node(frame, job, position, job.id, None, 0)


def _node(
    frame: Frame, job: WorkflowJobSpec, position: int, local: str, variant: Variant | None, total: int
) -> WorkflowNode:
    name = variant.name if variant is not None else job.id
    if job.name:
        facts = NodeFacts(
            needs=Unknown("needs"),
            jobs=Unknown("jobs"),
            matrix=variant.values if variant is not None else None if job.matrix is None else Unknown("matrix"),
            strategy=None if job.matrix is None else Unknown("strategy"),
        )
        name = frame.title(job, facts, name)
    waits = tuple(dict.fromkeys(frame.id_of(edge.job) for edge in frame.edges(job)))
    return WorkflowNode(
        workflow_id=frame.run.workflow_id,
        attempt=frame.run.attempt,
        node_id=frame.id_of(local),
        job=frame.id_of(job.id),
        name=name,
        position=position,
        variant=NodeVariant(variant.index, total, variant.values) if variant is not None else None,
        is_finally=job.is_finally,
        needs=waits,
        reason=NodeReason(Reason.NEEDS, f"waits for {', '.join(waits)}", waits) if waits else None,
    )


def _secret_named(text: str) -> str | None:
    """The secret that a text is, if it is nothing but ``${{ secrets.NAME }}``."""
    template = parse_template(text, EVERYTHING)
    if not template.is_whole:
        return None
    root = template.slots[0].expression.root
    if not isinstance(root, Index) or not isinstance(root.base, Name) or root.base.name.lower() != "secrets":
        return None
    path = written(root)
    return path.partition(".")[2] or None


def _without_secrets(facts: RunFacts) -> RunFacts:
    return RunFacts(inputs=facts.inputs, variables=facts.variables, github=facts.github, run=facts.run)


def _context(run: WorkflowRun, name: str) -> Mapping[str, object]:
    found = run.context.get(name)
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}
