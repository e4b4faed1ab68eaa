"""Workflow files: what is asked about one, what was found in it, and what it would do."""

from typing import Annotated, Any, Literal

from pydantic import Field

from orcaops_mcp.api.models.base import Shape, Text
from orcaops_mcp.api.models.problem import FindingShape

Severity = Literal["error", "warning", "info"]


class WorkflowBody(Shape):
    """A workflow file to look at. A body of YAML is the file itself."""

    spec: str | dict[str, Any]
    """The file's text in YAML or JSON, or the workflow as an object."""
    file_name: Annotated[Text, Field(max_length=1024)] = ""
    """Its name for the findings; files that it calls are looked for beside it."""
    inputs: dict[str, Any] | None = None
    """Values of its inputs by name."""
    assume: Annotated[dict[str, str], Field(max_length=100)] | None = None
    """How jobs are taken to end instead of with success, such as `{"test": "failure"}`."""
    files: Annotated[dict[str, str], Field(max_length=100)] | None = None
    """Texts by path of the files that it calls."""


class PlaceShape(Shape):
    """A stretch of a file. Lines and columns count from 1, in characters."""

    line: int
    column: int
    end_line: int
    end_column: int
    """Where the character behind the last one stands."""


class EditShape(PlaceShape):
    """Text to put in the place of other text."""

    text: str


class FixShape(Shape):
    """Edits that mend a finding for sure."""

    description: str
    edits: list[EditShape]


class RelatedShape(PlaceShape):
    """Another place that explains a finding."""

    message: str


class SourceFindingShape(PlaceShape):
    """One thing to say about a workflow file."""

    file: str | None
    path: str
    """The place as a path, such as `jobs.deploy.needs[1]`; empty for the whole file."""
    code: str
    """A word that never changes its meaning, such as `E011`."""
    severity: Severity
    message: str
    hint: str | None
    """What to write instead."""
    fix: FixShape | None
    related: list[RelatedShape]


class FindingCounts(Shape):
    """How many findings there are."""

    error: int
    warning: int
    info: int


class WorkflowCheckShape(Shape):
    """What was found in a workflow file."""

    valid: bool
    """Whether it has no errors; warnings do not count."""
    file: str | None
    counts: FindingCounts
    findings: list[SourceFindingShape]
    """From the top of the file to its end, at most 100."""
    input_findings: list[FindingShape]
    """Why a file in order cannot be planned with the inputs given."""


class WorkflowPlanShape(WorkflowCheckShape):
    """What a workflow would do."""

    plan: dict[str, Any]
    """Jobs, nodes, order, conditions and what each would run, as far as it is known."""
    text: str
    """The same for people."""
    mermaid: str
    """The graph of jobs for Mermaid."""
    dot: str
    """The graph of jobs for Graphviz."""


class WorkflowProblemDetail(Shape):
    """What is wrong with the file."""

    code: Literal["invalid_workflow"]
    message: str
    hint: str
    retryable: bool
    findings: list[SourceFindingShape]
    """Everything that was found, warnings too."""


class WorkflowProblem(Shape):
    """A workflow file with errors."""

    error: WorkflowProblemDetail
