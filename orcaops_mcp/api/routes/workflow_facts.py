"""What a workflow run came from, came to and went through, and its changes as they happen."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from core import attempt_document, graph_document, graph_dot, graph_mermaid
from orcaops_mcp.api import workflow_run_examples as examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.document import problems, reply
from orcaops_mcp.api.event_stream import EventStream
from orcaops_mcp.api.models import workflow_look as shapes
from orcaops_mcp.api.models.workflow_ask import AttemptQuery
from orcaops_mcp.api.models.workflow_run import WorkflowId
from orcaops_mcp.api.run_paths import RUN
from orcaops_mcp.api.state import engine_of, state_of
from orcaops_mcp.api.workflow_streams import ENDED, run_events
from orcaops_mcp.views.workflow_run import (
    node_artifact_view,
    workflow_change_view,
    workflow_source_view,
    workflow_summary_view,
)

router = APIRouter(prefix=RUN, tags=["workflows"])

_CHANGE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["run", "node", "end", "error"]},
        "id": {"type": "string", "description": "Bring it back as Last-Event-ID to go on behind it."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": "#/components/schemas/RunRow"},
                    {"$ref": "#/components/schemas/NodeRowShape"},
                    {"$ref": "#/components/schemas/RunEndShape"},
                ]
            },
        },
    },
}
_CHANGE_EXAMPLE: Final = (
    'event: end\nid: 12.end\ndata: {"workflow_id":"wf_0mm2c5x1k6v8nq3rt7wz4ybda","status":"success","ok":true}\n\n'
)

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=40, description="Id of the last event received; goes on behind it."),
]


@router.get(
    "/events",
    operation_id="follow_run",
    summary="Follow a run's changes",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "Server-sent events until the run has ended.",
            "content": {"text/event-stream": {"itemSchema": _CHANGE, "example": _CHANGE_EXAMPLE}},
        },
        204: {"description": "`Last-Event-ID` is that of the end: there is nothing more, so do not come back."},
        **problems(404, 422),
    },
)
async def follow_run(
    request: Request,
    workflow_id: WorkflowId,
    query: Annotated[shapes.RunEventsQuery, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """The run and its nodes as they change, first all that changed after `since_version`: `node` and `run` with a row.

    The id of a `run` event is the version that it and the nodes before it bring a reader to. `end` comes last.
    """
    state = state_of(request)
    run = await state.engine.get_workflow(workflow_id)
    version = query.since_version
    if last_event_id is not None:
        if last_event_id.endswith(ENDED) and run.is_finished:
            return Response(status_code=204)
        digits = last_event_id.removesuffix(ENDED)
        version = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else 0
    return EventStream(run_events(state.engine, workflow_id, version), state.metrics, stall_s=state.stall_s)


@router.get(
    "/summary",
    operation_id="run_summary",
    summary="Why a run failed",
    response_model=None,
    responses={200: reply(shapes.RunSummaryShape, "The summary.", examples.SUMMARY), **problems(404, 422)},
)
async def run_summary(
    request: Request, workflow_id: WorkflowId, query: Annotated[shapes.RunSummaryQuery, Query()]
) -> Response:
    """What failed first and the lines of its log that matter, what else failed, what did not run because of it."""
    summary = await engine_of(request).workflow_summary(workflow_id, attempt=query.attempt, max_bytes=query.max_bytes)
    return answer(workflow_summary_view(summary))


@router.get(
    "/graph",
    operation_id="run_graph",
    summary="A run's graph with its states",
    response_model=None,
    responses={
        200: {
            "description": "The graph.",
            "model": shapes.GraphShape,
            "content": {
                "application/json": {"example": examples.GRAPH},
                "text/plain": {"schema": {"type": "string"}, "example": "flowchart LR\n"},
            },
        },
        **problems(404, 422),
    },
)
async def run_graph(
    request: Request, workflow_id: WorkflowId, query: Annotated[shapes.GraphQuery, Query()]
) -> Response:
    """The jobs of a run with how they stand and what waits for what: as data, for Mermaid or for Graphviz."""
    graph = await engine_of(request).workflow_graph(workflow_id, attempt=query.attempt)
    if query.format == "json":
        return answer(graph_document(graph))
    text = graph_mermaid(graph) if query.format == "mermaid" else graph_dot(graph)
    return Response(text.encode("utf-8", "replace"), media_type="text/plain")


@router.get(
    "/artifacts",
    operation_id="list_run_artifacts",
    summary="List a run's artifacts",
    response_model=None,
    responses={
        200: reply(shapes.NodeArtifactList, "A page of them.", examples.ARTIFACTS),
        **problems(404, 422),
    },
)
async def list_run_artifacts(
    request: Request, workflow_id: WorkflowId, query: Annotated[shapes.NodeArtifactQuery, Query()]
) -> Response:
    """The files kept of the run's nodes, each with the job whose artifact it is."""
    page = await engine_of(request).workflow_artifacts(
        workflow_id, node=query.node, attempt=query.attempt, limit=query.limit, cursor=query.cursor
    )
    return answer({"items": [node_artifact_view(each) for each in page.items], "next_cursor": page.next_cursor})


@router.get(
    "/source",
    operation_id="run_source",
    summary="What a run was made from",
    response_model=None,
    responses={200: reply(shapes.RunSourceShape, "The file.", examples.SOURCE), **problems(404, 422)},
)
async def run_source(request: Request, workflow_id: WorkflowId, query: Annotated[AttemptQuery, Query()]) -> Response:
    """The workflow file of an attempt as it was submitted, and the files it calls."""
    source = await engine_of(request).workflow_source(workflow_id, attempt=query.attempt)
    return answer(workflow_source_view(source))


@router.get(
    "/attempts",
    operation_id="run_attempts",
    summary="Every attempt at a run",
    response_model=None,
    responses={200: reply(shapes.RunAttemptList, "The first one first.", examples.ATTEMPTS), **problems(404)},
)
async def run_attempts(request: Request, workflow_id: WorkflowId) -> Response:
    """All attempts at the run: each rerun began one."""
    attempts = await engine_of(request).workflow_attempts(workflow_id)
    return answer({"items": [attempt_document(attempt) for attempt in attempts]})


@router.get(
    "/history",
    operation_id="run_history",
    summary="The audit trail of a run",
    response_model=None,
    responses={200: reply(shapes.RunHistory, "A page of it.", examples.HISTORY), **problems(404, 422)},
)
async def run_history(
    request: Request, workflow_id: WorkflowId, query: Annotated[shapes.RunHistoryQuery, Query()]
) -> Response:
    """Who moved the run and its nodes, when and why, oldest first."""
    changes = await engine_of(request).workflow_history(
        workflow_id, node_id=query.node, skip=query.cursor, limit=query.limit + 1
    )
    items = [workflow_change_view(change) for change in changes[: query.limit]]
    has_more = len(changes) > query.limit
    return answer({"items": items, "next_cursor": query.cursor + query.limit if has_more else None})
