"""What the bus announces, after the commit that made it true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.records.job import Job
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job's record changed.

    Attributes:
        job: The record after the change.
        status_changed: Whether its status moved with it.
    """

    job: Job
    status_changed: bool


@dataclass(frozen=True, slots=True)
class LogGrew:
    """A job's log has more lines than before.

    Attributes:
        job_id: Whose.
        attempt: Of which attempt.
        lines: How many there are now.
    """

    job_id: str
    attempt: int
    lines: int


@dataclass(frozen=True, slots=True)
class ProgressChanged:
    """What a job does right now, in words; not stored.

    Attributes:
        job_id: Whose.
        text: Such as ``pulling alpine:3.20, 45 %``.
    """

    job_id: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkflowChanged:
    """A run's record changed; of what happened to its nodes `NodeChanged` tells.

    Attributes:
        run: The record after the change.
        status_changed: Whether its status moved with it, or a further attempt began.
    """

    run: WorkflowRun
    status_changed: bool


@dataclass(frozen=True, slots=True)
class NodeChanged:
    """A node's record changed, and with it the version of its run.

    Attributes:
        node: The record after the change.
        status_changed: Whether its status moved with it, or it came into being.
    """

    node: WorkflowNode
    status_changed: bool


JobNews = JobChanged | LogGrew | ProgressChanged
"""What happens to jobs."""

EngineEvent = JobNews | WorkflowChanged | NodeChanged
"""Everything that is announced."""
