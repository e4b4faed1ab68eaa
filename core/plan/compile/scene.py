"""What the expressions of a workflow are given: of the run, of a job, of a node; known or not known yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from core.frozen import quickly_made
from core.plan.compile.environment import Deferred, EnvContext
from core.plan.compile.resolving import Resolver
from core.plan.compile.templates import Templates
from core.plan.context import FIXED_SHAPES
from core.plan.expressions.shapes import MappingShape
from core.plan.expressions.surroundings import Surroundings
from core.plan.foresight import Unknown, unknown_call
from core.redaction import needles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.plan.compile.resolving import Fault
    from core.plan.expressions.values import Keyed
    from core.spec.workflow import WorkflowJobSpec, WorkflowSpec

_RUN_FIELDS: Final = tuple(FIXED_SHAPES["run"].fields) if isinstance(FIXED_SHAPES["run"], MappingShape) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is known of a run from outside of its workflow; none where nothing is known.

    Attributes:
        inputs: Typed values; of a called workflow possibly not all of them.
        variables: The context ``vars``.
        run: The context ``run``, as far as it is known.
        github: The context ``github``; what is missing in it is empty.
        secrets: The secrets' values. A plan has none: their names stay where they stand.
        hash_files: As in `Surroundings`.
    """

    inputs: Mapping[str, object]
    variables: Mapping[str, object] | None = None
    run: Mapping[str, object] | None = None
    github: Mapping[str, object] | None = None
    secrets: Mapping[str, object] | None = None
    hash_files: Callable[[Sequence[str]], str] | None = None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """What is known of a node beside its run.

    Attributes:
        needs: The context ``needs``.
        jobs: The context ``jobs``.
        matrix: The variant's values; none without a matrix.
        strategy: The context ``strategy``; none without a matrix.
        services: The context ``services``; none while they are not started.
        steps: The context ``steps``; none while no step has run.
        job: The context ``job``, as far as it is known.
    """

    needs: Mapping[str, object]
    jobs: Mapping[str, object]
    matrix: Mapping[str, object] | None = None
    strategy: Mapping[str, object] | None = None
    services: Mapping[str, object] | None = None
    steps: Mapping[str, object] | None = None
    job: Mapping[str, object] | None = None


class Scene:
    """The surroundings of a workflow's expressions.

    Args:
        workflow: The workflow.
        facts: What is known of the run.
        templates: Where texts are read.
    """

    def __init__(self, workflow: WorkflowSpec, facts: RunFacts, templates: Templates | None = None) -> None:
        self.workflow = workflow
        self.templates = templates or Templates()
        run = {"workflow": workflow.name, **(facts.run or {})}
        self.surroundings = Surroundings(
            {
                "inputs": facts.inputs,
                "vars": _or_unknown("vars", facts.variables),
                "run": Unknown("run", run, (name for name in _RUN_FIELDS if name not in run)),
                "github": _or_unknown("github", facts.github),
                "secrets": _or_unknown("secrets", facts.secrets),
            },
            hash_files=facts.hash_files or (lambda _: unknown_call("hashFiles")),
            has_secret=_finder(facts.secrets),
        )

    @cached_property
    def _outer(self) -> tuple[EnvContext, Resolver]:
        resolver = self.resolver()
        defaults = resolver.environment(self.workflow.defaults.env, EnvContext())
        return resolver.environment(self.workflow.env, defaults), resolver

    @property
    def env(self) -> EnvContext:
        """The variables of the workflow over those of its defaults."""
        return self._outer[0]

    @property
    def env_faults(self) -> tuple[Fault, ...]:
        """Variables of the workflow that cannot be evaluated."""
        return tuple(self._outer[1].faults)

    def resolver(self, surroundings: Surroundings | Callable[[], Surroundings] | None = None) -> Resolver:
        """What evaluates texts, with the surroundings of the run or others; or with what makes them when asked."""
        return Resolver(self.templates, surroundings or self.surroundings)

    def node(self, job: WorkflowJobSpec, facts: NodeFacts) -> tuple[Resolver, EnvContext]:
        """What evaluates a node's texts, and the node's variables.

        Args:
            job: Its job.
            facts: What is known of it.
        """

        def own() -> Surroundings:
            return self.surroundings.with_contexts(
                {
                    "needs": facts.needs,
                    "jobs": facts.jobs,
                    "matrix": facts.matrix,
                    "strategy": facts.strategy,
                    "services": facts.services if facts.services is not None else _unstarted(self.workflow, job),
                    "steps": _or_unknown("steps", facts.steps),
                    "job": facts.job if facts.job is not None else Unknown("job", {"id": job.id}),
                }
            )

        resolver = self.resolver(own)
        env = resolver.environment(job.env, self.env)
        resolver.add_contexts({"env": env})
        return resolver, env

    def condition(self, job: WorkflowJobSpec, facts: NodeFacts) -> Surroundings:
        """The surroundings of a job's condition and matrix; its variables are evaluated when they are read."""
        own = self.surroundings.with_contexts(
            {"needs": facts.needs, "jobs": facts.jobs, "matrix": facts.matrix, "strategy": facts.strategy}
        )

        def variables() -> Keyed:
            started = own.with_contexts({"services": _unstarted(self.workflow, job)})
            return self.resolver(started).environment(job.env, self.env)

        return own.with_contexts({"env": Deferred(variables)})


def _unstarted(workflow: WorkflowSpec, job: WorkflowJobSpec) -> Mapping[str, object]:
    """The context ``services`` while they are not started: which there are is known."""
    return {name: Unknown(f"services.{name}") for name in (*workflow.services, *job.services)}


def _finder(secrets: Mapping[str, object] | None) -> Callable[[str], bool] | None:
    """What tells whether a secret stands in a text, in any of the forms programs print it in."""
    found = needles(value for value in (secrets or {}).values() if isinstance(value, str))
    return (lambda text: any(needle in text.encode("utf-8", "replace") for needle in found)) if found else None


def _or_unknown(name: str, facts: Mapping[str, object] | None) -> Mapping[str, object]:
    return facts if facts is not None else Unknown(name)
