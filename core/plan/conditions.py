"""Whether a node runs: its condition from the keys of its job, and what that comes to as others end.

`decide` is for a run, where everything above has ended; `predict` for a plan, where some of it is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.frozen import quickly_made
from core.plan.expressions.nodes import Call, Name, walk
from core.plan.expressions.printing import written
from core.plan.foresight import foresee
from core.plan.interpolate import join_conditions, parse_bare
from core.plan.results import Reason, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.plan.expressions.scope import Scope
    from core.plan.expressions.surroundings import Surroundings
    from core.plan.interpolate import Condition
    from core.plan.standing import Course, Edge, NodeStanding

_CONDITIONS: Final = 512
"""Conditions that are kept once they were read: many jobs have the same one, or none."""
_OF_VARIANTS: Final = frozenset({"matrix", "strategy"})


class Act(StrEnum):
    """What is to be done with a node."""

    RUN = "run"
    SKIP = "skip"
    CANCEL = "cancel"
    """It would be skipped, but since the run is being cancelled it counts as cancelled."""
    WAIT = "wait"
    DEPENDS = "depends"
    """Of a plan: what it comes to is known only when the workflow runs."""
    FAIL = "fail"
    """It cannot be evaluated: it fails before it starts."""


@quickly_made
@dataclass(frozen=True, slots=True)
class JobCondition:
    """What decides whether a job runs.

    Attributes:
        condition: The whole condition.
        status: The status function that was put before what is written; empty if one is written.
        reads_matrix: Whether it names ``matrix`` or ``strategy``, so that each variant has an answer of its own.
        text: The whole condition, as it is told.
        is_plain: Whether it is ``success()`` and nothing else, so that what it reads need not be made.
    """

    condition: Condition
    status: str
    reads_matrix: bool
    text: str
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A node, or a job before its matrix is expanded, as far as its start is concerned."""

    condition: JobCondition
    edges: tuple[Edge, ...]
    is_finally: bool = False


@quickly_made
@dataclass(frozen=True, slots=True)
class NodeDecision:
    """What is to be done with a node, and why.

    Attributes:
        act: What.
        reason: Why not run; none if it does.
        expanded: The condition with the values it read, and its result; secrets masked.
        blamed: The needs that stopped it, with their results.
        waits_for: What has not ended yet, or what is not known yet.
        fault: Why it cannot be evaluated, if it cannot.
    """

    act: Act
    reason: Reason | None = None
    expanded: str = ""
    blamed: tuple[tuple[str, Result], ...] = ()
    waits_for: tuple[str, ...] = ()
    fault: str = ""

    @property
    def explanation(self) -> str:
        """The reason in words; empty for a node that runs."""
        if self.fault:
            return self.fault
        if self.act is Act.WAIT:
            return f"waits for {_listed(self.waits_for)}"
        if self.act is Act.DEPENDS:
            return f"depends on {_listed(self.waits_for)}"
        if self.reason is Reason.NEEDS:
            told = ", ".join(f"{name} ({result})" for name, result in self.blamed)
            return f"needs {told}" if told else "a job further up failed or was cancelled"
        if self.reason is Reason.CONDITION:
            return self.expanded
        return self.reason.value if self.reason is not None else ""


@lru_cache(maxsize=_CONDITIONS)
def job_condition(runs_if: str | None, unless: str | None, on_complete: str | None, scope: Scope) -> JobCondition:
    """The condition of a job from its keys as they are written.

    Args:
        runs_if: Its ``if``, with or without ``${{ }}``.
        unless: Its ``unless``.
        on_complete: ``success``, ``failure`` or ``always``; none means ``success``.
        scope: What they may name.

    Raises:
        InvalidExpressionError: One of them is at fault.
    """
    one = parse_bare(runs_if or "", scope)
    other = parse_bare(unless or "", scope)
    status = on_complete or "success"
    condition = join_conditions(one, other, scope, status=status)
    root = condition.expression.root
    names = {part.name.lower() for part in walk(root) if isinstance(part, Name)}
    return JobCondition(
        condition,
        status if condition.is_implied else "",
        not names.isdisjoint(_OF_VARIANTS),
        written(root),
        isinstance(root, Call) and root.name == "success" and not root.arguments,
    )


def decide(node: Waiting, course: Course, surroundings: Callable[[], Surroundings]) -> NodeDecision:
    """What is to be done with a node now.

    Args:
        node: The node, or its job if no variant has an answer of its own.
        course: What has ended.
        surroundings: Makes the contexts of the node's condition, if it reads any.

    Raises:
        InvalidExpressionError: The condition cannot be evaluated: the node fails with ``expression``.
    """
    if node.condition.is_plain and not node.is_finally and course.went_well(node.edges):
        return _GOES_ON
    pending = course.pending(node.edges, is_finally=node.is_finally)
    if pending:
        return NodeDecision(Act.WAIT, Reason.NEEDS, waits_for=pending)
    standing = course.standing(node.edges, is_finally=node.is_finally)
    if node.condition.is_plain and standing.success():
        return _GOES_ON
    decision = node.condition.condition.decide(_with_standing(surroundings(), standing))
    if decision.runs:
        return NodeDecision(Act.RUN, expanded=decision.evaluation.expanded)
    return _refused(node, course, standing, decision.evaluation.expanded)


def predict(node: Waiting, course: Course, surroundings: Surroundings) -> NodeDecision:
    """What is going to be done with a node, as far as that is known: as `decide`, and `Act.DEPENDS`.

    Raises:
        InvalidExpressionError: The condition cannot be evaluated, whatever is not known yet.
    """
    standing = course.standing(node.edges, is_finally=node.is_finally)
    seen = foresee(node.condition.condition.expression, _with_standing(surroundings, standing))
    if seen.holds is None:
        return NodeDecision(Act.DEPENDS, expanded=seen.expanded, waits_for=seen.unknown)
    if seen.holds:
        return NodeDecision(Act.RUN, expanded=seen.expanded)
    return _refused(node, course, standing, seen.expanded)


def _refused(node: Waiting, course: Course, standing: NodeStanding, expanded: str) -> NodeDecision:
    if course.is_cancelling:
        return NodeDecision(Act.CANCEL, Reason.CANCELLED, expanded)
    if node.condition.status == "success" and standing.success() is False:
        return NodeDecision(Act.SKIP, Reason.NEEDS, expanded, standing.unmet())
    return NodeDecision(Act.SKIP, Reason.CONDITION, expanded)


_GOES_ON: Final = NodeDecision(Act.RUN, expanded="success() → true")
"""What most nodes come to."""


def _with_standing(surroundings: Surroundings, standing: NodeStanding) -> Surroundings:
    own = surroundings.with_contexts({})
    own.standing = standing
    return own


def _listed(names: tuple[str, ...], most: int = 10) -> str:
    return ", ".join((*names[:most], *(["…"] if len(names) > most else [])))
