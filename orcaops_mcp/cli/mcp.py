"""`orcaops mcp`: MCP over standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import click

from core import open_engine
from orcaops_mcp.cli.options import configure, engine_options, told_plainly, tool_choice, tool_options
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open

if TYPE_CHECKING:
    from orcaops_mcp.settings import Configuration


@click.command("mcp")
@click.option("--in-process", is_flag=True, help="Run the engine in this process; at present it always does.")
@engine_options
@tool_options
@told_plainly
def command(*, in_process: bool, **overrides: Any) -> None:  # noqa: ARG001 - the option is there to be given
    """Serve MCP over standard input and output, for a chat client or an IDE.

    The engine runs in this process, holds its home's lock, and ends with standard input; jobs that run go on and are
    found again by the next start.
    """
    anyio.run(_serve, configure(overrides))


async def _serve(configuration: Configuration) -> None:
    choice = tool_choice(configuration.settings)
    async with open_engine(configuration.engine()) as engine:
        await build_server(already_open(engine), choice).run_stdio_async()
