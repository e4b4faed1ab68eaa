"""Jobs: what is asked, and what is true of them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core import FailureKind, JobPhase, JobSpec, JobStatus
from orcaops_mcp.api.models.base import JobId, Moment, Shape, Text, WaitSeconds
from orcaops_mcp.api.models.file import ArtifactShape

OutcomeWord = Literal["success", "failure", "timed_out", "cancelled", "skipped"]
StepWord = Literal["pending", "running", "success", "failed", "timed_out", "cancelled", "skipped"]


class FailureShape(Shape):
    """Why a job or an attempt did not succeed."""

    kind: FailureKind
    message: str
    hint: str | None
    retryable: bool
    """Whether the same job may succeed if run again unchanged."""
    step: int | None
    """The step, from 0, it happened in."""


class StepShape(Shape):
    """What became of a step."""

    index: int
    """From 0."""
    title: str
    status: StepWord
    exit_code: int | None
    started_at: Moment | None
    finished_at: Moment | None
    first_line: int | None
    """Number of its first log line."""
    last_line: int | None
    outcome: OutcomeWord | None
    """How it ended before its failure was tolerated, which leaves the status a success."""
    attempts: int
    """How often it was tried; 0 if it never began."""
    outputs: dict[str, str]
    """What it wrote to $ORCAOPS_OUTPUT."""
    summary: str | None
    """The Markdown it wrote to $ORCAOPS_STEP_SUMMARY."""
    reason: str | None
    """Why it was skipped."""


class ServiceShape(Shape):
    """What became of a container beside the job."""

    id: str
    image: str
    status: Literal["pending", "starting", "ready", "failed", "exited", "lost", "stopped"]
    """`failed` never was ready, `exited` ended by itself after that, `lost` was removed by others, `stopped` by us."""
    ready_after_s: float | None
    exit_code: int | None
    container: str
    image_digest: str | None
    message: str | None
    """Why it failed or ended."""


class PlaceShape(Shape):
    """Where a job waits, and why."""

    position: int
    """1 for the next one."""
    reason: str


class UsageShape(Shape):
    """What the last attempt used, as far as it was measured."""

    cpu_seconds: float | None
    peak_memory_bytes: int | None
    network_rx_bytes: int | None
    network_tx_bytes: int | None
    exact: bool
    """True when read inside the container at its end, false when sampled."""


class LogShape(Shape):
    """What was kept of the last attempt's output."""

    lines: int
    bytes: int
    truncated: bool
    """Whether the quota was reached, so that a gap stands between head and tail."""
    gap_after: int | None
    """The last line before the gap."""
    complete: bool
    """False when output may be missing."""


class WorkflowPlace(Shape):
    """The workflow a job belongs to."""

    id: str
    node: str


class TemplateUseShape(Shape):
    """The template a job was filled from."""

    name: str
    version: int
    inputs: dict[str, Any]
    """What was chosen, defaults included."""


class JobRecord(Shape):
    """A job: every key is there, absent facts are null."""

    job_id: JobId
    status: JobStatus
    name: str | None
    image: str
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    exit_code: int | None
    failure: FailureShape | None
    steps: list[StepShape]
    artifacts: list[ArtifactShape]
    services: list[ServiceShape]
    attempt: int
    """Number of the last attempt; 0 before the first."""
    queue: PlaceShape | None
    progress: str | None
    """What it does right now."""
    cleanup: Literal["pending", "removed", "kept"] | None
    """What became of its container."""
    usage: UsageShape | None
    tags: list[str]
    workflow: WorkflowPlace | None
    spec: JobSpec
    """What was asked, with every default filled in."""
    version: int
    """Grows with every change."""
    outputs: dict[str, str]
    warnings: list[str]
    image_digest: str | None
    log: LogShape | None
    cancel_requested_at: Moment | None
    submitted_by: str
    rerun_of: JobId | None
    template: TemplateUseShape | None


class AcceptedJob(JobRecord):
    """A job that was submitted."""

    replayed: bool
    """Whether the idempotency key was used before: this is the first call's job."""


class AdmittedSpec(Shape):
    """What a dry run says."""

    dry_run: Literal[True]
    admitted: Literal[True]
    spec: JobSpec
    """What would run, with every default filled in."""
    warnings: list[str]
    """What to look out for, such as a secret that stands among the variables."""


class RerunPreview(Shape):
    """What a rerun would run."""

    preview: Literal[True]
    rerun_of: JobId
    spec: JobSpec


class JobRow(Shape):
    """A job in a list."""

    job_id: JobId
    status: JobStatus
    name: str | None
    image: str
    source: str
    """Who submitted it."""
    failure: FailureShape | None
    exit_code: int | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    duration_s: float | None
    tags: list[str]
    workflow: WorkflowPlace | None
    attempt: int
    rerun_of: JobId | None
    version: int


class JobList(Shape):
    """A page of jobs, newest first."""

    items: list[JobRow]
    next_cursor: str | None
    """Give it as `cursor` for the next page; null at the end."""
    counts: dict[JobStatus, int]
    """All jobs by status, whatever was asked for."""


class MatchShape(Shape):
    """The log line that was waited for."""

    n: int
    text: str


class Waited(Shape):
    """How a wait ended."""

    met: bool
    """Whether what was waited for came true; a time that is over is no error."""
    job: JobRecord
    match: MatchShape | None


class AuditRow(Shape):
    """One change of a job's status."""

    at: Moment
    event: str | None
    """What moved it; null for its creation."""
    before: JobStatus | None
    after: JobStatus
    by: str
    why: str | None
    attempt: int


class AuditTrail(Shape):
    """Every change of a job's status, oldest first."""

    items: list[AuditRow]


class AttemptShape(Shape):
    """One try at a job, in one container."""

    number: int
    phase: JobPhase
    container: str
    image_digest: str | None
    started_at: Moment | None
    finished_at: Moment | None
    exit_code: int | None
    failure: FailureShape | None
    steps: list[StepShape]
    log_lines: int


class AttemptList(Shape):
    """Every try at a job, oldest first."""

    items: list[AttemptShape]


class CauseShape(Shape):
    """The first real cause that the log tells of."""

    kind: str
    headline: str
    log_line: int | None
    file: str | None
    line: int | None
    hint: str | None


class TestsShape(Shape):
    """How the test runners ended."""

    __test__ = False

    passed: int
    failed: int
    skipped: int


class ExcerptShape(Shape):
    """Consecutive lines of the log."""

    first_line: int
    lines: list[str]


class SickServiceShape(ServiceShape):
    """A service that failed, and the end of its log."""

    last_lines: list[str]


class FailureDigest(Shape):
    """Why a job failed: the cause and the lines that matter."""

    job_id: JobId
    status: JobStatus
    exit_code: int | None
    failure: FailureShape | None
    """Null when the job has not failed."""
    step: StepShape | None
    cause: CauseShape | None
    tests: TestsShape | None
    failed_tests: list[str]
    suggestions: list[str]
    excerpts: list[ExcerptShape]
    """Most important first."""
    warnings: list[str]
    services: list[SickServiceShape]
    """Those that failed, or ended while the job ran."""


class SubmitQuery(Shape):
    """How to submit."""

    wait_s: WaitSeconds = 0
    """Wait up to this many seconds for the end before answering."""
    dry_run: bool = False
    """Only check: answers with the spec that would run, and starts nothing."""


class ListQuery(Shape):
    """Which jobs."""

    status: Annotated[list[JobStatus], Field(default_factory=list)]
    """Any of these."""
    finished: bool | None = None
    """Only jobs that have ended, or only those that have not."""
    name: Annotated[Text, Field(max_length=63)] | None = None
    """Exactly this name."""
    tag: Annotated[Text, Field(max_length=63)] | None = None
    """Has this tag."""
    q: Annotated[Text, Field(max_length=200)] | None = None
    """This text stands in the name, the image or the id, in capitals or not."""
    source: Annotated[Text, Field(max_length=200)] | None = None
    """Submitted by exactly this one."""
    since: Annotated[Text, Field(max_length=40)] | None = None
    """Accepted at or after this time in RFC 3339, or this span ago, such as `2h` or `7d`."""
    until: Annotated[Text, Field(max_length=40)] | None = None
    """Accepted before this time, or longer than this span ago."""
    prefix: Annotated[Text, Field(max_length=40)] | None = None
    """The id begins with this."""
    workflow: Annotated[Text, Field(max_length=40)] | None = None
    """It runs a node of this workflow run."""
    of_workflows: bool | None = None
    """Only jobs that run nodes of workflow runs, or only those that do not; all if left out."""
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    """At most so many."""
    cursor: Annotated[Text, Field(max_length=100)] | None = None
    """`next_cursor` of the page before."""


class WaitQuery(Shape):
    """What to wait for."""

    timeout_s: WaitSeconds = 25
    until: Literal["all_done", "running", "first_failure", "log_match"] = "all_done"
    """`all_done` is the end, `running` is that it waits no more, `log_match` a line of its log."""
    pattern: Annotated[Text, Field(max_length=1000)] | None = None
    """For `log_match`: an RE2 expression."""
    since_version: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Also met once the record's version is above this."""


class FailureQuery(Shape):
    """How much of the log."""

    max_bytes: Annotated[int, Field(ge=256, le=65_536)] = 8192
    """Budget of the excerpts."""


class CancelBody(Shape):
    """How to stop."""

    reason: Annotated[Text, Field(max_length=500)] = ""
    """Why, for the record."""
    grace_s: Annotated[float, Field(ge=0, le=60)] | None = None
    """Seconds from SIGTERM to SIGKILL; null takes the job's own."""


class RerunBody(Shape):
    """How to repeat."""

    changes: dict[str, Any] | None = None
    """Fields of a job request to replace; a way to run replaces the old way."""
    preview: bool = False
    """Only show the spec that would run."""
