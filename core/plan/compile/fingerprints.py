"""What the success of a node is of: its definition without what is by nature different in every attempt of a run.

Secrets, the context ``run``, and what is known only beside a container (``services``, ``steps``, ``job``) stay as they
are written. Names, limits, retries and tolerance are no part of it: they say how a node is run, and not what it does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError
from core.plan.compile.definition import define, field_value
from core.plan.compile.scene import NodeFacts, Scene
from core.plan.compile.templates import EVERYTHING
from core.plan.fingerprint import Fingerprint, fingerprint
from core.plan.foresight import known_readings
from core.plan.interpolate import parse_bare
from core.spec.workflow import RetrySpec, ToleranceSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.compile.definition import Definition
    from core.plan.compile.scene import RunFacts
    from core.plan.compile.templates import Templates
    from core.plan.expressions.evaluator import Reading
    from core.plan.expressions.surroundings import Surroundings
    from core.spec.workflow import WorkflowJobSpec, WorkflowSpec, WorkflowStepSpec

_COUNTED: Final = frozenset({"inputs", "vars", "github", "needs", "jobs", "matrix", "strategy"})
"""The contexts whose values count where a node's texts read them."""


class Fingerprints:
    """Makes the fingerprints of a workflow's nodes, when they start and when a rerun asks whether they have changed.

    Args:
        workflow: The workflow; of a called file, that file's.
        facts: What is known of the run; what may not count is left out of it here.
        templates: Where texts are read.
    """

    def __init__(self, workflow: WorkflowSpec, facts: RunFacts, templates: Templates | None = None) -> None:
        self._scene = Scene(workflow, replace(facts, run=None, secrets=None, hash_files=None), templates)
        self._jobs: dict[str, WorkflowJobSpec] = {}
        resolver = self._scene.resolver()
        self._shared = field_value("services", workflow.services, resolver, "shared services")
        self._shared_readings = dict(resolver.readings)
        self._last: tuple[Definition, Fingerprint] | None = None

    def of(self, job: WorkflowJobSpec, facts: NodeFacts, definition: Definition | None = None) -> Fingerprint:
        """The fingerprint of a node.

        Args:
            job: Its job.
            facts: What is known of it: ``needs``, ``jobs``, ``matrix`` and ``strategy``; the rest does not count.
            definition: What it runs, if that was evaluated already. Where nothing of it is an expression it says here
                what it says there.
        """
        if definition is not None and definition.is_literal and _is_plain(job):
            return self._of_literal(job, facts, definition)
        own = NodeFacts(needs=facts.needs, jobs=facts.jobs, matrix=facts.matrix, strategy=facts.strategy)
        if job.id not in self._jobs:
            self._jobs[job.id] = _bare(job)
        resolver, env = self._scene.node(job, own)
        definition = define(self._jobs[job.id], resolver, env)
        readings = {**self._shared_readings, **definition.readings}
        for step in job.steps:
            readings |= {reading.path: reading for reading in _asked(step.condition, resolver.surroundings)}
        values = dict(definition.values)
        if self._shared:
            values["shared services"] = self._shared
        if job.call is not None and job.call.workflow is not None:
            values["outputs of the file"] = dict(job.call.workflow.outputs)
        read = ((path, reading.value) for path, reading in readings.items() if _root(path) in _COUNTED)
        return fingerprint(values, matrix=facts.matrix, read=read)

    def _of_literal(self, job: WorkflowJobSpec, facts: NodeFacts, definition: Definition) -> Fingerprint:
        """The same of a job that reads nothing; variables of the workflow may, and of what may not count."""
        if self._last is not None and self._last[0] is definition and facts.matrix is None:
            return self._last[1]
        values = dict(definition.values)
        values["env"] = self._scene.resolver().environment(job.env, self._scene.env).entries
        if self._shared:
            values["shared services"] = self._shared
        read = ((path, each.value) for path, each in self._shared_readings.items() if _root(path) in _COUNTED)
        found = fingerprint(values, matrix=facts.matrix, read=read)
        if facts.matrix is None:
            self._last = definition, found  # nodes that are alike have one definition
        return found


def _is_plain(job: WorkflowJobSpec) -> bool:
    """Whether a job calls no file, and its steps ask nothing before they run."""
    return job.call is None and not any(step.condition for step in job.steps)


def _bare(job: WorkflowJobSpec) -> WorkflowJobSpec:
    """A job without what says how it is run and shown, so that what only that reads does not count."""
    steps = tuple(_bare_step(step) for step in job.steps)
    return replace(
        job, name="", timeout_s=0, retry=RetrySpec(), tolerance=ToleranceSpec(), concurrency=None, steps=steps
    )


def _bare_step(step: WorkflowStepSpec) -> WorkflowStepSpec:
    return replace(step, name="", timeout_s=None, retry=RetrySpec())


def _asked(condition: str, surroundings: Surroundings) -> Iterator[Reading]:
    """What a step's condition reads before any step has run."""
    try:
        expression = parse_bare(condition, EVERYTHING)
    except InvalidExpressionError:
        return iter(())  # the step says so when its turn comes
    return known_readings(expression, surroundings) if expression is not None else iter(())


def _root(path: str) -> str:
    """The context that a reading is of, in lower case."""
    return path.replace("[", ".").partition(".")[0].strip().lower()
