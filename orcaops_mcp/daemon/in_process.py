"""MCP over this process's own standard streams, with the engine in it: for Windows, and for debugging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import open_engine
from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open

if TYPE_CHECKING:
    from pathlib import Path

    from orcaops_mcp.mcp_server.toolset import ToolChoice
    from orcaops_mcp.settings import Configuration


async def serve_stdio(configuration: Configuration, choice: ToolChoice, folder: Path) -> None:
    """Hold the home and serve until standard input ends.

    Args:
        configuration: Of the engine.
        choice: The tools on offer.
        folder: Where the chat stands.

    Raises:
        HomeInUseError: Another engine has the home.
    """
    caller = Caller("agent", folder=folder)
    async with open_engine(configuration.engine()) as engine:
        await build_server(already_open(engine), choice, caller).run_stdio_async()
