"""Everything of the MCP SDK that is private or may move in a minor release, in one place.

`tests/orcaops_mcp/mcp_server/test_sdk.py` fails when a name here vanishes or changes its meaning.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mcp.server import NotificationOptions, Server
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage
from mcp.types import ErrorData, JSONRPCError, JSONRPCResponse, jsonrpc_message_adapter
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.server import MCPServer, ServerRequestContext
    from mcp.server.connection import Connection
    from mcp.types import CallToolResult, Result, ToolAnnotations

__all__ = (
    "HANDSHAKE_PROTOCOL_VERSIONS",
    "ArgModelBase",
    "SessionMessage",
    "add_request_handler",
    "announce_list_changes",
    "answer_message",
    "connection_of",
    "error_message",
    "line_of",
    "low_level",
    "make_tool",
    "message_of",
    "serve_streams",
)

State = TypeVar("State")
Params = TypeVar("Params")


def low_level(server: MCPServer[State]) -> Server[State]:
    """The protocol engine below an `MCPServer`."""
    return server._lowlevel_server  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the SDK's docs name it


async def serve_streams(
    server: MCPServer[State],
    received: MemoryObjectReceiveStream[SessionMessage | Exception],
    to_send: MemoryObjectSendStream[SessionMessage],
    state: State,
) -> None:
    """Serve one connection of either era until its messages end; calls under way are then cancelled.

    Args:
        server: What answers.
        received: Messages from the client, or why a line was none.
        to_send: Messages for the client; closed at the end.
        state: What handlers see as their lifespan's.
    """
    await serve_dual_era_loop(low_level(server), received, to_send, lifespan_state=state)


def message_of(line: bytes) -> SessionMessage:
    """A line as a message.

    Raises:
        ValueError: It is none.
    """
    return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))


def line_of(message: SessionMessage) -> bytes:
    """A message as a line."""
    return message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"


def answer_message(request_id: int | str, result: Result) -> SessionMessage:
    """The answer to a request."""
    content = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return SessionMessage(JSONRPCResponse(jsonrpc="2.0", id=request_id, result=content))


def error_message(request_id: int | str, code: int, text: str) -> SessionMessage:
    """The answer to a request that was not understood."""
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=text)))


def connection_of(ctx: ServerRequestContext[Any, Any]) -> Connection:
    """The connection a message came in on; the same object for all its messages."""
    return ctx.session._connection  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - nothing public outlives a request


def add_request_handler(
    server: MCPServer[Any],
    method: str,
    params: type[Params],
    handle: Callable[[ServerRequestContext[Any, Any], Params], Awaitable[Any]],
) -> None:
    """Serve a protocol method that `MCPServer` leaves unserved, or replace how it is served."""
    low_level(server).add_request_handler(method, cast("Any", params), cast("Any", handle))


def announce_list_changes(server: MCPServer[Any]) -> None:
    """Tell clients of the handshake era that lists and resources change, which `MCPServer` does not."""
    low = low_level(server)
    options = NotificationOptions(tools_changed=True, resources_changed=True, prompts_changed=True)
    patched = functools.partial(low.create_initialization_options, options)
    low.create_initialization_options = cast("Any", patched)


def make_tool(
    name: str,
    *,
    title: str,
    description: str,
    schema: dict[str, Any],
    arguments: type[ArgModelBase],
    annotations: ToolAnnotations,
    run: Callable[..., Awaitable[CallToolResult]],
) -> Tool:
    """A tool with a schema of our own making.

    Args:
        name: On the wire.
        title: For people.
        description: For the model.
        schema: The input schema shown.
        arguments: The model that checks the arguments; its `model_dump_one_level` names what `run` gets.
        annotations: The hints.
        run: Called with those names and ``ctx``, the SDK's context.
    """
    return Tool(
        fn=run,
        name=name,
        title=title,
        description=description,
        parameters=schema,
        fn_metadata=FuncMetadata(arg_model=arguments),
        is_async=True,
        context_kwarg="ctx",
        annotations=annotations,
    )
