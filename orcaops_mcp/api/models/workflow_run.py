"""Workflow runs and their nodes: what is asked, and what is true of them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core import FailureKind, NodeEvent, NodeStatus, Outcome, Reason, Result, WorkflowEvent, WorkflowStatus
from orcaops_mcp.api.models.base import JobId, Moment, Shape, Text, WaitSeconds
from orcaops_mcp.api.models.job import FailureShape, MatchShape, ServiceShape, TemplateUseShape

WORKFLOW_ID = "wf_0mm2c5x1k6v8nq3rt7wz4ybda"
"""The id in examples."""

WorkflowId = Annotated[str, Field(json_schema_extra={"examples": [WORKFLOW_ID]})]
"""An id of a run: `wf_` and 25 letters and digits."""

NodeId = Annotated[str, Field(json_schema_extra={"examples": ["test-3.12"]})]
"""An id of a node: that of its job, of a variant of a matrix, or `caller / job`."""

_Tag = Annotated[Text, Field(min_length=1, max_length=63)]
_Files = Annotated[dict[str, str], Field(max_length=100)]
_MOST_JOBS = 256


class ReasonShape(Shape):
    """Why a node waits, did not run or was stopped, or why a run ended otherwise than by its jobs."""

    code: Reason
    text: str | None
    jobs: list[str]
    """The jobs, nodes or runs it is about."""


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


class NodeList(Shape):
    """A page of nodes in the run's order."""

    items: list[NodeRowShape | NodeShape]
    next_cursor: str | None
    version: int
    """Of the run at that moment; give it as `since_version` to see what changed after it."""


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


class RunWorkflowBody(Shape):
    """A workflow to run. Exactly one of `spec` and `template`. A body of YAML is the file itself."""

    spec: str | dict[str, Any] | None = None
    """The file's text in YAML or JSON, or the workflow as an object."""
    template: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    """A saved workflow: `NAME`, or `NAME@3` for a version."""
    file_name: Annotated[Text, Field(max_length=1024)] = ""
    """Its name for the findings; files that it calls are looked for beside it."""
    files: _Files | None = None
    """Texts by path of the files that it calls."""
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Values of its inputs by name."""
    context: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])
    """The contexts `github` and `vars`, as far as they are known."""
    name: Annotated[Text, Field(max_length=200)] = ""
    """What the run is called."""
    max_parallel: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """As many of its jobs run at once."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Of its jobs in the engine's line; higher first."""
    tags: Annotated[list[_Tag], Field(max_length=32)] = Field(default_factory=list[str])
    """To find it by."""
    workspace: Annotated[Text, Field(min_length=1, max_length=4096)] | None = None
    """Folder whose files are put into the working directory of every job."""
    upload_id: Text | list[Text] | None = None
    """Uploads whose files are put there."""


class CancelRunBody(Shape):
    """How to stop."""

    reason: Annotated[Text, Field(max_length=500)] = ""
    """Why, for the record."""
    force: bool = False
    """Nothing may finish in peace, jobs with `always()` neither."""


class RerunWorkflowBody(Shape):
    """What is to run again, and with what."""

    selection: Literal["all", "failed", "jobs", "from"] = "failed"
    """`failed`: what did not succeed or has changed; `jobs`: those named; `from`: those named and what failed."""
    jobs: Annotated[list[Annotated[Text, Field(min_length=1, max_length=300)]], Field(max_length=_MOST_JOBS)] = Field(
        default_factory=list[str]
    )
    """Ids of jobs or nodes, or selectors such as `test[python=3.12]` and `test#3`."""
    only: bool = False
    """With `jobs`: what depends on them stays as it is."""
    skip: Annotated[dict[str, dict[str, str]], Field(max_length=_MOST_JOBS)] = Field(
        default_factory=dict[str, dict[str, str]]
    )
    """Outputs by job: it counts as a success by hand."""
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Laid over the inputs of the last attempt."""
    spec: str | dict[str, Any] | None = None
    """A changed file: its text, or the workflow as an object."""
    file_name: Annotated[Text, Field(max_length=1024)] = ""
    """The changed file's name."""
    files: _Files | None = None
    """Texts by path of the files that it calls."""
    include_tolerated: bool = False
    """What failed and was tolerated runs again, too."""
    new_run: bool = False
    """A run of its own instead of a further attempt."""
    dry_run: bool = False
    """Only say for each node whether it is kept or runs, and why."""


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


class SubmitRunQuery(Shape):
    """How to submit."""

    wait_s: WaitSeconds = 0
    """Wait up to this many seconds for the end before answering."""


class RunListQuery(Shape):
    """Which runs."""

    status: Annotated[list[WorkflowStatus], Field(default_factory=list)]
    """Any of these."""
    finished: bool | None = None
    """Only runs that have ended, or only those that have not."""
    name: Annotated[Text, Field(max_length=100)] | None = None
    """Of workflows of exactly this name."""
    tag: Annotated[Text, Field(max_length=63)] | None = None
    """Has this tag."""
    q: Annotated[Text, Field(max_length=200)] | None = None
    """This text stands in a name or in the id, in capitals or not."""
    source: Annotated[Text, Field(max_length=200)] | None = None
    """Submitted by exactly this one."""
    since: Annotated[Text, Field(max_length=40)] | None = None
    """Accepted at or after this time in RFC 3339, or this span ago, such as `2h` or `7d`."""
    until: Annotated[Text, Field(max_length=40)] | None = None
    """Accepted before this time, or longer than this span ago."""
    prefix: Annotated[Text, Field(max_length=40)] | None = None
    """The id begins with this."""
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    """At most so many."""
    cursor: Annotated[Text, Field(max_length=100)] | None = None
    """`next_cursor` of the page before."""


class RunQuery(Shape):
    """How much of a run."""

    nodes: Literal["all", "failed", "changed", "none"] = "all"
    """Which of its nodes: `changed` are those after `since_version`."""
    since_version: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """What the caller has seen."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    """At most so many nodes; the others are counted."""


class NodeListQuery(Shape):
    """Which nodes."""

    status: Annotated[list[NodeStatus], Field(default_factory=list)]
    """Any of these."""
    job: Annotated[Text, Field(max_length=300)] | None = None
    """Only those of this job."""
    attempt: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Of the run; the present one if left out."""
    since_version: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Only those that changed after the run had this version."""
    detail: Literal["short", "full"] = "short"
    """A line each, or everything."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    """At most so many."""
    cursor: Annotated[Text, Field(max_length=40)] | None = None
    """`next_cursor` of the page before."""


class AttemptQuery(Shape):
    """Which attempt."""

    attempt: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Of the run; the present one if left out."""


class RunWaitQuery(Shape):
    """What to wait for."""

    timeout_s: WaitSeconds = 25
    until: Literal["all_done", "running", "first_failure", "log_match"] = "all_done"
    """`all_done` is the end, `running` that it has begun, `log_match` a line of a node's log."""
    pattern: Annotated[Text, Field(max_length=1000)] | None = None
    """For `log_match`: an RE2 expression."""
    since_version: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Also met once the run's version is above this."""
