"""What is known of a job's steps before they run: texts with their expressions filled in, and what must be asked.

In a workflow's job the texts of a step may hold ``${{ }}``. What depends on nothing that a step can change is evaluated
before the container is made; a step with anything else asks when its turn comes. A job that says nothing of contexts
has no expressions: ``${{`` is plain text in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from core.errors import InvalidExpressionError
from core.frozen import quickly_made
from core.plan.context import Place, scope_of
from core.plan.expressions.nodes import Call, Constant, Index, Logic, Name, calls, walk
from core.plan.expressions.signatures import SIGNATURES, Origin
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import Keyed
from core.plan.interpolate import OPENING, has_status, interpolate_text, parse_condition, parse_template
from core.spec.step import title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from core.plan.expressions.nodes import Node
    from core.plan.interpolate import Condition, Template
    from core.spec.job import JobSpec
    from core.spec.step import StepSpec

Planned = Literal["success", "failure", "always", "asks", "never"]

_TEXTS: Final = scope_of(Place.STEP)
_CONDITIONS: Final = scope_of(Place.STEP_IF)
_CHANGING: Final = frozenset({"steps", "env"})
_CHANGING_OF_JOB: Final = frozenset({"status", "exit_code", "failure_kind"})
_WHENS: Final[Mapping[str, Planned]] = {"success": "success", "failure": "failure", "always": "always"}


@quickly_made
@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step as far as it is known.

    Attributes:
        index: From 0.
        spec: What was asked, with the expressions filled in that could be.
        when: After what it runs; ``asks`` if that is decided when its turn comes, ``never`` if it cannot run.
        is_own_process: Whether it runs in a process of its own.
        reason: Why it never runs.
    """

    index: int
    spec: StepSpec
    when: Planned
    is_own_process: bool
    reason: str = ""

    @property
    def title(self) -> str:
        """What to call it."""
        return title_of(self.spec.name, self.spec.run)


@dataclass(frozen=True, slots=True)
class StepStanding:
    """How things stand for a step, as the status functions ask.

    Attributes:
        has_failed: Whether an earlier step failed and was not tolerated.
        is_over: Whether an earlier step ended the shell, and all that is not meant for it.
        is_stopped: Whether the job is being cancelled.
    """

    has_failed: bool = False
    is_over: bool = False
    is_stopped: bool = False

    def is_success(self, jobs: Sequence[str]) -> bool:  # noqa: ARG002 -- a step's functions take no names
        """Whether no earlier step failed and nobody stops the job."""
        return not (self.has_failed or self.is_over or self.is_stopped)

    def is_failure(self, jobs: Sequence[str]) -> bool:  # noqa: ARG002 -- a step's functions take no names
        """Whether an earlier step failed."""
        return self.has_failed and not self.is_stopped

    def is_cancelled(self) -> bool:
        """Whether the job is being cancelled."""
        return self.is_stopped

    @property
    def status(self) -> str:
        """``job.status``."""
        return "cancelled" if self.is_stopped else "failure" if self.has_failed else "success"


def plan_steps(
    spec: JobSpec,
    secrets: Mapping[str, str] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    services: Mapping[str, object] | None = None,
    has_secret: Callable[[str], bool] | None = None,
) -> tuple[PlannedStep, ...]:
    """What is known of the steps before the start.

    Args:
        spec: The job.
        secrets: Values of the secrets it names.
        env: Its variables, if the spec does not hold all of them.
        services: The context ``services``, if that is more than the spec's context has of it.
        has_secret: Whether a secret stands in a text, which no message tells then.

    Raises:
        InvalidExpressionError: An expression is at fault; the message names the step and the field.
    """
    if spec.context is None:
        return tuple(
            PlannedStep(index, step, _WHENS[step.when], step.is_own_process) for index, step in enumerate(spec.commands)
        )
    known = spec.env if env is None else env
    around = surroundings(spec, secrets or {}, StepStanding(), env=known, steps={}, services=services)
    around.has_secret = has_secret
    return tuple(_planned(index, step, around) for index, step in enumerate(spec.commands))


def surroundings(
    spec: JobSpec,
    secrets: Mapping[str, str],
    standing: StepStanding,
    *,
    env: Mapping[str, str],
    steps: Mapping[str, object],
    services: Mapping[str, object] | None = None,
) -> Surroundings:
    """What the expressions of a step may name.

    Args:
        spec: The job.
        secrets: Values of the secrets it names.
        standing: How things stand.
        env: Variables of the job and those that steps set.
        steps: Earlier steps by their ids.
        services: The context ``services``, if that is more than the spec's context has of it.
    """
    given: dict[str, object] = dict(spec.context or {})
    if services is not None:
        given["services"] = services
    job = given.get("job")
    facts: dict[str, object] = {**cast("dict[str, object]", job if isinstance(job, dict) else {})}
    contexts = {
        **given,
        "env": env,
        "secrets": dict(secrets),
        "steps": steps,
        "job": {**facts, "status": standing.status, **({"services": services} if services else {})},
    }
    return Surroundings(contexts, standing=standing)


def resolve(index: int, step: StepSpec, around: Surroundings) -> PlannedStep:
    """The step with its texts filled in, to be run.

    Raises:
        InvalidExpressionError: An expression is at fault; the message names the step and the field.
    """
    env: dict[str, str] = {}
    for name, value in step.env.items():
        env[name] = _filled(value, _with_env(around, env), index, f"env.{name}")
    own = _with_env(around, env)
    changes = {
        "run": _filled(step.run, own, index, "run"),
        "name": "".join(mark if mark.isprintable() else " " for mark in _filled(step.name, own, index, "name"))[:120],
        "workdir": _filled(step.workdir or "", own, index, "workdir") or None,
        "env": env,
    }
    for field, text in (("run", changes["run"]), ("workdir", changes["workdir"]), *env.items()):
        if "\0" in str(text):
            raise _at_step(index, field, InvalidExpressionError("a NUL character cannot be passed to a process"))
    return PlannedStep(index, step.model_copy(update=changes), "always", step.is_own_process)


def condition_of(index: int, step: StepSpec) -> Condition:
    """What decides whether a step runs.

    Raises:
        InvalidExpressionError: The condition is at fault.
    """
    try:
        return parse_condition(step.condition or f"{step.when}()", _CONDITIONS)
    except InvalidExpressionError as error:
        raise _at_step(index, "condition", error) from None


def _planned(index: int, step: StepSpec, around: Surroundings) -> PlannedStep:
    condition = condition_of(index, step)
    when = _status_of(condition, is_first=index == 0)
    if when != "asks":
        decision = _decide(index, condition, around, when)
        if decision:
            return PlannedStep(index, step, "never", step.is_own_process, decision)
    if when == "asks" or any(_depends(template, is_first=index == 0) for template in _templates(index, step)):
        return PlannedStep(index, step, "asks", step.is_own_process)
    resolved = resolve(index, step, around)
    return PlannedStep(index, resolved.spec, when, step.is_own_process)


def _decide(index: int, condition: Condition, around: Surroundings, when: Planned) -> str:
    """Why a step can never run, whatever the steps before it do; empty if it may."""
    hopeful = around.with_contexts({})
    hopeful.standing = StepStanding(has_failed=when == "failure" and index > 0)
    try:
        decision = condition.decide(hopeful)
    except InvalidExpressionError as error:
        raise _at_step(index, "condition", error) from None
    return "" if decision.runs else decision.evaluation.expanded


def _status_of(condition: Condition, *, is_first: bool) -> Planned:
    """The one status function that a condition asks beside what is known; ``asks`` if there is more to it."""
    root = condition.expression.root
    unknown: Planned = "success" if is_first else "asks"
    parts = root.operands if isinstance(root, Logic) and root.operator == "&&" else (root,)
    asked = [part for part in parts if isinstance(part, Call) and _is_status(part)]
    rest = [part for part in parts if part not in asked]
    if not is_first and any(has_status(part) or _changes(part) for part in rest):
        return "asks"
    if len(asked) == 1 and not any(has_status(part) for part in rest):
        word = _WHENS.get(asked[0].name.lower())
        return unknown if word is None else word
    return unknown


def _is_status(call: Call) -> bool:
    return SIGNATURES[call.name.lower()].origin is Origin.STATUS


def _templates(index: int, step: StepSpec) -> Iterable[Template]:
    texts = {"run": step.run, "name": step.name, "workdir": step.workdir or ""}
    for field, text in (*texts.items(), *((f"env.{name}", value) for name, value in step.env.items())):
        if OPENING in text:
            yield _read(text, index, field)


def _depends(template: Template, *, is_first: bool) -> bool:
    return not is_first and any(_changes(slot.expression.root) for slot in template.slots)


def _changes(root: Node) -> bool:
    """Whether an expression names anything that a step may change."""
    fixed = sum(1 for node in walk(root) if isinstance(node, Index) and _is_lasting(node))
    names = [node.name.lower() for node in walk(root) if isinstance(node, Name)]
    asks_files = any(call.name == "hashFiles" for call in calls(root))
    return asks_files or not _CHANGING.isdisjoint(names) or names.count("job") > fixed


def _is_lasting(node: Index) -> bool:
    """Whether this is a fact of the job that stays as it is."""
    if not (isinstance(node.base, Name) and node.base.name.lower() == "job" and isinstance(node.key, Constant)):
        return False
    return isinstance(node.key.value, str) and node.key.value.lower() not in _CHANGING_OF_JOB


def _filled(text: str, around: Surroundings, index: int, field: str) -> str:
    if OPENING not in text:
        return text
    template = _read(text, index, field)
    try:
        return interpolate_text(template, around)
    except InvalidExpressionError as error:
        raise _at_step(index, field, error) from None


def _read(text: str, index: int, field: str) -> Template:
    try:
        return parse_template(text, _TEXTS)
    except InvalidExpressionError as error:
        raise _at_step(index, field, error) from None


def _with_env(around: Surroundings, env: Mapping[str, str]) -> Surroundings:
    known = around.context("env")
    before = dict(known.items()) if isinstance(known, Keyed) else {}
    return around.with_contexts({"env": {**before, **env}}) if env else around


def _at_step(index: int, field: str, error: InvalidExpressionError) -> InvalidExpressionError:
    said = f"Error when evaluating '{field}' of step {index + 1}: {error.message}"
    values = f" (read: {', '.join(error.values)})" if error.values else ""
    return InvalidExpressionError(
        said + values, hint=error.hint, rule=error.rule, expression=error.expression, position=error.position
    )
