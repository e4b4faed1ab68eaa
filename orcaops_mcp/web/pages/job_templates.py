"""Templates: what was saved, and a form of each with its typed inputs."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import IdempotencyConflictError, OrcaOpsError, Template
from orcaops_mcp.intake.template import spec_of_template
from orcaops_mcp.views.template import template_view
from orcaops_mcp.web.equivalents import request_yaml
from orcaops_mcp.web.problems import problem_of, status_of
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.security import ReadOnlyCallerError, form_of, text_field
from orcaops_mcp.web.state import acting_as, caller_of, engine_of

router = APIRouter()

_ROWS: Final = 50
_INPUT: Final = "input."
_LONGEST_KEY: Final = 64


@router.get("/templates")
async def templates(request: Request) -> Response:
    """What was saved, by name."""
    page = await engine_of(request).list_templates(limit=_ROWS, cursor=request.query_params.get("after") or None)
    rows = [template_view(template) for template in page.items]
    older = f"/templates?after={page.next_cursor}" if page.next_cursor else None
    is_first = "after" not in request.query_params
    return render(request, "templates.html", rows=rows, older=older, newest=None if is_first else "/templates")


@router.get("/templates/{name}")
async def template(request: Request, name: str) -> Response:
    """One template: what it runs, and its inputs to fill in."""
    found = await engine_of(request).get_template(name, _version(request.query_params.get("version", "")))
    return _page(request, found, {})


@router.post("/templates/{name}/run")
async def run(request: Request, name: str) -> Response:
    """Put the inputs in and submit the job."""
    engine, caller, sent = engine_of(request), caller_of(request), await form_of(request)
    found = await engine.get_template(name, _version(text_field(sent, "version")))
    given = {key: value for key, value in sent.items() if key.startswith(_INPUT) and isinstance(value, str)}
    chosen = {key.removeprefix(_INPUT): value.replace("\r\n", "\n") for key, value in given.items() if value.strip()}
    key = f"ui-{text_field(sent, 'key')[:_LONGEST_KEY]}" if text_field(sent, "key") else None
    by, folder = acting_as(request), caller.folder
    try:
        spec, use = await spec_of_template(engine, name, chosen, found.version, caller)
        try:
            submitted = await engine.submit_job(spec, by=by, idempotency_key=key, folder=folder, template=use)
        except IdempotencyConflictError:  # the form was sent before, and changed since
            submitted = await engine.submit_job(spec, by=by, folder=folder, template=use)
    except OrcaOpsError as error:
        return _page(request, found, chosen, refused=error)
    return RedirectResponse(f"/jobs/{submitted.job.job_id}", 303)


@router.get("/templates/{name}/delete")
async def confirm_delete(request: Request, name: str) -> Response:
    """Whether the template shall go."""
    if not caller_of(request).may_change:
        raise ReadOnlyCallerError("You may look at everything and change nothing.")
    found = await engine_of(request).get_template(name)
    return render(
        request,
        "confirm.html",
        action=f"/templates/{found.name}/delete",
        heading="Delete this template?",
        question="All its versions go for good. Jobs that were made of it stay.",
        subject=found.name,
        subject_id="",
        verb="Delete for good",
        icon="trash-2",
        back="Keep it",
        next=f"/templates/{found.name}",
        is_dangerous=True,
        asks_reason=False,
        other=None,
    )


@router.post("/templates/{name}/delete")
async def delete(request: Request, name: str) -> Response:
    """Remove the template with all its versions."""
    await engine_of(request).delete_template(name)
    return RedirectResponse("/templates", 303)


def _page(
    request: Request, found: Template, chosen: Mapping[str, str], *, refused: OrcaOpsError | None = None
) -> Response:
    faults: dict[str, list[str]] = {}
    for finding in refused.findings if refused else ():
        first, _, rest = finding.path.partition(".")
        is_input = first == "inputs" and rest.partition(".")[0] in found.spec.inputs
        words = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
        faults.setdefault(rest.partition(".")[0] if is_input else "", []).append(words)
    problem: dict[str, Any] | None = problem_of(refused) if refused and (not faults or "" in faults) else None
    return render(
        request,
        "template.html",
        status=status_of(refused) if refused else 200,
        template=template_view(found),
        inputs=found.spec.inputs,
        text=found.spec.workflow.text if found.spec.workflow else request_yaml(found.spec.job or {}),
        chosen=chosen,
        faults=faults,
        problem=problem,
        key=secrets.token_urlsafe(12),
        versions=range(found.version, found.oldest_version - 1, -1),
    )


def _version(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
