"""Stopping nodes: what a cancelled run, a failed variant, a time limit or a request for one node comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.workflow.live import Stage
from core.errors import InvalidExpressionError
from core.lifecycle.workflow import NodeEvent, Reason
from core.plan.conditions import Act
from core.plan.foresight import UnknownYetError
from core.records.workflow_node import NodeReason

if TYPE_CHECKING:
    from core.engine.workflow.live import LiveFrame, LiveNode
    from core.engine.workflow.progress import Progress

_IMPLIED = frozenset({"success", "failure"})
"""Status functions that are never true of a run that is being cancelled."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A node that is to be looked at since its file is being stopped.

    Attributes:
        node: The node.
        reason: Why.
        is_forced: Whatever its condition says.
    """

    node: LiveNode
    reason: NodeReason
    is_forced: bool


class Stopping:
    """Stops nodes of a run.

    Args:
        progress: Where they end.

    Attributes:
        jobs: Nodes whose jobs are to be stopped and were not told yet.
    """

    def __init__(self, progress: Progress) -> None:
        self.jobs: list[LiveNode] = []
        self._progress = progress

    def after_failure(self, node: LiveNode) -> None:
        """Stop what a failure stops: other variants, or the whole file."""
        job, frame = node.job, node.frame
        if node.fails_fast:
            reason = NodeReason(Reason.FAIL_FAST, f"fail-fast: {node.id} failed", (node.id,))
            for other in tuple(job.nodes):
                self.stop(other, reason)
        if frame.frame.workflow.on_failure == "cancel" and frame.stop is None:
            reason = NodeReason(Reason.CANCELLED, f"on_failure: cancel, and {node.id} failed", (node.id,))
            self.stop_file(frame, reason)

    def stop_file(self, frame: LiveFrame, reason: NodeReason, *, forced: bool = False) -> None:
        """Have all nodes of a file stopped, but for those whose condition holds nevertheless.

        Args:
            frame: The file.
            reason: Why.
            forced: Whatever their conditions say.
        """
        frame.stop = frame.stop or reason
        frame.is_forced = frame.is_forced or forced
        frame.course.is_cancelling = True
        for node in frame.nodes():
            self._progress.later(Stop(node, frame.stop, forced))

    def stop(self, node: LiveNode, reason: NodeReason, *, forced: bool = False) -> None:
        """Stop one node: at once if nothing runs for it."""
        if node.stage is Stage.ENDED or (node.stop is not None and not forced):
            return
        if node.stage is not Stage.RUNNING:
            self._progress.finish(node, NodeEvent.CANCEL, reason)
            return
        node.stop = node.stop or reason
        if node.callee is not None:
            self.stop_file(node.callee, reason, forced=forced)
        else:
            self.jobs.append(node)

    def carry_out(self, stop: Stop) -> None:
        """Stop a node of a file that is being stopped, unless its condition holds nevertheless."""
        if stop.node not in stop.node.job.nodes:  # its variants have taken its place meanwhile
            return
        if stop.is_forced or not self._stays(stop.node):
            self.stop(stop.node, stop.reason, forced=stop.is_forced)

    def _stays(self, node: LiveNode) -> bool:
        """Whether a node goes on, or is still looked at, although its file is being cancelled."""
        if node.stage is Stage.ENDED:
            return True
        try:
            if node.stage is Stage.WAITING:
                return node.frame.frame.condition(node.job.spec).status not in _IMPLIED
            return self._progress.weigh(node).act is Act.RUN
        except (InvalidExpressionError, UnknownYetError):
            return False
