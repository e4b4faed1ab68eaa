"""Fails when the SDK moves or changes what `sdk` stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp import Client
from mcp.server import MCPServer
from mcp.types import ToolAnnotations

from orcaops_mcp.mcp_server import answers, sdk

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from mcp.types import CallToolResult


class _Arguments(sdk.ArgModelBase):
    number: int

    def model_dump_one_level(self) -> dict[str, Any]:
        return {"arguments": self}


async def test_a_tool_of_our_own_making_is_listed_checked_and_called() -> None:
    async def run(arguments: _Arguments, ctx: object) -> CallToolResult:
        assert ctx is not None
        return answers.facts({"double": arguments.number * 2})

    schema = {"type": "object", "properties": {"number": {"type": "integer"}}}
    tool = sdk.make_tool(
        "double",
        title="Double",
        description="",
        schema=schema,
        arguments=_Arguments,
        annotations=ToolAnnotations(),
        run=run,
    )
    async with Client(MCPServer("test", tools=[tool])) as client:
        assert (await client.list_tools()).tools[0].input_schema == schema
        assert (await client.call_tool("double", {"number": "21"})).structured_content == {"double": 42}
        assert (await client.call_tool("double", {})).is_error


async def test_the_low_level_server_takes_handlers_and_announces_list_changes() -> None:
    server = MCPServer[Any]("test")
    sdk.announce_list_changes(server)
    low = sdk.low_level(server)
    options = low.create_initialization_options()
    assert options.capabilities.resources is None or options.capabilities.resources.list_changed
    async with Client(server, mode="legacy") as client:
        assert client.server_capabilities is not None
        assert client.server_capabilities.tools is not None
        assert client.server_capabilities.tools.list_changed is True


async def test_messages_of_one_legacy_connection_share_its_object() -> None:
    server = MCPServer[Any]("test")
    seen: list[object] = []

    async def watch(ctx: ServerRequestContext[Any, Any], call_next: Any) -> Any:
        if ctx.protocol_version in sdk.HANDSHAKE_PROTOCOL_VERSIONS:
            connection = sdk.connection_of(ctx)
            seen.append(connection)
            assert callable(connection.send_resource_updated)
            assert callable(connection.send_resource_list_changed)
        return await call_next(ctx)

    server.middleware.append(watch)
    async with Client(server, mode="legacy") as client:
        await client.list_tools()
        await client.list_prompts()
    assert len(seen) >= 2
    assert all(connection is seen[0] for connection in seen)
