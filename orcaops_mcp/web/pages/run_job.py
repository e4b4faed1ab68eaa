"""Run a job, from nothing or from one that ran: a form, its faults at their fields, and the same from a terminal."""

import secrets
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from core import Finding, IdempotencyConflictError, InvalidSpecError, JobSpec, OrcaOpsError, Submitted
from orcaops_mcp.intake.job_request import canonical, spec_of
from orcaops_mcp.views.problem import problem_view
from orcaops_mcp.web.job_form import NETWORKS, PROFILES, WAYS, JobForm, by_field, equivalent
from orcaops_mcp.web.problems import problem_of, status_of
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.security import ReadOnlyCallerError, form_of, text_field
from orcaops_mcp.web.state import acting_as, caller_of, engine_of

router = APIRouter()

_LONGEST_KEY: Final = 64
_PREFIX: Final = "ui-"


@router.get("/jobs/new")
async def fill_in(request: Request) -> Response:
    """The form; with ``from`` filled with what an earlier job ran."""
    if not caller_of(request).may_change:
        raise ReadOnlyCallerError("You may look at everything and change nothing.")
    form = JobForm.empty(request.query_params.get("image", "")[:500])
    if earlier := request.query_params.get("from"):
        form = JobForm.from_spec((await engine_of(request).get_job(earlier)).spec, earlier)
    return await _page(request, form)


@router.post("/jobs/new")
async def submit(request: Request) -> Response:
    """Run what the form says and go to the job; or only check it, if that was asked for."""
    sent = await form_of(request)
    form = JobForm.of(sent)
    is_check = text_field(sent, "do") == "check"
    try:
        spec = await _spec(request, form)
        if is_check:
            await engine_of(request).admit(spec, folder=caller_of(request).folder, by=acting_as(request))
            return await _page(request, form, checked=spec)
        submitted = await _submitted(request, form, spec, text_field(sent, "key")[:_LONGEST_KEY])
    except OrcaOpsError as error:
        return await _page(request, form, refused=error)
    return RedirectResponse(f"/jobs/{submitted.job.job_id}", 303)


@router.post("/jobs/new/equivalent")
async def same_elsewhere(request: Request) -> Response:
    """What the form says as a command, and what is wrong with it, for a page that shows both while one types."""
    form = JobForm.of(await form_of(request))
    try:
        spec = await _spec(request, form)
    except OrcaOpsError as error:
        return JSONResponse({"command": "", "problems": _faults(error)})
    return JSONResponse({"command": equivalent(spec), "problems": {}})


async def _spec(request: Request, form: JobForm) -> JobSpec:
    """The spec that the form stands for.

    Raises:
        InvalidSpecError: With a finding for every fault.
        OrcaOpsError: As `spec_of`, and where the job to repeat is gone.
    """
    engine, caller = engine_of(request), caller_of(request)
    if not form.source:
        fields, faults = form.request()
        try:
            spec = await spec_of(engine, fields, caller)
        except InvalidSpecError as error:
            raise _with(error, faults) from None
    else:
        changes, faults = form.changes_to((await engine.get_job(form.source)).spec)
        try:
            spec = await engine.rerun_spec(form.source, await canonical(engine, changes, caller), folder=caller.folder)
        except InvalidSpecError as error:
            raise _with(error, faults) from None
    if faults:
        raise _with(InvalidSpecError(""), faults)
    return spec


async def _submitted(request: Request, form: JobForm, spec: JobSpec, key: str) -> Submitted:
    """The job, accepted; a form that is sent twice is one job, and one that was changed in between is another."""
    engine, by, folder = engine_of(request), acting_as(request), caller_of(request).folder

    async def submit_as(idempotency_key: str | None) -> Submitted:
        if not form.source:
            return await engine.submit_job(spec, by=by, idempotency_key=idempotency_key, folder=folder)
        changes, _ = form.changes_to((await engine.get_job(form.source)).spec)
        changes = await canonical(engine, changes, caller_of(request))
        return await engine.rerun_job(
            form.source, changes=changes, by=by, idempotency_key=idempotency_key, folder=folder
        )

    if not key:
        return await submit_as(None)
    try:
        return await submit_as(_PREFIX + key)
    except IdempotencyConflictError:
        return await submit_as(None)


async def _page(
    request: Request, form: JobForm, *, refused: OrcaOpsError | None = None, checked: JobSpec | None = None
) -> Response:
    faults = _faults(refused) if refused else {}
    problem = None
    if refused is not None:
        problem = problem_of(refused) if not faults else None
        if faults.get(""):
            problem = problem_view(InvalidSpecError("; ".join(faults[""])))
    return render(
        request,
        "run_job.html",
        status=status_of(refused) if refused else 200,
        form=form,
        ways=WAYS,
        networks=NETWORKS,
        profiles=PROFILES,
        faults=faults,
        problem=problem,
        command=equivalent(checked) if checked else await _command(request, form),
        is_checked=checked is not None,
        key=secrets.token_urlsafe(12),
        runtimes=sorted(engine_of(request).runtimes),
    )


async def _command(request: Request, form: JobForm) -> str:
    """The form as a command; nothing while it is not valid."""
    try:
        return equivalent(await _spec(request, form))
    except OrcaOpsError:
        return ""


def _faults(error: OrcaOpsError) -> dict[str, Any]:
    """What is wrong by field; nothing where the error names no place."""
    if error.findings:
        return dict(by_field(error.findings))
    return {"": [error.message]} if isinstance(error, InvalidSpecError) else {}


def _with(error: InvalidSpecError, faults: list[Finding]) -> InvalidSpecError:
    findings = (*faults, *error.findings)
    return InvalidSpecError("; ".join(map(str, findings)), findings=findings)
