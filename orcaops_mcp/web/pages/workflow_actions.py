"""Stop, repeat and delete runs of workflows. Each is asked about on a page of its own, which works without scripts."""

from typing import Any, Final, cast
from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import InvalidArgumentError, RequestError, RerunRequest, WorkflowNotFinishedError, WorkflowRun
from orcaops_mcp.views.workflow_run import rerun_plan_view
from orcaops_mcp.web.pages.asking import already_ended, ask
from orcaops_mcp.web.pages.login import safe_next
from orcaops_mcp.web.problems import problem_of
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.run_page import header_facts, look_at
from orcaops_mcp.web.security import ReadOnlyCallerError, form_of, text_field
from orcaops_mcp.web.state import acting_as, caller_of, engine_of
from orcaops_mcp.web.words import look_of

router = APIRouter(prefix="/workflows/{workflow_id}")

_LONGEST_REASON: Final = 500
_MOST_JOBS: Final = 256
_MOST_PREVIEWED: Final = 500
_SELECTIONS: Final = {
    "failed": "What did not succeed",
    "all": "All jobs",
    "from": "What did not succeed, and from the named jobs on",
    "jobs": "The named jobs and what depends on them",
}


@router.get("/cancel")
async def confirm_cancel(request: Request, workflow_id: str) -> Response:
    """Whether the run, or one job of it, shall be stopped."""
    run = await _run(request, workflow_id)
    if run.is_finished:
        return already_ended(request, "run", run.status)
    node = request.query_params.get("node", "")
    if node:
        await engine_of(request).workflow_node(workflow_id, node)
    return _question(
        request,
        run,
        f"cancel?node={quote(node, safe='')}" if node else "cancel",
        heading=f"Cancel the job {node}?" if node else "Cancel this run?",
        question="It is stopped, and the run goes on without it."
        if node
        else "What runs is stopped, and nothing more starts but jobs that always run. What has ended stays as it is.",
        verb="Cancel the job" if node else "Cancel the run",
        icon="square-x",
        back="Keep it running",
        is_dangerous=True,
        asks_reason=True,
    )


@router.post("/cancel")
async def cancel(request: Request, workflow_id: str) -> Response:
    """Ask for the run, or one job of it, to stop."""
    form = await form_of(request)
    await engine_of(request).cancel_workflow(
        workflow_id,
        node=request.query_params.get("node") or None,
        by=acting_as(request),
        reason=text_field(form, "reason")[:_LONGEST_REASON],
    )
    return RedirectResponse(safe_next(text_field(form, "next"), f"/workflows/{workflow_id}"), 303)


@router.get("/rerun")
async def confirm_rerun(request: Request, workflow_id: str) -> Response:
    """What a rerun would keep and what it would run, before anything is done."""
    _insist_on_end(await _run(request, workflow_id))
    engine, wish = engine_of(request), _wish(request.query_params)
    seen = await look_at(engine, workflow_id, None)
    plan, told = None, None
    try:
        plan = rerun_plan_view(await engine.plan_rerun(workflow_id, wish), most=_MOST_PREVIEWED)
    except RequestError as error:
        told = problem_of(error)
    return render(
        request,
        "workflow_rerun.html",
        status=200 if plan else 422,
        problem=told,
        favicon=look_of(seen.status).favicon,
        tab="run",
        plan=plan,
        wish=wish,
        selections=_SELECTIONS,
        next=safe_next(request.query_params.get("next", ""), f"/workflows/{workflow_id}"),
        **header_facts(seen),
    )


@router.post("/rerun")
async def rerun(request: Request, workflow_id: str) -> Response:
    """Begin a further attempt of the run, or a run of its own, and go to it."""
    form, caller = await form_of(request), caller_of(request)
    begun = await engine_of(request).rerun_workflow(
        workflow_id, _wish(form), by=acting_as(request), folder=caller.folder
    )
    return RedirectResponse(f"/workflows/{begun.run.workflow_id}", 303)


@router.get("/delete")
async def confirm_delete(request: Request, workflow_id: str) -> Response:
    """Whether the run's record shall go."""
    run = await _run(request, workflow_id)
    _insist_on_end(run)
    return _question(
        request,
        run,
        "delete",
        heading="Delete this run?",
        question="Its record goes for good, and with it its jobs with their logs and artifacts.",
        verb="Delete for good",
        icon="trash-2",
        back="Keep it",
        is_dangerous=True,
    )


@router.post("/delete")
async def delete(request: Request, workflow_id: str) -> Response:
    """Remove the run with its jobs, their logs and artifacts."""
    form = await form_of(request)
    await engine_of(request).delete_workflow(workflow_id, by=acting_as(request))
    wanted = safe_next(text_field(form, "next"), "/workflows")
    return RedirectResponse("/workflows" if wanted.startswith(f"/workflows/{workflow_id}") else wanted, 303)


def _wish(given: QueryParams | FormData) -> RerunRequest:
    """What is to run again, as an address or a form says it.

    Raises:
        InvalidArgumentError: It says it wrongly.
    """
    selection = str(given.get("selection") or "failed")
    if selection not in _SELECTIONS:
        raise InvalidArgumentError(f"selection: one of {', '.join(_SELECTIONS)}")
    names = [str(each).strip() for each in given.getlist("jobs")]
    jobs = tuple(dict.fromkeys(name for each in names for name in each.splitlines() if name.strip()))
    if len(jobs) > _MOST_JOBS:
        raise InvalidArgumentError(f"jobs: at most {_MOST_JOBS}")
    return RerunRequest(
        selection=cast("Any", selection),
        jobs=tuple(map(str.strip, jobs)),
        only=given.get("only") == "1",
        include_tolerated=given.get("include_tolerated") == "1",
        new_run=given.get("new_run") == "1",
    )


async def _run(request: Request, workflow_id: str) -> WorkflowRun:
    """The run that is asked about, by somebody who may act.

    Raises:
        ReadOnlyCallerError: They may only look.
        WorkflowNotFoundError: There is none.
    """
    if not caller_of(request).may_change:
        raise ReadOnlyCallerError("You may look at everything and change nothing.")
    return await engine_of(request).get_workflow(workflow_id)


def _insist_on_end(run: WorkflowRun) -> None:
    """Refuse what can be done only with a run that has ended.

    Raises:
        WorkflowNotFinishedError: It has not.
    """
    if not run.is_finished:
        said = f"{run.workflow_id} has not finished: it is {run.status}."
        raise WorkflowNotFinishedError(said, hint="Wait for its end, or cancel it.")


def _question(request: Request, run: WorkflowRun, verb_path: str, **facts: Any) -> Response:
    named = {"subject": run.run_name or run.name, "subject_id": run.workflow_id}
    return ask(request, f"/workflows/{run.workflow_id}", verb_path, **(named | facts))
