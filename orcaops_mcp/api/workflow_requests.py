"""Workflow files and runs as callers ask for them over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from core import InvalidArgumentError, InvalidSpecError, RerunRequest, RerunSource, WorkflowRequest
from orcaops_mcp.api.answers import refusal
from orcaops_mcp.api.bodies import MAX_JSON_BYTES, MediaTypeError, bounded, fitted, media_type, read_object
from orcaops_mcp.api.document import json_content
from orcaops_mcp.api.models.workflow import WorkflowBody
from orcaops_mcp.api.models.workflow_ask import RerunWorkflowBody, RunWorkflowBody
from orcaops_mcp.api.state import caller_of, engine_of
from orcaops_mcp.intake.job_request import input_files
from orcaops_mcp.intake.template import named_version
from orcaops_mcp.intake.workflow_file import FilesBelow, FilesGiven, checked
from orcaops_mcp.intake.workflow_request import Asked, FromTemplate, FromText, asked
from orcaops_mcp.views.problem import problem
from orcaops_mcp.views.workflow import finding_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from core import WorkflowCheck

_YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})


def workflow_body(name: str, examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A request body that is JSON, or a workflow file as it is; for ``openapi_extra``.

    Args:
        name: Of the JSON's model.
        examples: Of the JSON, by name.
    """
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": json_content(name, examples),
                "application/yaml": {"schema": {"description": "The file itself; any YAML is looked at."}},
            },
        }
    }


async def checked_body(request: Request) -> WorkflowCheck:
    """The check of the workflow file in a body.

    Raises:
        RequestError: The body cannot be read.
        InvalidArgumentError: It does not fit, or what is assumed names no job.
    """
    text = await _file_in(request)
    if text is not None:
        below = _folder_of(request)
        return await checked(text, load=below.load if below else None)
    body = fitted(await read_object(request), WorkflowBody)
    files = FilesGiven(body.files) if body.files is not None else _folder_of(request)
    load = files.load if files is not None else None
    return await checked(_text_of(body.spec), body.file_name, inputs=body.inputs, load=load, assume=body.assume)


async def asked_run(request: Request) -> Asked:
    """The run that a body asks for, checked, with the files that are put into its jobs.

    Raises:
        RequestError: The body cannot be read.
        InvalidArgumentError: It does not fit; or as `asked`.
        OrcaOpsError: As `input_files`, for uploads and the workspace.
    """
    engine, caller = engine_of(request), caller_of(request)
    text = await _file_in(request)
    if text is not None:
        try:
            return await asked(engine, FromText(text.decode("utf-8-sig")), caller)
        except UnicodeDecodeError:  # the check says where
            return Asked(await checked(text), WorkflowRequest(text=""))
    body = fitted(await read_object(request), RunWorkflowBody)
    found = await asked(engine, _source_of(body), caller, inputs=body.inputs)
    files = await input_files(engine, caller, workspace=body.workspace, uploads=body.upload_id)
    chosen = replace(
        found.request,
        context=body.context,
        name=body.name,
        max_parallel=body.max_parallel,
        priority=body.priority,
        tags=tuple(body.tags),
        workspace=files,
    )
    return Asked(found.check, chosen)


async def asked_rerun(request: Request, body: RerunWorkflowBody) -> tuple[RerunRequest, WorkflowCheck | None]:
    """The rerun that a body asks for, and the check of the changed file if there is one.

    Raises:
        InvalidArgumentError: The changed file calls one that cannot be read.
    """
    source: RerunSource | None = None
    check: WorkflowCheck | None = None
    if body.spec is not None:
        given = FromText(_text_of(body.spec), body.file_name, body.files)
        found = await asked(engine_of(request), given, caller_of(request))
        check = found.check
        source = RerunSource(text=found.request.text, file_name=body.file_name, files=found.request.files)
    return RerunRequest(
        selection=body.selection,
        jobs=tuple(body.jobs),
        only=body.only,
        skip=body.skip,
        inputs=body.inputs,
        source=source,
        include_tolerated=body.include_tolerated,
        new_run=body.new_run,
    ), check


def refused_file(check: WorkflowCheck) -> Response:
    """The answer to a file with errors: every finding, as a validation gives them."""
    errors = sum(finding.severity == "error" for finding in check.findings)
    message = f"The workflow has {errors} error{'' if errors == 1 else 's'}."
    hint = "Mend what the findings name and ask again."
    detail = problem("invalid_workflow", message, hint=hint)
    return refusal(detail | {"findings": [finding_view(finding) for finding in check.findings]}, 422)


def refused_inputs(check: WorkflowCheck) -> InvalidSpecError:
    """The error for inputs that do not fit a file in order."""
    sentence = "; ".join(map(str, check.input_findings[:5]))
    hint = "Correct the inputs named and ask again."
    return InvalidSpecError(sentence, hint=hint, findings=check.input_findings)


def _source_of(body: RunWorkflowBody) -> FromText | FromTemplate:
    if (body.spec is None) == (body.template is None):
        raise InvalidArgumentError("spec: give exactly one of spec and template")
    if body.template is not None:
        return FromTemplate(*named_version(body.template))
    return FromText(_text_of(body.spec or ""), body.file_name, body.files)


async def _file_in(request: Request) -> bytes | None:
    """The workflow file, if the body is one; None if it is JSON."""
    kind = media_type(request)
    if kind in _YAML:
        return b"".join([piece async for piece in bounded(request, MAX_JSON_BYTES)])
    if kind != "application/json":
        hint = "Send application/yaml, the file itself, or application/json with the file's text in the field spec."
        raise MediaTypeError(f"The body is {kind[:60] or 'of no type'}; a workflow is YAML or JSON.", hint=hint)
    return None


def _text_of(spec: str | dict[str, Any]) -> str:
    return spec if isinstance(spec, str) else json.dumps(spec, indent=2, ensure_ascii=False)


def _folder_of(request: Request) -> FilesBelow | None:
    folder = caller_of(request).folder
    return FilesBelow(folder, engine_of(request).settings.home) if folder is not None else None
