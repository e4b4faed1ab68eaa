"""A log over a WebSocket: the same lines as by server-sent events, one JSON object a message."""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
from starlette.websockets import WebSocketDisconnect

from core import LogCursor, OrcaOpsError
from orcaops_mcp.api.follow import end_id, end_view, paced
from orcaops_mcp.api.lines import after, line_view
from orcaops_mcp.api.problems import problem_of
from orcaops_mcp.views.compact import compact_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.websockets import WebSocket

    from core import Engine
    from orcaops_mcp.api.follow import Start
    from orcaops_mcp.api.lines import LineFilter
    from orcaops_mcp.api.state import ApiState

_log = logging.getLogger(__name__)

_UNSUPPORTED = 1003
_INTERNAL = 1011


async def serve_socket(websocket: WebSocket, state: ApiState, job_id: str, start: Start, wanted: LineFilter) -> None:
    """Accept the connection and send a job's log until its end, until the client leaves, or takes nothing for too long.

    Args:
        websocket: Not yet accepted.
        state: What stands behind the API.
        job_id: Whose log.
        start: Where to begin.
        wanted: Which lines.
    """
    await serve_messages(websocket, state, _messages(state.engine, job_id, start, wanted))


async def serve_messages(websocket: WebSocket, state: ApiState, messages: AsyncGenerator[str]) -> None:
    """Accept the connection and send messages until they end, until the client leaves, or takes nothing for too long.

    Args:
        websocket: Not yet accepted.
        state: What stands behind the API.
        messages: Closed with the connection.
    """
    await websocket.accept()
    with state.metrics.stream("websocket"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_until_gone, websocket, tasks.cancel_scope)
            try:
                async with aclosing(messages) as told:
                    async for message in told:
                        with anyio.fail_after(state.stall_s):
                            await websocket.send_text(message)
                await websocket.close()
            except OrcaOpsError as error:
                await websocket.send_text(compact_json({"type": "error", "error": problem_of(error)}))
                await websocket.close(_INTERNAL)
            except WebSocketDisconnect:
                pass
            except TimeoutError:
                _log.info("a reader of a log took nothing for %g seconds and was let go", state.stall_s)
            tasks.cancel_scope.cancel()


async def _messages(engine: Engine, job_id: str, start: Start, wanted: LineFilter) -> AsyncGenerator[str]:
    place = start.cursor or LogCursor(1, 1)
    async with aclosing(paced(engine, job_id, start)) as parts:
        async for part in parts:
            place = LogCursor(part.attempt, part.lines[-1].number + 1)
            for line in part.lines if wanted.takes_all else wanted.chosen(part.lines):
                facts: dict[str, Any] = {"type": "gap" if line.gap else "log", "cursor": after(part.attempt, line)}
                yield compact_json(facts | line_view(line))
    job = await engine.get_job(job_id)
    yield compact_json({"type": "end", "cursor": end_id(place), **end_view(job)})


async def _until_gone(websocket: WebSocket, connection: anyio.CancelScope) -> None:
    """End the connection once the client has left; text from it is passed over, bytes are refused."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            break
        if message.get("bytes") is not None:
            await websocket.close(_UNSUPPORTED, "Nothing is to be sent here.")
            break
    connection.cancel()
