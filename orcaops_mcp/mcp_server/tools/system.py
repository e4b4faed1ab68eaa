"""How the engine is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.views.system import system_view

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext


class GetSystemStatus(Arguments):
    """Nothing to say."""


async def get_system_status(ctx: AppContext, _: GetSystemStatus) -> CallToolResult:
    """Health of the container engine, running and queued jobs, limits, and this version."""
    engine = ctx.request_context.lifespan_context.engine
    status: dict[str, Any] = system_view(await engine.status(), engine.settings)
    return facts(status)


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (ToolDefinition("orcaops_get_system_status", "System status", READS, GetSystemStatus, get_system_status),),
)
