"""Logs: parts as text or JSON, and the live stream by server-sent events or WebSocket."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket

from core import LineChoice, LogPlace, OrcaOpsError, Sought, findings_of
from orcaops_mcp.api import examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import refused_arguments
from orcaops_mcp.api.document import header, log_event, problems, reply
from orcaops_mcp.api.event_stream import EventStream
from orcaops_mcp.api.follow import line_filter, start_of
from orcaops_mcp.api.log_events import events_of
from orcaops_mcp.api.log_socket import serve_socket
from orcaops_mcp.api.log_text import log_query, page_view, pages, plain_text, wants_json
from orcaops_mcp.api.models import log as shapes
from orcaops_mcp.api.models.base import JobId
from orcaops_mcp.api.problems import crashed, refused
from orcaops_mcp.api.state import engine_of, state_of
from orcaops_mcp.views.log import search_view

router = APIRouter(prefix="/orcaops/jobs/{job_id}/logs", tags=["logs"])

_CURSOR_HEADER: Final = "OrcaOps-Next-Cursor"
_TEXT_EXAMPLE: Final = "collected 12 items\nE   assert 3 == 4\n"
_EVENT: Final = log_event("LineShape", "EndShape")
_STREAM_EXAMPLE: Final = (
    'event: log\nid: 1-10\ndata: {"n":9,"ts":"2026-01-31T12:00:00.000Z","stream":"stdout","step":0,"text":"ok"}\n\n'
)

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=100, description="Id of the last event received; goes on behind it."),
]


@router.get(
    "",
    operation_id="read_log",
    summary="Read a log",
    response_model=None,
    responses={
        200: {
            "description": "The lines.",
            "model": shapes.LogPageShape,
            "headers": {_CURSOR_HEADER: header("With `limit`, in text: where to go on.")},
            "content": {
                "application/json": {"example": examples.LOG_PAGE},
                "text/plain": {"schema": {"type": "string"}, "example": _TEXT_EXAMPLE},
            },
        },
        **problems(404, 422),
    },
)
async def read_log(request: Request, job_id: JobId, query: Annotated[shapes.ReadLog, Query()]) -> Response:
    """The log as text, to its present end; or a page of lines with `Accept: application/json`.

    Text is free of control codes unless `raw` is given.
    """
    engine = engine_of(request)
    asked = log_query(query, datetime.now(UTC))
    first = await engine.read_logs(job_id, asked)
    if wants_json(request):
        return answer(page_view(first))
    if query.limit is not None or query.tail is not None:
        text = plain_text(first.lines, raw=query.raw, timestamps=query.timestamps)
        return Response(text, media_type="text/plain", headers={_CURSOR_HEADER: str(first.next_cursor)})
    texts = (
        plain_text(page.lines, raw=query.raw, timestamps=query.timestamps)
        async for page in pages(engine, job_id, asked, first)
    )
    return StreamingResponse(texts, media_type="text/plain")


@router.get(
    "/search",
    operation_id="search_log",
    summary="Search a log",
    response_model=None,
    responses={
        200: reply(shapes.LogSearchShape, "How many lines hold it, and some of them.", examples.LOG_SEARCH),
        **problems(404, 422),
    },
)
async def search_log(request: Request, job_id: JobId, query: Annotated[shapes.SearchLog, Query()]) -> Response:
    """How many lines of the whole log hold something, and which; in order, however long the log is.

    To read what stands around one, ask for the log with `cursor=<attempt>-<n>`.
    """
    sought = Sought(query.q, is_expression=query.regex, ignore_case=not query.case)
    window = await engine_of(request).view_log(
        LogPlace(job_id, query.attempt, query.service),
        LineChoice(frozenset(query.stream) or None, query.step, sought),
        first=query.first,
        limit=query.limit,
    )
    return answer(search_view(window))


@router.get(
    "/stream",
    operation_id="follow_log",
    summary="Follow a log live",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "Server-sent events until the job has ended.",
            "content": {"text/event-stream": {"itemSchema": _EVENT, "example": _STREAM_EXAMPLE}},
        },
        204: {"description": "`Last-Event-ID` is that of the end: there is nothing more, so do not come back."},
        **problems(404, 422),
    },
)
async def follow_log(
    request: Request, job_id: JobId, query: Annotated[shapes.FollowLog, Query()], last_event_id: LastEventId = None
) -> Response:
    """Every line of every attempt, from the start (or `cursor`, `since`, `tail`) on, as it comes.

    Events: `log` with a line; `gap` with a line that says that output is missing here; `end` with the job's outcome,
    after which the stream closes. The id of an event is the cursor behind it: a reader that comes back with
    `Last-Event-ID` misses nothing and sees nothing twice. A comment comes every 15 seconds of silence.

    The same path speaks WebSocket, with the same query and the same facts: one JSON object a message,
    `{type: "log" | "gap", cursor, n, ts, stream, step, text}`, at last `{type: "end", cursor, job_id, status, …}`,
    then close code 1000. Clients send nothing.
    """
    state = state_of(request)
    engine = state.engine
    job = await engine.get_job(job_id)
    wanted = line_filter(query)
    start = await start_of(engine, job, query, last_event_id, datetime.now(UTC))
    if start.has_end and job.is_finished:
        return Response(status_code=204)
    events = events_of(engine, job_id, start, wanted, state.frames)
    return EventStream(events, state.metrics, stall_s=state.stall_s)


@router.websocket("/stream")
async def follow_log_by_socket(websocket: WebSocket, job_id: str) -> None:
    """As `follow_log`; what is wrong is said before the handshake, as an ordinary answer."""
    state = state_of(websocket)
    try:
        query = _query_of(websocket)
        engine = state.engine
        job = await engine.get_job(job_id)
        wanted = line_filter(query)
        start = await start_of(engine, job, query, None, datetime.now(UTC))
    except OrcaOpsError as error:
        await websocket.send_denial_response(refused(error))
        return
    except Exception as error:  # noqa: BLE001 - the edge: logged with its traceback, answered with its id
        await websocket.send_denial_response(crashed(websocket, error))
        return
    await serve_socket(websocket, state, job_id, start, wanted)


def _query_of(websocket: WebSocket) -> shapes.FollowLog:
    """The query, checked as for the HTTP twin.

    Raises:
        InvalidArgumentError: It does not fit.
    """
    given: dict[str, Any] = dict(websocket.query_params)
    if "stream" in given:
        given["stream"] = websocket.query_params.getlist("stream")
    try:
        return shapes.FollowLog.model_validate(given)
    except ValidationError as error:
        raise refused_arguments(findings_of(error, tuple(shapes.FollowLog.model_fields))) from None
