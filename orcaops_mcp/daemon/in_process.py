"""MCP over this process's own standard streams, with the engine in it: for Windows, and for debugging."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core import open_engine
from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open

if TYPE_CHECKING:
    from orcaops_mcp.mcp_server.toolset import ToolChoice
    from orcaops_mcp.settings import Configuration


async def serve_stdio(configuration: Configuration, choice: ToolChoice) -> None:
    """Hold the home and serve until standard input ends.

    Raises:
        HomeInUseError: Another engine has the home.
    """
    caller = Caller("agent", folder=Path.cwd())
    async with open_engine(configuration.engine()) as engine:
        await build_server(already_open(engine), choice, caller).run_stdio_async()
