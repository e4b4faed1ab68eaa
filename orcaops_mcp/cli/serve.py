"""`orcaops serve`: MCP over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import click

from core import open_engine
from orcaops_mcp.cli.options import configure, engine_options, told_plainly, tool_choice, tool_options
from orcaops_mcp.daemon.door import open_door
from orcaops_mcp.daemon.serve import serve_tcp
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open

if TYPE_CHECKING:
    from orcaops_mcp.daemon.door import Door
    from orcaops_mcp.settings import Configuration


@click.command("serve")
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one [8787].")
@click.option("--no-token", is_flag=True, help="Ask for no token; on loopback only. Any local program may then call.")
@engine_options
@tool_options
@told_plainly
def command(*, no_token: bool, **overrides: Any) -> None:
    """Serve MCP over HTTP at /mcp until Ctrl-C or SIGTERM.

    Callers need the bearer token from the token file, which is made with the first start.
    """
    configuration = configure(overrides)
    with open_door(configuration.settings, with_token=not no_token) as door:
        anyio.run(_serve, configuration, door)


async def _serve(configuration: Configuration, door: Door) -> None:
    choice = tool_choice(configuration.settings)
    async with open_engine(configuration.engine()) as engine:
        server = build_server(already_open(engine), choice)
        click.echo(door.welcome(), err=True)
        await serve_tcp(server, configuration.settings, door)
