"""What a rerun writes of nodes: all of them waiting, and the moves of those that are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.engine.workflow.frame import BETWEEN
from core.engine.workflow.rerun_request import NodePlan
from core.lifecycle.workflow import NodeEvent, NodeStatus
from core.records.workflow_node import KeptFrom, NodeVariant, WorkflowNode
from core.store.node_changes import NodeMove

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.plan.rerun import Fate
    from core.store.workflow_rows import NodeFields

_EVENTS: Final = {
    NodeStatus.SUCCESS: NodeEvent.KEEP,
    NodeStatus.FAILED: NodeEvent.FAIL,
    NodeStatus.TIMED_OUT: NodeEvent.TIME_OUT,
    NodeStatus.CANCELLED: NodeEvent.CANCEL,
    NodeStatus.SKIPPED: NodeEvent.SKIP,
}


class Sheet:
    """Takes the fates of nodes.

    Args:
        rows: The nodes that a further attempt begins with, as `FrameReplays` has them.
        earlier: Those of the attempt before, by their ids.
        actor: Who gives results by hand.
        mask: Takes the values of secrets out of a text.

    Attributes:
        nodes: What the attempt begins with.
        moves: What is kept.
        plans: The same in words.
    """

    def __init__(
        self,
        rows: Mapping[str, WorkflowNode],
        earlier: Mapping[str, WorkflowNode],
        actor: str,
        mask: Callable[[str], str],
    ) -> None:
        self.nodes: list[WorkflowNode] = []
        self.moves: list[NodeMove] = []
        self.plans: list[NodePlan] = []
        self._rows = rows
        self._earlier = earlier
        self._actor = actor
        self._mask = mask
        self._below: dict[str, list[WorkflowNode]] = {}
        for node in earlier.values():
            outer = node.node_id
            while BETWEEN in outer:
                outer = outer.rpartition(BETWEEN)[0]
                self._below.setdefault(outer, []).append(node)

    def take(self, fate: Fate) -> None:
        """Take a node's fate, and those of the nodes of the file that it calls."""
        self.nodes.append(self._row(fate))
        self._note(fate.node, fate.job, fate.name, fate)
        for called in fate.called:
            self.take(called)
        if fate.keeps and not fate.is_manual and not fate.called:
            self._take_below(fate)

    def _take_below(self, caller: Fate) -> None:
        """Keep the nodes of a file with the node that calls it, as they were."""
        for node in self._below.get(caller.node, ()):
            self.nodes.append(_blank(node))
            self._note(node.node_id, node.job, node.name, caller)

    def _row(self, fate: Fate) -> WorkflowNode:
        row = self._rows.get(fate.node)
        if row is not None and (fate.variant is None or row.variant is not None):
            return row
        row = self._rows[fate.job]
        if fate.variant is None:
            return row
        variant = NodeVariant(fate.variant.index, fate.total, fate.variant.values)
        return replace(row, node_id=fate.node, name=fate.name, variant=variant)

    def _note(self, node_id: str, job: str, name: str, fate: Fate) -> None:
        why = self._mask(fate.why)
        plan = NodePlan(node_id=node_id, job=job, name=name, keeps=fate.keeps, why=why)
        if not fate.keeps:
            self.plans.append(plan)
            return
        if fate.is_manual and fate.ending is not None:
            kept = KeptFrom(0, None, why, self._actor)
            fields: NodeFields = {"outputs": fate.ending.outputs, "kept_from": kept}
            self.moves.append(NodeMove(node_id, NodeEvent.KEEP, why, fields))
        else:
            node = self._earlier[node_id]
            kept = _kept_from(node, why)
            self.moves.append(NodeMove(node_id, _EVENTS[node.status], why, _fields(node, kept)))
        self.plans.append(replace(plan, job_id=kept.job_id, from_attempt=kept.attempt))


def _kept_from(node: WorkflowNode, why: str) -> KeptFrom:
    """Where a node's result is from, over any number of attempts in which it was kept."""
    if node.kept_from is not None:
        return replace(node.kept_from, why=why)
    return KeptFrom(node.attempt, node.job_id, why)


def _fields(node: WorkflowNode, kept: KeptFrom) -> NodeFields:
    """What a kept node says, so that it can be read as if it had run in this attempt."""
    return {
        "outcome": node.outcome,
        "result": node.result,
        "reason": node.reason,
        "condition": node.condition,
        "failure": node.failure,
        "exit_code": node.exit_code,
        "job_id": node.job_id,
        "tries": node.tries,
        "outputs": node.outputs,
        "artifacts": node.artifacts,
        "tail": node.tail,
        "warnings": node.warnings,
        "fingerprint": node.fingerprint,
        "fingerprint_parts": node.fingerprint_parts,
        "kept_from": kept,
        "name": node.name,
    }


def _blank(node: WorkflowNode) -> WorkflowNode:
    """A node as it was before anything happened to it."""
    return WorkflowNode(
        workflow_id=node.workflow_id,
        attempt=node.attempt,
        node_id=node.node_id,
        job=node.job,
        name=node.name,
        position=node.position,
        variant=node.variant,
        is_finally=node.is_finally,
        needs=node.needs,
    )
