"""Templates: what is saved, and what is run."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core import InputSpec, WorkflowText
from orcaops_mcp.api.models.base import Moment, Shape, Text
from orcaops_mcp.api.models.job import SubmitQuery

TemplateName = Annotated[str, Field(json_schema_extra={"examples": ["unit-tests"]})]
"""1 to 63 letters, digits, `_`, `.` or `-`, beginning with a letter or digit."""


class TemplateRow(Shape):
    """A template in a list."""

    name: TemplateName
    kind: Literal["job", "workflow"]
    """What it runs: a job by POST /orcaops/templates/{name}/run, a workflow by POST /orcaops/workflows."""
    version: int
    """Of the newest; grows with every save."""
    oldest_version: int
    """The oldest that is kept."""
    description: str
    inputs: dict[str, InputSpec]
    """What whoever runs it may choose, by name; a workflow's are those that its file declares."""
    saved_at: Moment
    saved_by: str


class TemplateShape(TemplateRow):
    """A template: every key is there, absent facts are null."""

    job: dict[str, Any] | None
    """The job request; its texts may hold `${{ inputs.NAME }}`."""
    workflow: WorkflowText | None
    """The workflow file, with the files it calls."""


class SavedTemplateShape(TemplateShape):
    """A template that was saved."""

    changed: bool
    """Whether a version was added: it was not if the newest one says the same."""


class TemplateList(Shape):
    """A page of templates, by name."""

    items: list[TemplateRow]
    next_cursor: str | None
    """Give it as `cursor` for the next page; null at the end."""


class DeletedTemplate(Shape):
    """What is gone."""

    deleted: Literal[True]
    name: TemplateName
    version: int
    """Of the newest one that was there."""


class TemplateFields(Shape):
    """A template without its name."""

    description: Annotated[str, Field(max_length=1000)] = ""
    """What it is for."""
    inputs: Annotated[dict[str, InputSpec], Field(max_length=100)] = Field(default_factory=dict[str, InputSpec])
    """What whoever runs it may choose, by name. Kept with the job's record: no place for secrets."""
    job: dict[str, Any] | None = None
    """A job request; its texts may hold `${{ inputs.NAME }}`. A text that is one expression keeps the value's type."""
    workflow: WorkflowText | str | None = None
    """Instead of inputs and job: a workflow file, as its text or with the files it calls."""


class TemplateBody(TemplateFields):
    """A template."""

    name: TemplateName
    overwrite: bool = False
    """Whether there may be a template of this name: this becomes its next version."""


class RunTemplateBody(Shape):
    """What to run it with."""

    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Values by name. Texts are read where numbers, booleans or JSON are wanted."""
    version: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    """Which version; the newest if left out."""


class TemplateListQuery(Shape):
    """Which templates."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    """At most so many."""
    cursor: Annotated[Text, Field(max_length=100)] | None = None
    """`next_cursor` of the page before."""


class TemplateQuery(Shape):
    """Which version."""

    version: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    """The newest if left out."""


class RunTemplateQuery(SubmitQuery):
    """How to submit."""
