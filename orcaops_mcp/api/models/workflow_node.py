"""Nodes of workflow runs."""

from typing import Annotated, Any

from pydantic import Field

from core import FailureKind, NodeStatus, Outcome, Reason, Result
from orcaops_mcp.api.models.base import JobId, Moment, Shape
from orcaops_mcp.api.models.job import FailureShape

NodeId = Annotated[str, Field(json_schema_extra={"examples": ["test-3.12"]})]
"""An id of a node: that of its job, of a variant of a matrix, or `caller / job`."""


class ReasonShape(Shape):
    """Why a node waits, did not run or was stopped, or why a run ended otherwise than by its jobs."""

    code: Reason
    text: str | None
    jobs: list[str]
    """The jobs, nodes or runs it is about."""


class TryShape(Shape):
    """One try at a node: a job of its own."""

    number: int
    job_id: JobId
    started_at: Moment
    finished_at: Moment | None
    outcome: Outcome | None
    exit_code: int | None
    failure_kind: str | None


class ConditionShape(Shape):
    """Why a node ran or did not."""

    text: str
    expanded: str | None
    """With the values it met and what it came to."""


class KeptShape(Shape):
    """Where the result of a node is from that did not run in this attempt."""

    attempt: int | None
    job_id: JobId | None
    why: str | None
    manual: bool
    """Whether somebody gave it by hand."""
    by: str | None


class VariantShape(Shape):
    """Which variant of a matrix a node is."""

    index: int
    """From 0, in the order of the expansion."""
    total: int


class NodeRowShape(Shape):
    """A node in a line."""

    id: NodeId
    job: str
    name: str
    status: NodeStatus
    result: Result | None
    """What other jobs see: after tolerance."""
    outcome: Outcome | None
    """How it ended, before tolerance."""
    tolerated: bool
    reason: ReasonShape | None
    failure_kind: FailureKind | None
    exit_code: int | None
    matrix: dict[str, Any] | None
    job_id: JobId | None
    """The job that runs it; its log, artifacts and record are that job's."""
    started_at: Moment | None
    finished_at: Moment | None
    duration_s: float | None
    retry_at: Moment | None
    """When the next try is due."""
    artifacts: int
    """How many files were kept."""
    version: int
    """The run's when it last changed."""
    tries: int
    kept: bool
    """Whether its result is from an earlier attempt, or given by hand."""


class NodeShape(Shape):
    """A node: every key is there, absent facts are null."""

    id: NodeId
    job: str
    name: str
    status: NodeStatus
    result: Result | None
    outcome: Outcome | None
    tolerated: bool
    reason: ReasonShape | None
    condition: ConditionShape | None
    failure: FailureShape | None
    failure_kind: FailureKind | None
    exit_code: int | None
    tail: list[str]
    """The last lines of a failure."""
    blocked: list[NodeId]
    """Nodes that did not run because of it."""
    variant: VariantShape | None
    matrix: dict[str, Any] | None
    finally_: Annotated[bool, Field(alias="finally")]
    """Whether it runs after all others."""
    needs: list[str]
    job_id: JobId | None
    attempts: list[TryShape]
    retry_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    duration_s: float | None
    outputs: dict[str, str]
    artifacts: int
    warnings: list[str]
    fingerprint: str | None
    kept_from: KeptShape | None
    cancel_requested_at: Moment | None
    version: int


class NodeList(Shape):
    """A page of nodes in the run's order."""

    items: list[NodeRowShape | NodeShape]
    next_cursor: str | None
    version: int
    """Of the run at that moment; give it as `since_version` to see what changed after it."""
