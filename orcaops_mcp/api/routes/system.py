"""The engine itself: state, runtimes, metrics, changes as they happen, stop, health."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core import ConflictError, NotAdmittedError, time_text
from orcaops_mcp.api import examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import read_model
from orcaops_mcp.api.change_events import changes_of
from orcaops_mcp.api.document import json_body, problems, reply
from orcaops_mcp.api.event_stream import EventStream
from orcaops_mcp.api.models import system as shapes
from orcaops_mcp.api.models.log import ChangesQuery
from orcaops_mcp.api.state import caller_of, engine_of, state_of
from orcaops_mcp.views.system import containers_view, secret_view, system_view

router = APIRouter(tags=["system"])

_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
_CHANGE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["job", "log", "progress", "workflow", "node", "reset"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_CHANGE_EXAMPLE: Final = (
    'event: log\nid: 1f2e3d4c-17\ndata: {"job_id":"job_0mm2c5x1k6v8nq3rt7wz4ybda","attempt":1,"lines":12}\n\n'
)


@router.get(
    "/orcaops/system",
    operation_id="system_status",
    summary="System status",
    response_model=None,
    responses={200: reply(shapes.SystemShape, "Health, load and limits.", examples.SYSTEM), **problems()},
)
async def system_status(request: Request) -> Response:
    """Health of the container engine, what runs and waits, limits, and this version."""
    engine = engine_of(request)
    return answer(system_view(await engine.status(), engine.settings))


@router.post(
    "/orcaops/system/stop",
    operation_id="stop_engine",
    status_code=202,
    summary="Stop the engine",
    response_model=None,
    responses={
        202: reply(shapes.Stopping, "It leaves, now or when idle.", {"stopping": True, "when_idle": False}),
        **problems(400, 409, 413, 415, 422),
    },
    openapi_extra={"requestBody": json_body("StopBody", {"when_idle": {"when_idle": True}}, required=False)},
)
async def stop_engine(request: Request) -> Response:
    """Have the engine's process leave; containers run on, and the next engine takes them up. For the operator only."""
    stop = state_of(request).stop
    if not caller_of(request).is_operator:
        hint = "Run `orcaops stop` on its machine, or use the operator's own token."
        raise NotAdmittedError("Only the operator may stop the engine.", hint=hint)
    if stop is None:
        raise ConflictError("This engine belongs to the program it runs in.", hint="End that program.")
    body = await read_model(request, shapes.StopBody, required=False)
    leaves = await stop(body.when_idle)
    return answer({"stopping": leaves, "when_idle": body.when_idle}, 202)


@router.get(
    "/orcaops/runtimes",
    operation_id="list_runtimes",
    summary="List runtimes",
    response_model=None,
    responses={200: reply(shapes.RuntimeList, "Names for `runtime`.", examples.RUNTIMES), **problems()},
)
async def list_runtimes(request: Request) -> Response:
    """What a job's `runtime` may be, and the image and program behind each name."""
    runtimes = engine_of(request).runtimes
    items = [
        {"name": name, "image": runtime.image, "program": list(runtime.program)}
        for name, runtime in sorted(runtimes.items())
    ]
    return answer({"items": items})


@router.get(
    "/orcaops/secrets",
    operation_id="list_secrets",
    summary="List secrets",
    response_model=None,
    responses={200: reply(shapes.SecretList, "Names, never values.", examples.SECRETS), **problems()},
)
async def list_secrets(request: Request) -> Response:
    """The secrets that a job may name in `secrets`: where each comes from, since when, and whether it is masked.

    Values are told to nobody. They are set with `orcaops secrets set` on the engine's machine.
    """
    return answer({"items": [secret_view(secret) for secret in await engine_of(request).list_secrets()]})


@router.get(
    "/orcaops/metrics",
    operation_id="metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "Prometheus' text format.",
            "content": {
                "text/plain": {"schema": {"type": "string"}, "example": 'orcaops_jobs{status="running"} 1.0\n'}
            },
        },
        **problems(),
    },
)
async def metrics(request: Request) -> Response:
    """Jobs and workflow runs by status, the line, slots, durations, requests and streams."""
    state = state_of(request)
    engine = state.engine
    text = state.metrics.text(await engine.status(), await engine.count_workflows())
    return Response(text, headers={"Content-Type": _PROMETHEUS})


@router.get(
    "/orcaops/events",
    operation_id="follow_changes",
    summary="Follow every change",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "Server-sent events without end.",
            "content": {"text/event-stream": {"itemSchema": _CHANGE, "example": _CHANGE_EXAMPLE}},
        },
        **problems(422),
    },
)
async def follow_changes(
    request: Request,
    query: Annotated[ChangesQuery, Query()],
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=100, description="Id of the last event received.")
    ] = None,
) -> Response:
    """What changes, as it changes: `job` with a row of the list, `log` when a log grew, `progress` in words.

    Of workflow runs: `workflow` with a row of their list, `node` with a row of a node.

    Of several changes of one thing a slow reader gets the last. With `Last-Event-ID` it goes on where it was; if that
    is not remembered any more, `reset` comes first: look at everything anew.
    """
    state = state_of(request)
    events = changes_of(state.feed, query, last_event_id)
    return EventStream(events, state.metrics, stall_s=state.stall_s)


@router.get(
    "/healthz",
    operation_id="health",
    summary="Is it alive",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "It is.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "ok\n"}},
        },
        **problems(),
    },
)
async def health() -> Response:
    """Answers as long as the process does. Needs no token and says nothing else."""
    return PlainTextResponse("ok\n")


@router.get(
    "/readyz",
    operation_id="readiness",
    summary="Can jobs be run",
    response_model=None,
    responses={
        **problems(),
        200: reply(
            shapes.Readiness, "They can.", {"ready": True, "blocked_at": None, "containers": examples.CONTAINERS}
        ),
        503: reply(
            shapes.Readiness,
            "The container engine does not answer; jobs that wait start once it does.",
            {
                "ready": False,
                "blocked_at": examples.MOMENT,
                "containers": {**examples.CONTAINERS, "available": False, "problem": "Docker does not answer."},
            },
        ),
    },
)
async def readiness(request: Request) -> Response:
    """Whether the container engine answers."""
    status = await engine_of(request).status()
    ready = status.backend.available
    blocked_at = None if ready or status.blocked_at is None else time_text(status.blocked_at)
    view = {"ready": ready, "blocked_at": blocked_at, "containers": containers_view(status.backend)}
    return answer(view, 200 if ready else 503)
