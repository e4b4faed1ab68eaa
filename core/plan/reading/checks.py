"""What is wrong between parts of a workflow that are well formed each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.findings import Related, shown
from core.plan.source import MappingNode, node_at
from core.spec.workflow import Expression

if TYPE_CHECKING:
    from core.plan.keys.report import Report
    from core.plan.source import Node
    from core.spec.workflow import WorkflowSpec


def check_limits(spec: WorkflowSpec, tree: MappingNode, to: Report) -> None:
    """Say which jobs may take longer than the whole run."""
    limit = spec.timeout_s
    if isinstance(limit, Expression):
        return
    written = _timeout(tree, ())
    if written is not None and to.is_spoiled(written):
        return
    for job in spec.jobs.values():
        if isinstance(job.timeout_s, Expression) or job.timeout_s <= limit:
            continue
        at = _timeout(tree, ("jobs", job.id))
        if at is None or to.is_spoiled(at):
            continue
        message = f"Job '{shown(job.id)}' may take {job.timeout_s:g} s, the whole run only {limit:g} s."
        if written is None:
            to.say("W170", message, at, "say how long the run may take: timeout at the top")
        else:
            related = Related(written.place, "the limit of the run")
            to.say("E170", message, at, "shorten it, or give the run more time", related=related)


def _timeout(tree: MappingNode, path: tuple[str, ...]) -> Node | None:
    node = node_at(tree, path)
    if not isinstance(node, MappingNode):
        return None
    return node.get("timeout") or node.get("timeout_minutes")
