"""Templates: job requests and workflow files that were saved under a name, with typed inputs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, cast

from pydantic import Field, JsonValue, TypeAdapter, ValidationError, model_validator

from core.errors import Finding
from core.spec.base import Frozen
from core.spec.fields import Name
from core.spec.inputs import MAX_INPUTS, Description, InputName, InputSpec
from core.spec.load import findings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEMPLATE_BYTES: Final = 256 * 1024
"""A template as JSON; of a workflow with all the files it calls."""

_MAX_LEVELS: Final = 32
_INPUT: Final = TypeAdapter(InputSpec)
_NAME: Final = TypeAdapter(InputName)
_UNREADABLE: Final = InputSpec(type="json")
_ONE_OF_BOTH: Final = "a template holds a job or a workflow, one of them"


class WorkflowText(Frozen):
    """A workflow file, with the files it calls."""

    text: str
    """The file."""
    file_name: str = ""
    """What it is called; files that it calls are looked for beside it."""
    files: dict[str, str] = Field(default_factory=dict[str, str])
    """Texts of the files it calls, by their paths from where the file is."""


_NESTED: Final[Mapping[int | str, tuple[str, ...]]] = {
    "inputs": tuple(InputSpec.model_fields),
    "workflow": tuple(WorkflowText.model_fields),
}


class TemplateSpec(Frozen):
    """A job request or a workflow file with typed inputs, saved under a name."""

    name: Name
    description: Description = ""
    """What it is for."""
    inputs: Annotated[dict[InputName, InputSpec], Field(max_length=MAX_INPUTS)] = Field(
        default_factory=dict[str, InputSpec]
    )
    """What whoever runs it may choose; a workflow's are those that its file declares."""
    job: dict[str, JsonValue] | None = None
    """The job request; its texts may hold `${{ inputs.NAME }}`."""
    workflow: WorkflowText | None = None
    """The workflow, instead of a job."""

    @property
    def kind(self) -> Literal["job", "workflow"]:
        """What is run."""
        return "job" if self.workflow is None else "workflow"

    @model_validator(mode="after")
    def _holds_one(self) -> TemplateSpec:
        if (self.job is None) == (self.workflow is None):
            raise ValueError(_ONE_OF_BOTH)
        return self


class TemplateDraft(NamedTuple):
    """A template as far as it could be read, so that the rest can be checked too.

    Attributes:
        spec: With stand-ins for what is at fault.
        findings: What is at fault; only without any may the spec be kept.
    """

    spec: TemplateSpec
    findings: tuple[Finding, ...]


def read_template(request: Mapping[str, Any]) -> TemplateDraft:
    """Read a template, without a look at the expressions of its job or at what its workflow says.

    Args:
        request: Fields of `TemplateSpec`; plain data. ``workflow`` may be the text of the file alone.
    """
    if _is_too_deep(request):
        return _nothing(Finding("", f"more than {_MAX_LEVELS} levels of lists and objects"))
    if len(_dump(request)) > MAX_TEMPLATE_BYTES:
        hint = "Send large files as an upload, and name it in the job's files."
        return _nothing(Finding("", f"larger than {MAX_TEMPLATE_BYTES // 1024} KiB as JSON", hint))
    if isinstance(request.get("workflow"), str):
        request = {**request, "workflow": {"text": request["workflow"]}}
    try:
        return TemplateDraft(TemplateSpec.model_validate(dict(request)), ())
    except ValidationError as error:
        found = [item for item in findings_of(error, tuple(TemplateSpec.model_fields), _NESTED) if item.path]
        return TemplateDraft(_salvaged(request), (*map(_in_our_words, found), *_holds_one(request)))


def _holds_one(request: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Whether there is something to run; told also beside other faults."""
    job, workflow = request.get("job"), request.get("workflow")
    if job is None and workflow is None:
        return (Finding("job", "required, and missing", "Give job, the request of a job, or workflow, a file's text."),)
    both = job is not None and workflow is not None
    return (Finding("workflow", _ONE_OF_BOTH, "Save two templates."),) if both else ()


def _in_our_words(finding: Finding) -> Finding:
    """Inputs, job and workflow are objects only, other than the variables of a job."""
    is_object = finding.path in {"inputs", "job", "workflow"} and finding.message.startswith("must be an object")
    return replace(finding, message="must be an object") if is_object else finding


def _salvaged(request: Mapping[str, Any]) -> TemplateSpec:
    """What can be read of a template that has faults."""
    inputs, job = request.get("inputs"), request.get("job")
    readable: dict[str, InputSpec] = {}
    if isinstance(inputs, dict):
        for name, declared in list(cast("dict[object, object]", inputs).items())[:MAX_INPUTS]:
            if isinstance(name, str):
                readable[name] = _readable(name, declared)
    if job is None and request.get("workflow") is not None:
        workflow = _readable_workflow(request["workflow"])
        return TemplateSpec.model_construct(name="template", description="", inputs=readable, workflow=workflow)
    fields = cast("dict[str, JsonValue]", job) if isinstance(job, dict) else {}
    return TemplateSpec.model_construct(name="template", description="", inputs=readable, job=fields)


def _readable_workflow(given: object) -> WorkflowText | None:
    try:
        return WorkflowText.model_validate(given)
    except ValidationError:
        return None


def _readable(name: str, declared: object) -> InputSpec:
    try:
        _NAME.validate_python(name)
        return _INPUT.validate_python(declared)
    except ValidationError:
        return _UNREADABLE


def _nothing(finding: Finding) -> TemplateDraft:
    return TemplateDraft(TemplateSpec(name="template", job={}), (finding,))


def _is_too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(_MAX_LEVELS):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below += cast("dict[object, object]", item).values()
            elif isinstance(item, (list, tuple)):
                below += cast("list[object]", item)
        if not below:
            return False
        level = below
    return True


def _dump(request: Mapping[str, Any]) -> bytes:
    return json.dumps(request, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "replace")
