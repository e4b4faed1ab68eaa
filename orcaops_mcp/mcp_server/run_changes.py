"""From the arguments of a rerun of a workflow to what the engine is asked: selection, changed file, changed inputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core import InvalidArgumentError, InvalidSpecError, RerunRequest, RerunSource, WorkflowCheck, findings_of
from orcaops_mcp.intake.workflow_request import FromPath, FromText, asked
from orcaops_mcp.mcp_server.untrusted import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core import Engine, WorkflowSource
    from orcaops_mcp.intake.caller import Caller

Start = Literal["", "failed", "start"]


class TextEdit(BaseModel):
    """Text of the workflow's file that stands there once, and what takes its place."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    old: Annotated[str, Field(min_length=1)]
    new: str


class RunChanges(BaseModel):
    """What is otherwise than in the attempt before."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    edits: Annotated[tuple[TextEdit, ...], Field(max_length=100)] = ()
    spec: str = ""
    path: str = ""
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    skip: dict[str, dict[str, str]] = Field(default_factory=dict[str, "dict[str, str]"])
    only: bool = False
    include_tolerated: bool = False
    new_run: bool = False

    @field_validator("spec", mode="before")
    @classmethod
    def _an_object_is_json(cls, value: Any) -> Any:
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value


_NESTED: Final[Mapping[int | str, tuple[str, ...]]] = {"edits": tuple(TextEdit.model_fields)}


async def rerun_request(
    engine: Engine, workflow_id: str, start: Start, jobs: Sequence[str], given: Mapping[str, Any], caller: Caller
) -> RerunRequest | WorkflowCheck:
    """What to ask the engine; or the check of a changed file that cannot be run.

    Args:
        engine: Has the run.
        workflow_id: The run.
        start: Where to begin; empty for what failed, or for the jobs named.
        jobs: To run again.
        given: What is changed, as it came.
        caller: Whose folder a path is taken from.

    Raises:
        InvalidSpecError: The changes have faults; with a finding for each.
        InvalidArgumentError: The arguments do not go together, or an edit does not fit the file.
        OrcaOpsError: As `Engine.workflow_source`.
    """
    changes = _read(given)
    source: RerunSource | None = None
    if changes.edits or changes.spec or changes.path:
        found = await _changed(engine, workflow_id, changes, caller)
        if isinstance(found, WorkflowCheck):
            return found
        source = found
    return RerunRequest(
        selection=_selection(start, jobs),
        jobs=tuple(jobs),
        only=changes.only,
        skip=changes.skip,
        inputs=changes.inputs,
        source=source,
        include_tolerated=changes.include_tolerated,
        new_run=changes.new_run,
        actor=caller.name,
    )


def _read(given: Mapping[str, Any]) -> RunChanges:
    try:
        changes = RunChanges.model_validate(dict(given))
    except ValidationError as error:
        findings = tuple(findings_of(error, tuple(RunChanges.model_fields), _NESTED))
        said = "; ".join(f"changes.{finding}" for finding in findings[:10])
        hint = f"Of a workflow may be changed: {', '.join(RunChanges.model_fields)}."
        raise InvalidSpecError(said, hint=hint, findings=findings) from None
    if sum(map(bool, (changes.edits, changes.spec, changes.path))) > 1:
        raise InvalidArgumentError("changes: give one of edits, spec and path")
    return changes


def _selection(start: Start, jobs: Sequence[str]) -> Literal["all", "failed", "jobs", "from"]:
    if not jobs:
        return "all" if start == "start" else "failed"
    if start == "start":
        hint = 'Leave "from" out to run these and what needs them; "failed" runs what failed as well.'
        raise InvalidArgumentError('jobs does not go with from="start", which runs all', hint=hint)
    return "from" if start == "failed" else "jobs"


async def _changed(
    engine: Engine, workflow_id: str, changes: RunChanges, caller: Caller
) -> RerunSource | WorkflowCheck:
    """The changed file, if it is in order."""
    run, stored = await engine.get_workflow(workflow_id), await engine.workflow_source(workflow_id)
    if changes.path:
        place = FromPath(changes.path)
    else:
        text = changes.spec or _edited(stored, changes.edits)
        place = FromText(text, stored.file_name, stored.files if changes.edits or caller.folder is None else None)
    found = await asked(engine, place, caller, inputs={**run.inputs, **changes.inputs})
    if not found.check.is_valid:
        return found.check
    request = found.request
    return RerunSource(text=request.text, file_name=request.file_name, files=request.files)


def _edited(source: WorkflowSource, edits: Sequence[TextEdit]) -> str:
    text = source.text
    for number, edit in enumerate(edits):
        times = text.count(edit.old)
        if times != 1:
            said = f"changes.edits.{number}.old: stands in the file {f'{times} times' if times else 'nowhere'}"
            hint = "Quote the file's text exactly, with as much around it as makes it the only place."
            raise InvalidArgumentError(f"{said}: {one_line(edit.old, 100)}", hint=hint)
        text = text.replace(edit.old, edit.new)
    return text
