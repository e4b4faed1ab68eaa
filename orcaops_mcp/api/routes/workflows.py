"""Workflow files: checked and planned, nothing run; and the schemas that editors use."""

import json
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from core import InvalidSpecError, JobSpec, WorkflowCheck, workflow_schema
from orcaops_mcp.api import workflow_examples as examples
from orcaops_mcp.api.answers import answer, refusal
from orcaops_mcp.api.bodies import MAX_JSON_BYTES, MediaTypeError, bounded, fitted, media_type, read_object
from orcaops_mcp.api.document import json_content, problems, reply
from orcaops_mcp.api.models import workflow as shapes
from orcaops_mcp.api.models.problem import Problem
from orcaops_mcp.api.state import caller_of, engine_of
from orcaops_mcp.intake.workflow_file import FilesBelow, FilesGiven, checked
from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.views.problem import problem
from orcaops_mcp.views.workflow import check_view, finding_view, plan_document

router = APIRouter(prefix="/orcaops", tags=["workflows"])

_YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
_SCHEMA: Final = "application/schema+json"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": json_content("WorkflowBody", {"matrix": examples.REQUEST}),
            "application/yaml": {"schema": {"description": "The file itself; any YAML is looked at."}},
        },
    }
}
_SCHEMA_REPLY: Final[dict[str, Any]] = {
    "description": "The schema.",
    "content": {_SCHEMA: {"schema": {"type": "object"}, "example": {"type": "object"}}},
}


@router.post(
    "/workflows/validate",
    operation_id="validate_workflow",
    summary="Validate a workflow",
    response_model=None,
    responses={
        200: reply(shapes.WorkflowCheckShape, "What was found.", examples.CHECK),
        **problems(400, 413, 415, 422),
    },
    openapi_extra=_BODY,
)
async def validate_workflow(request: Request) -> Response:
    """Check a workflow file: every finding at once, with its place, a hint and, where it is sure, the mending edit.

    Changes nothing: a token that may only read is enough. A file with errors is an answer (`valid: false`).
    """
    return answer(check_view(await _checked(request)))


@router.post(
    "/workflows/plan",
    operation_id="plan_workflow",
    summary="Plan a workflow",
    response_model=None,
    responses={
        200: reply(shapes.WorkflowPlanShape, "What it would do.", examples.PLAN),
        **problems(400, 413, 415),
        422: reply(shapes.WorkflowProblem | Problem, "The file has errors, or its inputs have.", examples.PROBLEM),
    },
    openapi_extra=_BODY,
)
async def plan_workflow(request: Request) -> Response:
    """Say what a workflow would do: order, variants, conditions, images, what each job would run.

    Every job that runs is taken to succeed, unless `assume` says otherwise. Runs and changes nothing: a token that may
    only read is enough.
    """
    check = await _checked(request)
    if not check.is_valid:
        return _refused(check)
    if check.plan is None:
        sentence = "; ".join(map(str, check.input_findings[:5]))
        hint = "Correct the inputs named and ask again."
        raise InvalidSpecError(sentence, hint=hint, findings=check.input_findings)
    return answer(check_view(check) | plan_document(check.plan))


@router.get(
    "/schemas/workflow",
    operation_id="workflow_schema",
    summary="JSON Schema of a workflow",
    response_class=Response,
    response_model=None,
    responses={200: _SCHEMA_REPLY, **problems()},
)
async def schema_of_workflows() -> Response:
    """What a workflow file may hold, as JSON Schema (draft-07) for editors."""
    return Response(compact_json(workflow_schema()), media_type=_SCHEMA)


@router.get(
    "/schemas/job",
    operation_id="job_schema",
    summary="JSON Schema of a job",
    response_class=Response,
    response_model=None,
    responses={200: _SCHEMA_REPLY, **problems()},
)
async def schema_of_jobs() -> Response:
    """What a job's specification holds once it was accepted, as JSON Schema."""
    return Response(compact_json(JobSpec.model_json_schema()), media_type=_SCHEMA)


async def _checked(request: Request) -> WorkflowCheck:
    kind = media_type(request)
    if kind in _YAML:
        text = b"".join([piece async for piece in bounded(request, MAX_JSON_BYTES)])
        below = _folder_of(request)
        return await checked(text, load=below.load if below else None)
    if kind != "application/json":
        hint = "Send application/yaml, the file itself, or application/json with the file's text in the field spec."
        raise MediaTypeError(f"The body is {kind[:60] or 'of no type'}; a workflow is YAML or JSON.", hint=hint)
    body = fitted(await read_object(request), shapes.WorkflowBody)
    text = body.spec if isinstance(body.spec, str) else json.dumps(body.spec, indent=2, ensure_ascii=False)
    files = FilesGiven(body.files) if body.files is not None else _folder_of(request)
    load = files.load if files is not None else None
    return await checked(text, body.file_name, inputs=body.inputs, load=load, assume=body.assume)


def _folder_of(request: Request) -> FilesBelow | None:
    folder = caller_of(request).folder
    return FilesBelow(folder, engine_of(request).settings.home) if folder is not None else None


def _refused(check: WorkflowCheck) -> Response:
    errors = sum(finding.severity == "error" for finding in check.findings)
    message = f"The workflow has {errors} error{'' if errors == 1 else 's'}."
    hint = "Mend what the findings name and ask again."
    detail = problem("invalid_workflow", message, hint=hint)
    return refusal(detail | {"findings": [finding_view(finding) for finding in check.findings]}, 422)
