"""Templates: save, list, see, run and delete job requests with typed inputs."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from core import Finding, SavedTemplate
from orcaops_mcp.api import examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import read_model, read_object, refused_arguments
from orcaops_mcp.api.document import header, json_body, problems, reply
from orcaops_mcp.api.models import job as job_shapes
from orcaops_mcp.api.models import template as shapes
from orcaops_mcp.api.models.template import TemplateName
from orcaops_mcp.api.records import accepted
from orcaops_mcp.api.routes.jobs import Key
from orcaops_mcp.api.state import caller_of, engine_of
from orcaops_mcp.intake.template import save, spec_of_template
from orcaops_mcp.views.job import admitted_view
from orcaops_mcp.views.template import template_row, template_view

router = APIRouter(prefix="/orcaops/templates", tags=["templates"])

_LOCATION: Final = {"Location": header("Where the template is.")}
_JOB_LOCATION: Final = {"Location": header("Where the job is.")}
_FIELDS: Final[dict[str, Any]] = {
    "description": "Unit tests of a Python project.",
    "inputs": {
        "python": {"type": "choice", "options": ["3.11", "3.12"], "default": "3.12"},
        "marker": {"type": "string", "pattern": "[a-z_ ]*", "description": "Only tests with this marker."},
    },
    "job": {
        "image": "python:${{ inputs.python }}-slim",
        "env": {"MARKER": "${{ inputs.marker }}"},
        "script": 'python --version && echo "marker: $MARKER"',
    },
}
_RUN: Final = {"inputs": {"python": "3.11", "marker": "not slow"}}
_SAVED: Final[dict[int | str, dict[str, Any]]] = {
    201: reply(shapes.SavedTemplateShape, "Saved, as a further version.", examples.SAVED_TEMPLATE, headers=_LOCATION),
    200: reply(
        shapes.SavedTemplateShape,
        "The newest version says the same already.",
        {**examples.SAVED_TEMPLATE, "changed": False},
        headers=_LOCATION,
    ),
}


@router.get(
    "",
    operation_id="list_templates",
    summary="List templates",
    response_model=None,
    responses={200: reply(shapes.TemplateList, "A page of templates.", examples.TEMPLATES), **problems(422)},
)
async def list_templates(request: Request, query: Annotated[shapes.TemplateListQuery, Query()]) -> Response:
    """Templates in their newest version, by name, without their jobs."""
    page = await engine_of(request).list_templates(limit=query.limit, cursor=query.cursor)
    return answer({"items": [template_row(item) for item in page.items], "next_cursor": page.next_cursor})


@router.post(
    "",
    operation_id="save_template",
    status_code=201,
    summary="Save a template",
    response_model=None,
    responses={**_SAVED, **problems(400, 409, 413, 415, 422)},
    openapi_extra={
        "requestBody": json_body("TemplateBody", {"unit_tests": {"name": "unit-tests", **_FIELDS, "overwrite": True}})
    },
)
async def save_template(request: Request) -> Response:
    """Keep a job request under a name, with typed inputs.

    Names, expressions, defaults and the literal parts of the job are checked; `findings` has every fault. The last 20
    versions of a template are kept.
    """
    fields = await read_object(request)
    overwrite = _flag(fields.pop("overwrite", False))
    return await _saved(request, fields, overwrite=overwrite)


@router.get(
    "/{name}",
    operation_id="get_template",
    summary="See a template",
    response_model=None,
    responses={200: reply(shapes.TemplateShape, "The template.", examples.TEMPLATE), **problems(404, 422)},
)
async def get_template(
    request: Request, name: TemplateName, query: Annotated[shapes.TemplateQuery, Query()]
) -> Response:
    """The template with its inputs and its job, in the newest version or the one named."""
    return answer(template_view(await engine_of(request).get_template(name, query.version)))


@router.put(
    "/{name}",
    operation_id="put_template",
    status_code=201,
    summary="Save or replace a template",
    response_model=None,
    responses={**_SAVED, **problems(400, 413, 415, 422)},
    openapi_extra={"requestBody": json_body("TemplateFields", {"unit_tests": _FIELDS})},
)
async def put_template(request: Request, name: TemplateName) -> Response:
    """Make this the newest version of the template, whether there is one or not."""
    fields = await read_object(request)
    if "name" in fields:
        raise refused_arguments([Finding("name", "stands in the path; leave it out")])
    return await _saved(request, {"name": name, **fields}, overwrite=True)


@router.delete(
    "/{name}",
    operation_id="delete_template",
    summary="Delete a template",
    response_model=None,
    responses={
        200: reply(shapes.DeletedTemplate, "It is gone.", {"deleted": True, "name": "unit-tests", "version": 2}),
        **problems(404),
    },
)
async def delete_template(request: Request, name: TemplateName) -> Response:
    """Delete a template with all its versions. Jobs that came of it stay as they are."""
    gone = await engine_of(request).delete_template(name)
    return answer({"deleted": True, "name": gone.name, "version": gone.version})


@router.post(
    "/{name}/run",
    operation_id="run_template",
    status_code=201,
    summary="Run a template",
    response_model=None,
    responses={
        201: reply(
            job_shapes.AcceptedJob,
            "Accepted; it survives anything from here on.",
            examples.ACCEPTED_FROM_TEMPLATE,
            headers=_JOB_LOCATION,
        ),
        200: reply(
            job_shapes.AcceptedJob | job_shapes.AdmittedSpec,
            "The idempotency key was used before: the first call's job. Or a dry run.",
            {**examples.ACCEPTED_FROM_TEMPLATE, "replayed": True},
        ),
        **problems(400, 404, 409, 413, 415, 422),
    },
    openapi_extra={"requestBody": json_body("RunTemplateBody", {"chosen": _RUN}, required=False)},
)
async def run_template(
    request: Request,
    name: TemplateName,
    query: Annotated[shapes.RunTemplateQuery, Query()],
    idempotency_key: Key = None,
) -> Response:
    """Put the inputs into the template and submit the job, as POST /orcaops/jobs does.

    All inputs that are wrong are told at once. The job's record names template, version and inputs.
    """
    engine, caller = engine_of(request), caller_of(request)
    body = await read_model(request, shapes.RunTemplateBody, required=False)
    spec, use = await spec_of_template(engine, name, body.inputs, body.version, caller)
    if query.dry_run:
        admitted = await engine.admit(spec, folder=caller.folder, by=caller.name)
        return answer(admitted_view(admitted, engine.remarks_on(admitted)))
    submitted = await engine.submit_job(
        spec, by=caller.name, idempotency_key=idempotency_key, folder=caller.folder, template=use
    )
    return await accepted(engine, submitted, query.wait_s)


async def _saved(request: Request, fields: dict[str, Any], *, overwrite: bool) -> Response:
    saved: SavedTemplate = await save(engine_of(request), fields, caller_of(request), overwrite=overwrite)
    content = template_view(saved.template) | {"changed": saved.is_changed}
    place = {"Location": f"/orcaops/templates/{saved.template.name}"}
    return answer(content, 201 if saved.is_changed else 200, place)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise refused_arguments([Finding("overwrite", "must be true or false")])
    return value
