"""Where a workflow's run and its nodes stand, what moves them, and how a node ends in the eyes of others."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from core.lifecycle.machine import Lifecycle


class WorkflowStatus(StrEnum):
    """Where the present attempt of a run stands; the wire uses these words. A rerun is a further attempt."""

    PENDING = "pending"
    """Accepted; no node was looked at yet, such as while it waits for its concurrency group."""
    RUNNING = "running"
    SUCCESS = "success"
    """No job failed or was cancelled; skipped ones and tolerated failures are fine."""
    FAILED = "failed"
    PARTIAL = "partial"
    """Something failed, and some job that is no finally job succeeded."""
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows in this attempt."""
        return self in WORKFLOW_LIFECYCLE.terminal


class WorkflowEvent(StrEnum):
    """What moves a run."""

    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    """Nothing succeeded, or an error kept every job from running."""
    SUCCEED_PARTLY = "succeed_partly"
    CANCEL = "cancel"
    """A request ended it, and nothing of it runs any more."""


WORKFLOW_LIFECYCLE: Final = Lifecycle(
    "workflow",
    WorkflowStatus.PENDING,
    {
        (WorkflowStatus.PENDING, WorkflowEvent.START): WorkflowStatus.RUNNING,
        (WorkflowStatus.PENDING, WorkflowEvent.FAIL): WorkflowStatus.FAILED,
        (WorkflowStatus.PENDING, WorkflowEvent.CANCEL): WorkflowStatus.CANCELLED,
        (WorkflowStatus.RUNNING, WorkflowEvent.SUCCEED): WorkflowStatus.SUCCESS,
        (WorkflowStatus.RUNNING, WorkflowEvent.FAIL): WorkflowStatus.FAILED,
        (WorkflowStatus.RUNNING, WorkflowEvent.SUCCEED_PARTLY): WorkflowStatus.PARTIAL,
        (WorkflowStatus.RUNNING, WorkflowEvent.CANCEL): WorkflowStatus.CANCELLED,
    },
)
"""The table of moves of a run's attempt."""


class NodeStatus(StrEnum):
    """Where a node stands: a job of a workflow, or one variant of it, in one attempt of the run."""

    WAITING = "waiting"
    """For what it needs, for room, for its group, or for its next try; `NodeReason` says which."""
    RUNNING = "running"
    """A job was made for it; that job's own status says whether it is still in the line."""
    SUCCESS = "success"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows in this attempt of the run."""
        return self in NODE_LIFECYCLE.terminal


class NodeEvent(StrEnum):
    """What moves a node."""

    START = "start"
    """Its job is about to be submitted."""
    KEEP = "keep"
    """A success of an earlier attempt of the run stands, or somebody says that it is done."""
    SKIP = "skip"
    SUCCEED = "succeed"
    FAIL = "fail"
    """Its job failed, or it cannot run at all, such as for an expression or its group."""
    TIME_OUT = "time_out"
    """Its job did; from waiting only where a rerun keeps what was tolerated before."""
    CANCEL = "cancel"
    RETRY = "retry"
    """A try ended without success, and another one follows when its time has come."""


NODE_LIFECYCLE: Final = Lifecycle(
    "node",
    NodeStatus.WAITING,
    {
        (NodeStatus.WAITING, NodeEvent.START): NodeStatus.RUNNING,
        (NodeStatus.WAITING, NodeEvent.KEEP): NodeStatus.SUCCESS,
        (NodeStatus.WAITING, NodeEvent.SKIP): NodeStatus.SKIPPED,
        (NodeStatus.WAITING, NodeEvent.FAIL): NodeStatus.FAILED,
        (NodeStatus.WAITING, NodeEvent.TIME_OUT): NodeStatus.TIMED_OUT,
        (NodeStatus.WAITING, NodeEvent.CANCEL): NodeStatus.CANCELLED,
        (NodeStatus.RUNNING, NodeEvent.SUCCEED): NodeStatus.SUCCESS,
        (NodeStatus.RUNNING, NodeEvent.FAIL): NodeStatus.FAILED,
        (NodeStatus.RUNNING, NodeEvent.TIME_OUT): NodeStatus.TIMED_OUT,
        (NodeStatus.RUNNING, NodeEvent.CANCEL): NodeStatus.CANCELLED,
        (NodeStatus.RUNNING, NodeEvent.RETRY): NodeStatus.WAITING,
    },
)
"""The node's table of moves. A rerun moves no node: it makes them anew in a further attempt of the run."""


class Result(StrEnum):
    """What other jobs of the workflow see of one: after tolerance."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Outcome(StrEnum):
    """What happened to a job of a workflow: before tolerance."""

    SUCCESS = "success"
    FAILURE = "failure"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_bad(self) -> bool:
        """Whether it counts as failure unless it is tolerated."""
        return self in {Outcome.FAILURE, Outcome.TIMED_OUT}


class Reason(StrEnum):
    """Why a node was skipped, cancelled or kept, or waits, and why a run ended otherwise than by its jobs."""

    CONDITION = "condition"
    NEEDS = "needs"
    EMPTY_MATRIX = "empty-matrix"
    FAIL_FAST = "fail-fast"
    CANCELLED = "cancelled"
    NOT_SELECTED = "not-selected"
    CONCURRENCY = "concurrency"
    MAX_PARALLEL = "max-parallel"
    APPROVAL = "approval"
    RETRY_WAIT = "retry-wait"
    SUPERSEDED = "superseded"
    """Who came later took its place in a concurrency group."""
    TIMEOUT = "timeout"
    """The run's own time limit passed."""
