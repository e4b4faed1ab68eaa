"""What is asked of workflow runs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core import NodeStatus, WorkflowStatus
from orcaops_mcp.api.models.base import Shape, Text, WaitSeconds

_Tag = Annotated[Text, Field(min_length=1, max_length=63)]
_Files = Annotated[dict[str, str], Field(max_length=100)]
_MOST_JOBS = 256


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
    cursor: Annotated[Text, Field(max_length=400)] | None = None
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
