"""Logs: lines, pages and streams."""

from typing import Annotated, Literal

from pydantic import Field

from core import Stream
from orcaops_mcp.api.models.base import JobId, Moment, Shape, Text
from orcaops_mcp.api.models.job import FailureShape


class LineShape(Shape):
    """A line of a log."""

    n: int
    """1 for the first line of the attempt."""
    ts: Moment
    stream: Stream
    """`engine` lines are notes of the engine's, such as a named gap."""
    step: int | None
    """The step, from 0, that was running."""
    text: str
    """As the container wrote it, without the end of the line."""


class NumberedLine(LineShape):
    """A line of a log, and where to go on behind it."""

    cursor: str
    """Of the line after this one."""


class LogPageShape(Shape):
    """A part of a log."""

    items: list[NumberedLine]
    next_cursor: str
    """Give it as `cursor` to go on."""
    at_end: bool
    """Whether there was nothing more when this was read."""
    done: bool
    """Whether nothing more will ever come."""
    attempt: int
    total_lines: int
    truncated: bool
    """Whether the quota was reached, so that a gap stands between head and tail."""
    gap_after: int | None
    complete: bool
    """False when output may be missing."""


class FoundLine(LineShape):
    """A line that holds what was sought; its text without control codes."""

    cut: int
    """How many bytes of the line are not shown."""


class LogSearchShape(Shape):
    """What a search of a whole log found."""

    items: list[FoundLine]
    matches: int
    """How many lines hold it, shown or not."""
    whole: bool
    """False while the rest of a long log has yet to be looked at: the same request goes on from there."""
    next_first: int | None
    """Give it as `first` to go on; null behind the last."""
    attempt: int
    """0 while there is none."""
    total_lines: int


class EndShape(Shape):
    """How the job ended."""

    job_id: JobId
    status: Literal["success", "failed", "timed_out", "cancelled"]
    exit_code: int | None
    failure: FailureShape | None
    duration_s: float | None
    version: int


class _LogQuery(Shape):
    cursor: Annotated[Text, Field(max_length=40)] | None = None
    """Begin at this place: `next_cursor` of a page, or the id of an event."""
    tail: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """Only the last so many lines of the last attempt."""
    since: Annotated[Text, Field(max_length=40)] | None = None
    """Only lines from this time on, in RFC 3339, or from this span ago, such as `90s` or `10m`."""
    stream: Annotated[list[Stream], Field(default_factory=list)]
    """Only lines of these."""
    step: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Only lines of this step, from 0."""
    grep: Annotated[Text, Field(max_length=1000)] | None = None
    """Only lines that contain this RE2 expression."""
    service: Annotated[Text, Field(max_length=63)] | None = None
    """The log of this service of the job instead of its own."""


class ReadLog(_LogQuery):
    """Which part of a log."""

    context: Annotated[int, Field(ge=0, le=100)] = 0
    """With `grep` or `errors_only`: so many lines around each match too."""
    errors_only: bool = False
    """Only lines that look like errors."""
    attempt: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Which attempt; the last one if left out."""
    limit: Annotated[int, Field(ge=1, le=5000)] | None = None
    """At most so many lines: 1000 in JSON, no limit in text."""
    timestamps: bool = False
    """In text: begin every line with its time."""
    raw: bool = False
    """In text: leave control codes as the container wrote them. JSON is always raw."""


class SearchLog(Shape):
    """What is sought in a log, and which of the lines that hold it are shown."""

    q: Annotated[Text, Field(min_length=1, max_length=1000)]
    """Words that a line holds, or an RE2 expression."""
    regex: bool = False
    """Whether `q` is an expression."""
    case: bool = False
    """Whether small letters and capitals differ."""
    stream: Annotated[list[Stream], Field(default_factory=list)]
    """Only lines of these."""
    step: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Only lines of this step, from 0."""
    attempt: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Which attempt; the last one if left out."""
    service: Annotated[Text, Field(max_length=63)] | None = None
    """The log of this service of the job instead of its own."""
    first: Annotated[int, Field(ge=1, le=10**12)] = 1
    """Begin with this one of the lines found, from 1."""
    limit: Annotated[int, Field(ge=0, le=1000)] = 100
    """At most so many lines; 0 only counts them."""


class FollowLog(_LogQuery):
    """Which lines of a log."""


class ChangesQuery(Shape):
    """Which changes."""

    job_id: Annotated[list[Text], Field(default_factory=list, max_length=200)]
    """Only of these jobs."""
    workflow_id: Annotated[list[Text], Field(default_factory=list, max_length=200)]
    """Only of these workflow runs, their nodes and their jobs; beside `job_id`: those too."""
    kind: Annotated[list[Literal["job", "log", "progress", "workflow", "node"]], Field(default_factory=list)]
    """Only these."""
