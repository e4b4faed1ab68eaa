"""Change events for clients: from the engine onto one bus, from the bus to connections of both protocol eras.

Clients of the 2026 era listen to the bus through the SDK. Those of the handshake era (2025) subscribe per resource
and get notifications on their session; the SDK leaves that to us.
"""

from __future__ import annotations

import logging
import weakref
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import anyio
from mcp import MCPError
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.types import INVALID_PARAMS, EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from core import Engine, JobChanged, LogGrew, NodeChanged, ProgressChanged, WorkflowChanged
from orcaops_mcp.mcp_server.sdk import (
    HANDSHAKE_PROTOCOL_VERSIONS,
    add_request_handler,
    announce_list_changes,
    connection_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mcp.server import MCPServer, ServerRequestContext
    from mcp.server.connection import Connection

_log = logging.getLogger(__name__)

PAUSE_S: Final = 0.1
"""Events of one resource within this time become one."""

_BACKLOG: Final = 1024
_PATIENCE_S: Final = 1.0
_SUBSCRIPTIONS: Final = 1000
_LONGEST_URI: Final = 4096


def job_uri(job_id: str) -> str:
    """The resource of a job's record."""
    return f"orcaops://jobs/{job_id}"


def logs_uri(job_id: str) -> str:
    """The resource of a job's log."""
    return f"orcaops://jobs/{job_id}/logs"


def workflow_uri(workflow_id: str) -> str:
    """The resource of a workflow's run."""
    return f"orcaops://workflows/{workflow_id}"


def source_uri(workflow_id: str) -> str:
    """The resource of the file that a run was made from."""
    return f"{workflow_uri(workflow_id)}/source"


def node_uri(workflow_id: str, node_id: str) -> str:
    """The resource of a node of a run."""
    return f"{workflow_uri(workflow_id)}/nodes/{quote(node_id, safe='/')}"


class ChangeFeed:
    """Publishes what the engine announces, at most once a resource and pause.

    Args:
        engine: Whose events.
        bus: Where they go.
    """

    def __init__(self, engine: Engine, bus: InMemorySubscriptionBus) -> None:
        self._engine = engine
        self._bus = bus
        self._pending: dict[str, None] = {}
        self._list_changed = False
        self._news = anyio.Event()

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Publish while the context lasts."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._collect)
            tasks.start_soon(self._publish)
            yield
            tasks.cancel_scope.cancel()

    async def _collect(self) -> None:
        with self._engine.subscribe() as events:
            async for event in events:
                match event:
                    case JobChanged(job=job, status_changed=moved):
                        self._pending[job_uri(job.job_id)] = None
                        self._list_changed |= moved
                    case LogGrew(job_id=job_id):
                        self._pending[logs_uri(job_id)] = None
                    case ProgressChanged(job_id=job_id):
                        self._pending[job_uri(job_id)] = None
                    case WorkflowChanged(run=run, status_changed=moved):
                        self._pending[workflow_uri(run.workflow_id)] = None
                        self._list_changed |= moved
                    case NodeChanged(node=node):
                        self._pending[workflow_uri(node.workflow_id)] = None
                        self._pending[node_uri(node.workflow_id, node.node_id)] = None
                self._news.set()

    async def _publish(self) -> None:
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            uris, self._pending = self._pending, {}
            list_changed, self._list_changed = self._list_changed, False
            for uri in uris:
                await self._bus.publish(ResourceUpdated(uri=uri))
            if list_changed:
                await self._bus.publish(ResourcesListChanged())
            await anyio.sleep(PAUSE_S)


class LegacyFanout:
    """Passes bus events on to connections of the handshake era.

    Args:
        bus: Where events come from.
    """

    def __init__(self, bus: InMemorySubscriptionBus) -> None:
        self._bus = bus
        self._subscribed: weakref.WeakKeyDictionary[Connection, set[str]] = weakref.WeakKeyDictionary()

    def install(self, server: MCPServer[Any]) -> None:
        """Serve `resources/subscribe` and `resources/unsubscribe`, and notice connections."""
        add_request_handler(server, "resources/subscribe", SubscribeRequestParams, self._subscribe)
        add_request_handler(server, "resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe)
        announce_list_changes(server)
        server.middleware.append(self._notice)

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Pass events on while the context lasts; when a client is too slow for them, some are left out."""
        send, receive = anyio.create_memory_object_stream[ServerEvent](_BACKLOG)

        def listen(event: ServerEvent) -> None:
            try:
                send.send_nowait(event)
            except anyio.WouldBlock:
                _log.debug("change events come faster than clients take them; one was left out")

        async def pump() -> None:
            async for event in receive:
                for connection, uris in list(self._subscribed.items()):
                    await self._deliver(connection, uris, event)

        stop_listening = self._bus.subscribe(listen)
        async with send, receive, anyio.create_task_group() as tasks:
            tasks.start_soon(pump)
            try:
                yield
            finally:
                stop_listening()
                tasks.cancel_scope.cancel()

    async def _deliver(self, connection: Connection, uris: set[str], event: ServerEvent) -> None:
        try:
            with anyio.move_on_after(_PATIENCE_S):
                match event:
                    case ResourceUpdated(uri=uri) if uri in uris:
                        await connection.send_resource_updated(uri)
                    case ResourcesListChanged():
                        await connection.send_resource_list_changed()
                    case ToolsListChanged():
                        await connection.send_tool_list_changed()
                    case PromptsListChanged():
                        await connection.send_prompt_list_changed()
                    case _:
                        pass
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._subscribed.pop(connection, None)

    async def _notice(self, ctx: ServerRequestContext[Any, Any], call_next: Any) -> Any:
        if ctx.method == "notifications/initialized" and ctx.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS:
            self._subscribed.setdefault(connection_of(ctx), set())
        return await call_next(ctx)

    async def _subscribe(self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams) -> EmptyResult:
        uris, uri = self._subscribed.setdefault(connection_of(ctx), set()), str(params.uri)
        if len(uri) > _LONGEST_URI:
            raise MCPError(INVALID_PARAMS, f"A resource's address has at most {_LONGEST_URI} characters.")
        if len(uris) >= _SUBSCRIPTIONS and uri not in uris:
            text = f"This connection has {_SUBSCRIPTIONS} subscriptions; unsubscribe from some first."
            raise MCPError(INVALID_PARAMS, text)
        uris.add(uri)
        return EmptyResult()

    async def _unsubscribe(self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams) -> EmptyResult:
        self._subscribed.setdefault(connection_of(ctx), set()).discard(str(params.uri))
        return EmptyResult()


@asynccontextmanager
async def change_events(engine: Engine, bus: InMemorySubscriptionBus, fanout: LegacyFanout) -> AsyncGenerator[None]:
    """Everything above, while the context lasts."""
    async with fanout.run(), ChangeFeed(engine, bus).run():
        yield
