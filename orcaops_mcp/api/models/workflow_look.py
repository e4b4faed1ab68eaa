"""What a run printed, left, and came from, and why it stands where it stands."""

from typing import Annotated, Literal

from pydantic import Field

from core import NodeStatus, Stream, WorkflowStatus
from orcaops_mcp.api.models.base import JobId, Shape, Text
from orcaops_mcp.api.models.file import ArtifactShape
from orcaops_mcp.api.models.job import FailureDigest, FailureShape, SickServiceShape
from orcaops_mcp.api.models.log import LineShape
from orcaops_mcp.api.models.workflow_ask import AttemptQuery
from orcaops_mcp.api.models.workflow_node import NodeId, NodeRowShape, ReasonShape
from orcaops_mcp.api.models.workflow_run import CountsShape, RunAttemptShape, RunChangeShape, WorkflowId

_Attempt = Annotated[int, Field(ge=1, le=1_000_000)]


class NodeLineShape(LineShape):
    """A line of a node's log."""

    node: NodeId | None
    """Null for a service that the run's jobs share."""
    job_id: JobId | None
    attempt: int
    """Of the job."""


class RunLogPage(Shape):
    """Some lines of a run."""

    items: list[NodeLineShape]
    """By time; the lines of one job in its own order."""
    next_cursor: str
    """Give it as `cursor` to go on, with the same nodes and the same service."""
    at_end: bool
    """Whether there was nothing more when this was read."""
    done: bool
    """Whether nothing more will ever come."""
    attempt: int
    """Of the run."""


class RunEndShape(Shape):
    """How an attempt at a run ended."""

    workflow_id: WorkflowId
    attempt: int
    status: WorkflowStatus
    ok: bool | None
    reason: ReasonShape | None
    error: FailureShape | None
    summary: CountsShape
    duration_s: float | None
    version: int


class _RunLogQuery(Shape):
    node: Annotated[list[Annotated[Text, Field(max_length=300)]], Field(default_factory=list, max_length=256)]
    """Only of these: nodes, jobs with all their variants, callers with all that they call, selectors (`test[n=2]`)."""
    service: Annotated[Text, Field(max_length=63)] | None = None
    """The log of this service of those jobs; without `node` the run's own, if it has it."""
    cursor: Annotated[Text, Field(max_length=8010)] | None = None
    """Begin at this place: `next_cursor` of a page, or the id of an event."""
    tail: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """Only the last so many lines."""
    since: Annotated[Text, Field(max_length=40)] | None = None
    """Only lines from this time on, in RFC 3339, or from this span ago, such as `90s` or `10m`."""
    stream: Annotated[list[Stream], Field(default_factory=list)]
    """Only lines of these."""
    grep: Annotated[Text, Field(max_length=1000)] | None = None
    """Only lines that contain this RE2 expression."""
    errors_only: bool = False
    """Only lines that look like errors."""
    attempt: _Attempt | None = None
    """Of the run; the present one if left out."""


class ReadRunLog(_RunLogQuery):
    """Which part of a run's log."""

    limit: Annotated[int, Field(ge=1, le=5000)] | None = None
    """At most so many lines: 1000 in JSON, no limit in text."""
    timestamps: bool = False
    """In text: begin every line with its time."""
    raw: bool = False
    """In text: leave control codes as the container wrote them. JSON is always raw."""


class FollowRunLog(_RunLogQuery):
    """Which lines of a run's log."""


class RunEventsQuery(Shape):
    """Which changes of a run."""

    since_version: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """What the caller has seen."""


class NodeArtifactShape(ArtifactShape):
    """A kept file of a node, or why there is none."""

    node_id: NodeId
    job_id: JobId
    """GET /orcaops/jobs/{job_id}/artifacts/{path} has the bytes."""


class NodeArtifactList(Shape):
    """A page of what was kept of a run."""

    items: list[NodeArtifactShape]
    next_cursor: str | None
    """Give it as `cursor` for the next page; null at the end."""


class NodeArtifactQuery(Shape):
    """Which artifacts."""

    node: Annotated[Text, Field(max_length=300)] | None = None
    """Only of this node, of all variants of this job, or of what a selector such as `test[n=2]` picks."""
    attempt: _Attempt | None = None
    """Of the run; the present one if left out."""
    limit: Annotated[int, Field(ge=1, le=200)] = 200
    """At most so many."""
    cursor: Annotated[Text, Field(max_length=8192)] | None = None
    """`next_cursor` of the page before."""


class GraphJobShape(Shape):
    """A job of a run, with all its variants."""

    id: str
    status: NodeStatus
    """How its nodes stand together: of those that ended the worst."""
    tolerated: bool
    nodes: list[NodeId]
    finally_: Annotated[bool, Field(alias="finally")]
    """Whether it runs after all others."""
    note: str | None
    """Such as `2/3 passed`."""


class GraphEdgeShape(Shape):
    """What is waited for, and who waits."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    last: bool
    """Whether it only waits for being the last."""


class GraphShape(Shape):
    """The jobs of a run with how they stand."""

    workflow_id: WorkflowId
    name: str
    jobs: list[GraphJobShape]
    edges: list[GraphEdgeShape]
    left_out: int
    """Jobs beyond the first thousand."""


class GraphQuery(Shape):
    """Which form."""

    format: Literal["json", "mermaid", "dot"] = "json"
    """`mermaid` and `dot` are texts."""
    attempt: _Attempt | None = None
    """Of the run; the present one if left out."""


class RunSourceShape(Shape):
    """What an attempt was made from."""

    file_name: str | None
    text: str
    digest: str
    """SHA-256 of the text."""
    files: dict[str, str]
    """Texts by path of the files it calls."""


class RunAttemptList(Shape):
    """All attempts of a run, the first one first."""

    items: list[RunAttemptShape]


class RunHistory(Shape):
    """A page of the audit trail, oldest first."""

    items: list[RunChangeShape]
    next_cursor: int | None
    """Give it as `cursor` for the next page; null at the end."""


class RunHistoryQuery(Shape):
    """Which changes."""

    node: Annotated[Text, Field(max_length=300)] | None = None
    """Only of this node; an empty text takes the run itself."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    """At most so many."""
    cursor: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """`next_cursor` of the page before."""


class NodeFailureShape(Shape):
    """A node that failed."""

    node: NodeRowShape
    failure: FailureShape | None
    blocked: list[NodeId]
    """Nodes that did not run because of it."""
    tail: list[str]
    digest: FailureDigest | None
    """What its job's log says; null if it never had a job."""


class NotRunShape(Shape):
    """A node that did not run to its end without having failed."""

    node: NodeId
    status: NodeStatus
    because: str | None


class RunSummaryShape(Shape):
    """Why a run did not succeed."""

    workflow_id: WorkflowId
    status: WorkflowStatus
    attempt: int
    error: FailureShape | None
    """What went wrong beside the jobs."""
    counts: CountsShape
    failures: list[NodeFailureShape]
    """What failed first in front; five at most."""
    more_failures: int
    matrices: dict[str, str]
    """Of matrix jobs that did not wholly pass, how many variants did."""
    not_run: list[NotRunShape]
    """Twenty at most."""
    more_not_run: int
    services: list[SickServiceShape]
    """Those that the run's jobs shared and that failed or ended too early."""


class RunSummaryQuery(AttemptQuery):
    """How much of the logs."""

    max_bytes: Annotated[int, Field(ge=256, le=65_536)] = 8192
    """Budget of the excerpts of all logs together."""


class ExplanationShape(Shape):
    """Why a node stands where it stands."""

    node_id: NodeId
    status: str
    facts: list[str]
    """From what that was concluded, in order."""
