"""Finished jobs as history."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from core import JobStatus
from orcaops_mcp.api import examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import read_model, read_object
from orcaops_mcp.api.document import json_body, problems, reply
from orcaops_mcp.api.listing import job_filter, job_list
from orcaops_mcp.api.models import job as job_shapes
from orcaops_mcp.api.models import system as shapes
from orcaops_mcp.api.models.base import JobId
from orcaops_mcp.api.records import whole_record
from orcaops_mcp.api.state import caller_of, engine_of
from orcaops_mcp.intake.fields import span
from orcaops_mcp.views.job import cleanup_view

router = APIRouter(prefix="/orcaops/runs", tags=["runs"])

_OLD_FAILURES: Final = {"older_than": "7d", "status": ["failed"], "dry_run": True}


@router.get(
    "",
    operation_id="list_runs",
    summary="List runs",
    response_model=None,
    responses={200: reply(job_shapes.JobList, "A page of finished jobs.", examples.LIST), **problems(422)},
)
async def list_runs(request: Request, query: Annotated[job_shapes.ListQuery, Query()]) -> Response:
    """Finished jobs, newest first; the same filters as for jobs."""
    engine = engine_of(request)
    page = await engine.list_runs(job_filter(query, finished=query.finished), limit=query.limit, cursor=query.cursor)
    return answer(job_list(page, await engine.count_jobs()))


@router.post(
    "/cleanup",
    operation_id="clean_runs",
    summary="Delete old runs",
    response_model=None,
    responses={
        200: reply(shapes.CleanupShape, "What went, or would go.", examples.CLEANUP),
        **problems(400, 413, 415, 422),
    },
    openapi_extra={"requestBody": json_body("CleanupBody", {"old_failures": _OLD_FAILURES})},
)
async def clean_runs(request: Request) -> Response:
    """Delete finished jobs and workflow runs by age, status and count, with logs and artifacts.

    A workflow run counts as one and goes with its jobs. What has not ended is never touched.
    """
    body = await read_model(request, shapes.CleanupBody)
    cleanup = await engine_of(request).clean_runs(
        older_than=span(body.older_than, name="older_than") if body.older_than is not None else None,
        statuses=[JobStatus(status) for status in body.status],
        keep=body.keep,
        dry_run=body.dry_run,
        by=caller_of(request).name,
    )
    return answer(cleanup_view(cleanup))


@router.post(
    "/export",
    operation_id="export_runs",
    summary="Write the runs folder anew",
    response_model=None,
    responses={200: reply(shapes.ExportShape, "How many were written.", {"runs": 42}), **problems(400, 413, 415)},
)
async def export_runs(request: Request) -> Response:
    """Write `runs/<job_id>.json` and `runs.jsonl` in the home anew from the database."""
    await read_object(request, required=False)  # a page of another site can send a form, and no JSON
    return answer({"runs": await engine_of(request).export_runs()})


@router.get(
    "/{job_id}",
    operation_id="get_run",
    summary="See a run",
    response_model=None,
    responses={200: reply(job_shapes.JobRecord, "The whole record.", examples.JOB), **problems(404, 409)},
)
async def get_run(request: Request, job_id: JobId) -> Response:
    """The record of a finished job."""
    engine = engine_of(request)
    return answer(await whole_record(engine, await engine.get_run(job_id)))


@router.delete(
    "/{job_id}",
    operation_id="delete_run",
    summary="Delete a run",
    response_model=None,
    responses={200: reply(shapes.CleanupShape, "It is gone.", examples.CLEANUP), **problems(404, 409)},
)
async def delete_run(request: Request, job_id: JobId) -> Response:
    """Delete a finished job: its record, log, artifacts, and its container if that was kept.

    A job of a workflow run goes with that: DELETE /orcaops/workflows/{workflow_id}.
    """
    cleanup = await engine_of(request).delete_run(job_id, by=caller_of(request).name)
    return answer(cleanup_view(cleanup))
