"""What earlier runs of a workflow tell, in as few facts as lists of many runs need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from core.lifecycle.workflow import WorkflowStatus


class PastRun(NamedTuple):
    """A run in a row of bars."""

    workflow_id: str
    status: WorkflowStatus
    created_at: datetime
    duration_s: float | None
    """Of the present attempt; None before it has ended, or if it never began."""


class NodeSample(NamedTuple):
    """How long a node took that ran and succeeded."""

    job: str
    node_id: str
    duration_s: float
