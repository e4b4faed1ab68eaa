"""Workflow files: checked and planned, nothing run; and the schemas that editors use."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from core import workflow_schema
from orcaops_mcp.api import workflow_examples as examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.document import problems, reply
from orcaops_mcp.api.models import workflow as shapes
from orcaops_mcp.api.models.problem import Problem
from orcaops_mcp.api.workflow_requests import checked_body, refused_file, refused_inputs, workflow_body
from orcaops_mcp.intake.job_schema import job_schema
from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.views.workflow import check_view, plan_document

router = APIRouter(prefix="/orcaops", tags=["workflows"])

_SCHEMA: Final = "application/schema+json"
_BODY: Final = workflow_body("WorkflowBody", {"matrix": examples.REQUEST})
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
    return answer(check_view(await checked_body(request)))


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
    check = await checked_body(request)
    if not check.is_valid:
        return refused_file(check)
    if check.plan is None:
        raise refused_inputs(check)
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
    """What a request for a job may say, as JSON Schema."""
    return Response(compact_json(job_schema()), media_type=_SCHEMA)
