"""Logs of workflow runs: the lines of all nodes as one, in parts and live."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket

from core import Engine, OrcaOpsError, WorkflowLogQuery, findings_of
from orcaops_mcp.api import workflow_run_examples as examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import refused_arguments
from orcaops_mcp.api.document import header, log_event, problems
from orcaops_mcp.api.event_stream import EventStream
from orcaops_mcp.api.log_socket import serve_messages
from orcaops_mcp.api.log_text import wants_json
from orcaops_mcp.api.models import workflow_look as shapes
from orcaops_mcp.api.models.workflow_run import WorkflowId
from orcaops_mcp.api.problems import crashed, refused
from orcaops_mcp.api.run_paths import RUN
from orcaops_mcp.api.state import engine_of, state_of
from orcaops_mcp.api.workflow_streams import (
    ENDED,
    run_log_events,
    run_log_messages,
    run_log_query,
    run_log_text,
    run_log_texts,
    run_log_view,
)

router = APIRouter(prefix=RUN + "/logs", tags=["workflows"])

_CURSOR_HEADER: Final = "OrcaOps-Next-Cursor"
_EVENT: Final = log_event("NodeLineShape", "RunEndShape")
_STREAM_EXAMPLE: Final = (
    'event: log\nid: 1.3.3@1-10\ndata: {"node":"test-2","job_id":"job_0mm2c5x1k6v8nq3rt7wz4ybda","attempt":1,"n":9,'
    '"ts":"2026-01-31T12:00:00.000Z","stream":"stdout","step":0,"text":"ok"}\n\n'
)

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=8010, description="Id of the last event received; goes on behind it."),
]


@router.get(
    "",
    operation_id="read_run_log",
    summary="Read the log of a run",
    response_model=None,
    responses={
        200: {
            "description": "The lines.",
            "model": shapes.RunLogPage,
            "headers": {_CURSOR_HEADER: header("With `limit` or `tail`, in text: where to go on.")},
            "content": {
                "application/json": {"example": examples.LOG_PAGE},
                "text/plain": {"schema": {"type": "string"}, "example": "build │ done\ntest-2 │ E   assert 3 == 4\n"},
            },
        },
        **problems(404, 422),
    },
)
async def read_run_log(
    request: Request, workflow_id: WorkflowId, query: Annotated[shapes.ReadRunLog, Query()]
) -> Response:
    """The lines of all nodes by time, each behind its node's id, to the present end; or a page of them as JSON.

    What was kept of an earlier attempt is shown if its node is named. Text is free of control codes unless `raw` is
    given.
    """
    engine = engine_of(request)
    asked = run_log_query(query, datetime.now(UTC), limit=query.limit)
    first = await engine.read_workflow_log(workflow_id, asked)
    if wants_json(request):
        return answer(run_log_view(first))
    if query.limit is not None or query.tail is not None:
        text = run_log_text(first.lines, query)
        return Response(text, media_type="text/plain", headers={_CURSOR_HEADER: first.next_cursor})
    return StreamingResponse(run_log_texts(engine, workflow_id, asked, first, query), media_type="text/plain")


@router.get(
    "/stream",
    operation_id="follow_run_log",
    summary="Follow the log of a run live",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "Server-sent events until the run has ended.",
            "content": {"text/event-stream": {"itemSchema": _EVENT, "example": _STREAM_EXAMPLE}},
        },
        204: {"description": "`Last-Event-ID` is that of the end: there is nothing more, so do not come back."},
        **problems(404, 422),
    },
)
async def follow_run_log(
    request: Request,
    workflow_id: WorkflowId,
    query: Annotated[shapes.FollowRunLog, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """Every line of every node as it comes, from the start (or `cursor`, `since`, `tail`) on; nodes that start join.

    Events: `log` with a line; `gap` with a line that says that output is missing here; `end` with how the run ended,
    after which the stream closes. The id of an event is the cursor behind it: a reader that comes back with
    `Last-Event-ID` misses nothing and sees nothing twice. A comment comes every 15 seconds of silence.

    The same path speaks WebSocket, with the same query and the same facts: one JSON object a message,
    `{type: "log" | "gap", cursor, node, job_id, attempt, n, ts, stream, step, text}`, at last
    `{type: "end", cursor, workflow_id, status, …}`, then close code 1000. Clients send nothing.
    """
    state = state_of(request)
    run = await state.engine.get_workflow(workflow_id)
    if last_event_id is not None:
        if last_event_id.endswith(ENDED) and run.is_finished:
            return Response(status_code=204)
        query = query.model_copy(update={"cursor": last_event_id, "tail": None, "since": None})
    asked = run_log_query(query, datetime.now(UTC))
    await _insist_on(state.engine, workflow_id, asked)
    events = run_log_events(state.engine, workflow_id, asked)
    return EventStream(events, state.metrics, stall_s=state.stall_s)


@router.websocket("/stream")
async def follow_run_log_by_socket(websocket: WebSocket, workflow_id: str) -> None:
    """As `follow_run_log`; what is wrong is said before the handshake, as an ordinary answer."""
    state = state_of(websocket)
    try:
        asked = run_log_query(_query_of(websocket), datetime.now(UTC))
        await _insist_on(state.engine, workflow_id, asked)
    except OrcaOpsError as error:
        await websocket.send_denial_response(refused(error))
        return
    except Exception as error:  # noqa: BLE001 - the edge: logged with its traceback, answered with its id
        await websocket.send_denial_response(crashed(websocket, error))
        return
    await serve_messages(websocket, state, run_log_messages(state.engine, workflow_id, asked))


async def _insist_on(engine: Engine, workflow_id: str, asked: WorkflowLogQuery) -> None:
    """Say what is wrong with a question before a stream is begun that could not.

    Raises:
        OrcaOpsError: As `Engine.read_workflow_log`.
    """
    await engine.read_workflow_log(workflow_id, replace(asked, tail=None, max_lines=1))


def _query_of(websocket: WebSocket) -> shapes.FollowRunLog:
    """The query, checked as for the HTTP twin.

    Raises:
        InvalidArgumentError: It does not fit.
    """
    given: dict[str, Any] = dict(websocket.query_params)
    given |= {name: websocket.query_params.getlist(name) for name in ("stream", "node") if name in given}
    try:
        return shapes.FollowRunLog.model_validate(given)
    except ValidationError as error:
        raise refused_arguments(findings_of(error, tuple(shapes.FollowRunLog.model_fields))) from None
