"""Workflow runs: submit, list, see, wait, cancel, repeat, delete."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from core import InvalidArgumentError, Result, WorkflowFilter, WorkflowRun
from orcaops_mcp.api import workflow_run_examples as examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import read_model
from orcaops_mcp.api.document import header, json_body, problems, reply
from orcaops_mcp.api.models import workflow_ask as asks
from orcaops_mcp.api.models import workflow_run as shapes
from orcaops_mcp.api.models.problem import Problem
from orcaops_mcp.api.models.system import CleanupShape
from orcaops_mcp.api.models.workflow import WorkflowProblem
from orcaops_mcp.api.models.workflow_run import WorkflowId
from orcaops_mcp.api.routes.jobs import Key
from orcaops_mcp.api.run_paths import RUN
from orcaops_mcp.api.state import caller_of, engine_of
from orcaops_mcp.api.workflow_examples import PROBLEM
from orcaops_mcp.api.workflow_requests import asked_rerun, asked_run, refused_file, refused_inputs, workflow_body
from orcaops_mcp.intake.fields import moment_or_span
from orcaops_mcp.views.job import cleanup_view
from orcaops_mcp.views.workflow_run import rerun_plan_view, run_record, run_row, waited_view, workflow_counts_view

router = APIRouter(tags=["workflows"])

_LOCATION: Final = {"Location": header("Where the run is.")}
_BAD_FILE: Final = {422: reply(WorkflowProblem | Problem, "The file has errors, or the request has.", PROBLEM)}


@router.post(
    "/orcaops/workflows",
    operation_id="run_workflow",
    status_code=201,
    summary="Run a workflow",
    response_model=None,
    responses={
        201: reply(
            shapes.AcceptedRun,
            "Accepted; it survives anything from here on.",
            examples.ACCEPTED,
            headers=_LOCATION,
        ),
        200: reply(
            shapes.AcceptedRun,
            "The idempotency key was used before: the first call's run.",
            {**examples.ACCEPTED, "replayed": True},
        ),
        **problems(400, 404, 409, 413, 415),
        **_BAD_FILE,
    },
    openapi_extra=workflow_body("RunWorkflowBody", {"matrix": examples.RUN}),
)
async def run_workflow(
    request: Request, query: Annotated[asks.SubmitRunQuery, Query()], idempotency_key: Key = None
) -> Response:
    """Check a workflow, and run it: a file, or a saved one with inputs. It goes on whatever becomes of this call.

    A file with errors is refused with every finding, as POST /orcaops/workflows/validate tells them.
    """
    engine, caller = engine_of(request), caller_of(request)
    found = await asked_run(request)
    if not found.check.is_valid:
        return refused_file(found.check)
    if found.check.plan is None:
        raise refused_inputs(found.check)
    submitted = await engine.run_workflow(
        found.request, by=caller.name, idempotency_key=idempotency_key, folder=caller.folder
    )
    run_id = submitted.run.workflow_id
    if query.wait_s and not submitted.run.is_finished:
        await engine.wait_for_runs([run_id], timeout_s=query.wait_s)
    content = await _whole(request, run_id) | {"replayed": submitted.replayed}
    return answer(content, 200 if submitted.replayed else 201, _location(run_id))


@router.get(
    "/orcaops/workflows",
    operation_id="list_workflow_runs",
    summary="List workflow runs",
    response_model=None,
    responses={200: reply(shapes.RunList, "A page of runs.", examples.LIST), **problems(422)},
)
async def list_workflow_runs(request: Request, query: Annotated[asks.RunListQuery, Query()]) -> Response:
    """Runs, newest first. Every filter given has to hold; `counts` counts all runs whatever is asked for."""
    engine = engine_of(request)
    page = await engine.list_workflows(_filter(query), limit=query.limit, cursor=query.cursor)
    return answer({
        "items": [run_row(run) for run in page.items],
        "next_cursor": page.next_cursor,
        "counts": workflow_counts_view(await engine.count_workflows()),
    })  # fmt: skip


@router.get(
    RUN,
    operation_id="get_workflow_run",
    summary="See a workflow run",
    response_model=None,
    responses={200: reply(shapes.RunRecord, "The record.", examples.RECORD), **problems(404, 422)},
)
async def get_workflow_run(
    request: Request, workflow_id: WorkflowId, query: Annotated[asks.RunQuery, Query()]
) -> Response:
    """The record with its nodes, those that failed in front: status, counts, causes, outputs, what was skipped and why.

    Who looks again asks for `nodes=changed` with the `version` it has seen.
    """
    return answer(await _whole(request, workflow_id, query))


@router.get(
    RUN + "/wait",
    operation_id="wait_for_workflow_run",
    summary="Wait for a workflow run",
    response_model=None,
    responses={
        200: reply(shapes.RunWaited, "It came true, or the time is over.", examples.WAITED),
        **problems(404, 422),
    },
)
async def wait_for_workflow_run(
    request: Request, workflow_id: WorkflowId, query: Annotated[asks.RunWaitQuery, Query()]
) -> Response:
    """Answer once something is true of the run, at the latest after `timeout_s`. Never cancels anything."""
    if (query.until == "log_match") != bool(query.pattern):
        raise InvalidArgumentError("pattern: goes with until=log_match, and that needs a pattern")
    engine = engine_of(request)
    await engine.get_workflow(workflow_id)
    result = await engine.wait_for_runs(
        [workflow_id],
        until=query.until,
        timeout_s=query.timeout_s,
        pattern=query.pattern,
        since_version=query.since_version,
    )
    match = {"n": result.match.number, "text": result.match.text} if result.match else None
    told = waited_view(result.workflows[0])
    return answer({"met": result.met, "workflow": told, "node": result.match_node, "match": match})


@router.post(
    RUN + "/cancel",
    operation_id="cancel_workflow_run",
    summary="Cancel a workflow run",
    response_model=None,
    responses={
        200: reply(shapes.RunRecord, "The run has ended: just now, or before.", examples.RECORD),
        202: reply(shapes.RunRecord, "Its jobs are being stopped.", {**examples.RECORD, "status": "running"}),
        **problems(400, 404, 413, 415, 422),
    },
    openapi_extra={"requestBody": json_body("CancelRunBody", {"reason": {"reason": "superseded"}}, required=False)},
)
async def cancel_workflow_run(request: Request, workflow_id: WorkflowId) -> Response:
    """Stop what runs and start nothing more, but for jobs such as those with `always()`.

    The status is `cancelled` once everything has ended; jobs that had finished keep their results.
    """
    body = await read_model(request, asks.CancelRunBody, required=False)
    run = await engine_of(request).cancel_workflow(
        workflow_id, by=caller_of(request).name, reason=body.reason, force=body.force
    )
    return answer(run_record(run, (), has_all=False), 200 if run.is_finished else 202)


@router.post(
    RUN + "/rerun",
    operation_id="rerun_workflow",
    status_code=201,
    summary="Run a workflow again, or what of it failed",
    response_model=None,
    responses={
        201: reply(shapes.RerunAccepted, "A further attempt, or a run of its own.", examples.RERUN, headers=_LOCATION),
        200: reply(shapes.RerunAccepted, "Only a dry run. Or the idempotency key was used before.", examples.DRY_RERUN),
        **problems(400, 404, 409, 413, 415),
        **_BAD_FILE,
    },
    openapi_extra={
        "requestBody": json_body(
            "RerunWorkflowBody",
            {
                "from": {"selection": "from", "jobs": ["test"], "dry_run": True},
                "all": {"selection": "all", "dry_run": True},
            },
            required=False,
        )
    },
)
async def rerun_workflow(request: Request, workflow_id: WorkflowId, idempotency_key: Key = None) -> Response:
    """Begin a further attempt: successes whose definition is unchanged are kept, the rest and what needs it runs.

    With `dry_run` nothing is written, and the plan says for each node whether it is kept or runs, and why.
    """
    engine, caller = engine_of(request), caller_of(request)
    body = await read_model(request, asks.RerunWorkflowBody, required=False)
    await engine.get_workflow(workflow_id)
    wish, check = await asked_rerun(request, body)
    if check is not None and not check.is_valid:
        return refused_file(check)
    if body.dry_run:
        plan = await engine.plan_rerun(workflow_id, wish)
        return answer({"workflow": None, "plan": rerun_plan_view(plan), "replayed": False})
    begun = await engine.rerun_workflow(
        workflow_id, wish, by=caller.name, idempotency_key=idempotency_key, folder=caller.folder
    )
    run_id = begun.run.workflow_id
    content: dict[str, Any] = {
        "workflow": await _whole(request, run_id),
        "plan": rerun_plan_view(begun.plan),
        "replayed": begun.replayed,
    }
    return answer(content, 200 if begun.replayed else 201, _location(run_id))


@router.delete(
    RUN,
    operation_id="delete_workflow_run",
    summary="Delete a workflow run",
    response_model=None,
    responses={200: reply(CleanupShape, "It is gone.", examples.DELETED), **problems(404, 409)},
)
async def delete_workflow_run(request: Request, workflow_id: WorkflowId) -> Response:
    """Delete a run that has ended, with its jobs: records, logs, artifacts."""
    return answer(cleanup_view(await engine_of(request).delete_workflow(workflow_id, by=caller_of(request).name)))


async def _whole(request: Request, workflow_id: str, query: asks.RunQuery | None = None) -> dict[str, Any]:
    """The record with as many of its nodes as are asked for."""
    query = query or asks.RunQuery()
    engine = engine_of(request)
    if query.nodes == "none":
        run: WorkflowRun = await engine.get_workflow(workflow_id)
        nodes = ()
    else:
        since = query.since_version if query.nodes == "changed" else 0
        run, nodes = await engine.workflow_state(workflow_id, since_version=since)
    if query.nodes == "failed":
        nodes = tuple(node for node in nodes if node.result is Result.FAILURE)
    attempts = await engine.workflow_attempts(workflow_id)
    return run_record(run, nodes, attempts, most=query.limit, has_all=query.nodes == "all")


def _filter(query: asks.RunListQuery) -> WorkflowFilter:
    now = datetime.now(UTC)
    return WorkflowFilter(
        statuses=frozenset(query.status),
        finished=query.finished,
        name=query.name,
        tag=query.tag,
        since=moment_or_span(query.since, now) if query.since else None,
        until=moment_or_span(query.until, now, name="until") if query.until else None,
        text=query.q,
        submitted_by=query.source,
        workflow_id_prefix=query.prefix,
    )


def _location(workflow_id: str) -> dict[str, str]:
    return {"Location": f"/orcaops/workflows/{workflow_id}"}
