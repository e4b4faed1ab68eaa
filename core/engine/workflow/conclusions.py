"""How nodes end that never ran, in words and codes; and how a job ends with all its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.workflow.live import endings_of
from core.errors import InvalidExpressionError
from core.lifecycle.workflow import NodeEvent, Reason
from core.plan.compile.definition import field_value
from core.plan.conditions import Act
from core.plan.results import Ending, skipped
from core.plan.rollup import job_ending
from core.records.job import Failure, FailureKind
from core.records.workflow_node import NodeCondition, NodeReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.workflow.live import LiveJob, LiveNode
    from core.errors import InvalidMatrixError
    from core.plan.conditions import NodeDecision
    from core.plan.foresight import UnknownYetError

STOPPED = NodeReason(Reason.CANCELLED, "the run was cancelled")
"""Why a node does not start any more, if nobody knows better."""


def expression_failure(job: str, key: str, message: str, hint: str = "") -> Failure:
    """Something about a job that cannot be evaluated before it starts."""
    said = f"Error when evaluating '{key}' for job '{job}': {message}"
    return Failure(FailureKind.EXPRESSION, said if said.endswith((".", "!", "?")) else f"{said}.", hint)


def fault_of(error: InvalidExpressionError | InvalidMatrixError | UnknownYetError, node: LiveNode, key: str) -> Failure:
    """What kept a node's condition or matrix from being evaluated."""
    job = node.job.spec.id
    if isinstance(error, InvalidExpressionError):
        values = f" (read: {', '.join(error.values)})" if error.values else ""
        return expression_failure(job, key, f"{error.message}{values}", error.hint)
    hint = getattr(error, "hint", "")
    return expression_failure(job, key, str(error) if hint else f"{error} is not known before the job runs", hint)


def condition_of(node: LiveNode) -> NodeCondition | None:
    """What decided whether a node runs; None if it cannot be read."""
    try:
        condition = node.frame.frame.condition(node.job.spec)
    except InvalidExpressionError:
        return None
    return NodeCondition(condition.text, node.expanded)


def refusal(
    node: LiveNode, decision: NodeDecision, mask: Callable[[str], str]
) -> tuple[NodeEvent, NodeReason, NodeCondition | None]:
    """How a node ends that does not run: as what, why, and by which condition."""
    frame = node.frame
    node.expanded = mask(decision.expanded)
    condition = condition_of(node) if decision.expanded else None
    if decision.act is Act.CANCEL or decision.act is Act.RUN:
        return NodeEvent.CANCEL, frame.stop or STOPPED, condition
    code = decision.reason or Reason.CONDITION
    text = "its matrix is empty" if code is Reason.EMPTY_MATRIX else mask(decision.explanation)
    jobs = tuple(frame.frame.id_of(name) for name, _ in decision.blamed)
    return NodeEvent.SKIP, NodeReason(code, text, jobs), condition


def tolerates(node: LiveNode) -> bool:
    """Whether any failure of a node counts as success."""
    always = node.job.spec.tolerance.always
    if isinstance(always, bool):
        return always
    frame = node.frame
    facts = node.facts or frame.facts(node.job, node.job.edges)
    resolver, _ = frame.frame.bare.node(node.job.spec, facts)
    return field_value("always", always, resolver, "continue_on_error.always") is True


def job_ending_of(job: LiveJob) -> Ending:
    """How a job ended, all of whose nodes have."""
    variants = endings_of(job.nodes) if job.spec.matrix is not None else []
    if variants:
        return job_ending(variants)
    endings = [node.ending for node in job.nodes if node.ending is not None]
    return endings[0] if endings else skipped(Reason.EMPTY_MATRIX)
