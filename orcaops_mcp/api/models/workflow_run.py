"""Workflow runs: what is true of them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core import NodeEvent, Result, WorkflowEvent, WorkflowStatus
from orcaops_mcp.api.models.base import JobId, Moment, Shape
from orcaops_mcp.api.models.job import FailureShape, MatchShape, ServiceShape, TemplateUseShape
from orcaops_mcp.api.models.workflow_node import NodeId, NodeShape, ReasonShape

WORKFLOW_ID = "wf_0mm2c5x1k6v8nq3rt7wz4ybda"
"""The id in examples."""

WorkflowId = Annotated[str, Field(json_schema_extra={"examples": [WORKFLOW_ID]})]
"""An id of a run: `wf_` and 25 letters and digits."""


class CountsShape(Shape):
    """How the nodes of an attempt stand."""

    total: int
    waiting: int
    running: int
    success: int
    tolerated: int
    """Failed or timed out, and count as success."""
    failure: int
    timed_out: int
    """Of those that failed."""
    cancelled: int
    skipped: int
    text: str
    """In words, such as `5 ok, 1 tolerated`."""


class RunRow(Shape):
    """A run in a list."""

    workflow_id: WorkflowId
    name: str
    """Of the workflow."""
    run_name: str
    """What this run is called."""
    run_number: int
    """Counts the runs of workflows of this name."""
    status: WorkflowStatus
    ok: bool | None
    """Whether it ended with success; null before its end."""
    reason: ReasonShape | None
    attempt: int
    """A rerun begins the next one."""
    file: str | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    duration_s: float | None
    trigger: str
    """Who submitted it."""
    actor: str | None
    summary: CountsShape
    tags: list[str]
    cancel_requested_at: Moment | None
    rerun_of: WorkflowId | None
    template: TemplateUseShape | None
    version: int
    """Grows with every change of the run or of one of its nodes."""


class RunAttemptShape(Shape):
    """One attempt at a run."""

    attempt: int
    status: WorkflowStatus
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    source_digest: str | None
    trigger: str
    actor: str | None
    selection: str | None
    """What was to run again, in words; null for the first one."""
    summary: CountsShape


class MatrixShape(Shape):
    """How the variants of a matrix job ended."""

    variants: list[NodeId]
    """In the order of the expansion; left out where there are very many."""
    results: dict[str, Result | None]
    summary: str
    """Such as `4/6 passed`."""


class CriticalShape(Shape):
    """A node on the longest way through a run."""

    id: NodeId
    duration_s: float


class RunRecord(RunRow):
    """A run: every key is there, absent facts are null."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    error: FailureShape | None
    """What kept every job from running, or went wrong beside the jobs."""
    deadline_at: Moment | None
    source_digest: str | None
    inputs: dict[str, Any]
    context: dict[str, Any]
    secrets: list[str]
    """Their names."""
    outputs: dict[str, str]
    services: list[ServiceShape]
    """What its jobs share."""
    warnings: list[dict[str, Any]]
    critical_path: list[CriticalShape]
    max_parallel: int | None
    concurrency_group: str | None
    priority: int
    attempts: list[RunAttemptShape]
    matrix: dict[str, MatrixShape]
    """By job; empty unless all nodes were asked for."""
    jobs: list[NodeShape]
    """Its nodes as far as they were asked for, those that failed in front."""
    jobs_left_out: int
    """How many more there are: GET /orcaops/workflows/{workflow_id}/nodes has them page by page."""


class AcceptedRun(RunRecord):
    """A run that was accepted."""

    replayed: bool
    """Whether the idempotency key was used before: this is the first call's run."""


class RunList(Shape):
    """A page of runs, newest first."""

    items: list[RunRow]
    next_cursor: str | None
    """Give it as `cursor` for the next page; null at the end."""
    counts: dict[WorkflowStatus, int]
    """All runs by status, whatever was asked for."""


class RunWaited(Shape):
    """How a wait for a run ended."""

    met: bool
    """Whether what was waited for came true; a time that is over is no error."""
    workflow: RunRecord
    """Its `jobs` are those that changed after `since_version`."""
    node: NodeId | None
    """The node whose line matched."""
    match: MatchShape | None


class RunChangeShape(Shape):
    """One change of the status of a run or of a node."""

    at: Moment
    attempt: int
    node: NodeId | None
    """Null for the run itself."""
    event: WorkflowEvent | NodeEvent | None
    """What moved it; null where an attempt begins."""
    before: str | None
    after: str
    by: str
    why: str | None


class NodePlanShape(Shape):
    """What a rerun does with a node."""

    node_id: NodeId
    job: str
    name: str
    keeps: bool
    why: str
    job_id: JobId | None
    from_attempt: int | None
    """The attempt whose result is kept; 0 for one given by hand."""


class RerunPlanShape(Shape):
    """What a rerun does."""

    workflow_id: WorkflowId
    attempt: int
    selection: str
    kept: int
    rerun: int
    nodes: list[NodePlanShape]
    left_out: int
    """How many more there are."""


class RerunAccepted(Shape):
    """A rerun, or what it would be."""

    workflow: RunRecord | None
    """Null for a dry run."""
    plan: RerunPlanShape
    replayed: bool
