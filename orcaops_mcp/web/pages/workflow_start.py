"""Run a workflow from a text or a template: check it, see what it would do, run it."""

import json

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import OrcaOpsError
from orcaops_mcp.web.problems import status_of
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.security import ReadOnlyCallerError, form_of, text_field
from orcaops_mcp.web.state import acting_as, caller_of, engine_of
from orcaops_mcp.web.workflow_form import Judged, WorkflowForm, judged, refused, untouched

router = APIRouter()


@router.get("/workflows/new")
async def start_form(request: Request) -> Response:
    """The form; with ``from`` filled with an earlier run's file and inputs, with ``template`` for a saved workflow."""
    engine, caller, query = engine_of(request), caller_of(request), request.query_params
    if not caller.may_change:
        raise ReadOnlyCallerError("You may look at everything and change nothing.")
    form = WorkflowForm(template=query.get("template", ""))
    if earlier := query.get("from"):
        run, source = await engine.get_workflow(earlier), await engine.workflow_source(earlier)
        inputs = {name: _as_text(value) for name, value in run.inputs.items()}
        form = WorkflowForm(text=source.text, file_name=source.file_name, source=earlier, inputs=inputs)
    return await _page(request, await untouched(engine, form, caller))


@router.post("/workflows/new")
async def check_or_run(request: Request) -> Response:
    """Check the workflow; if that is wanted and nothing is wrong, run it and go to the run."""
    engine, caller = engine_of(request), caller_of(request)
    sent = await form_of(request)
    form = WorkflowForm.of(sent)
    try:
        found = await form.checked(engine, caller)
    except OrcaOpsError as error:
        return await _page(request, refused(form, error), status_of(error))
    told = await judged(form, found)
    if told.state == "wrong" or text_field(sent, "do") != "run":
        return await _page(request, told, 200 if text_field(sent, "do") != "run" else 422)
    try:
        submitted = await engine.run_workflow(form.request(found), by=acting_as(request), folder=caller.folder)
    except OrcaOpsError as error:
        return await _page(request, refused(form, error, told.facts), status_of(error))
    return RedirectResponse(f"/workflows/{submitted.run.workflow_id}", 303)


async def _page(request: Request, told: Judged, status: int = 200) -> Response:
    templates = await engine_of(request).list_templates(limit=100)
    saved = [each.name for each in templates.items if each.spec.workflow is not None]
    return render(request, "workflow_start.html", status=status, state=told.state, saved=saved, **told.facts)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
