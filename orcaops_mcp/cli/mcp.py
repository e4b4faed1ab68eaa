"""`orcaops mcp`: MCP over standard input and output.

What starts at once is `orcaops_mcp.bridge`, which needs none of this; here stand the help, and the server in one
process.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import click

from core import IS_WINDOWS
from orcaops_mcp import bridge
from orcaops_mcp.cli.options import configure, engine_options, told_plainly, tool_choice, tool_options

if TYPE_CHECKING:
    from orcaops_mcp.settings import Configuration


_ON_WINDOWS: Final = """orcaops: On Windows the engine runs in this chat's own process: one chat a home, and what still
  runs when the chat ends is taken up by the next one.
  hint: For one engine that serves all chats, install OrcaOps inside WSL 2; `wsl orcaops mcp` is the command then."""


@click.command("mcp")
@click.option("--in-process", is_flag=True, help="Run the engine in this process instead of joining the home's one.")
@click.option(
    "--transport", type=click.Choice(["stdio", "http"]), default="stdio", help="Only stdio; HTTP is `orcaops serve`."
)
@engine_options
@tool_options
@told_plainly
def command(*, in_process: bool, transport: str, **overrides: Any) -> None:
    """Serve MCP over standard input and output, for a chat client or an IDE.

    The home's one engine answers, and is started if it does not run. It serves all chats, terminals and pages, and goes
    on when this chat ends; jobs that run are found again by the next. On Windows the engine is in this process.
    """
    if transport == "http":
        raise click.UsageError("MCP over HTTP is served by `orcaops serve`, at http://127.0.0.1:8787/mcp.")
    if IS_WINDOWS:
        click.echo(_ON_WINDOWS, err=True)
    elif not in_process:
        raise SystemExit(bridge.serve(_for_the_bridge(overrides)))
    anyio.run(_serve, configure(overrides), Path.cwd())


def _for_the_bridge(overrides: dict[str, Any]) -> dict[str, str]:
    return {
        f"--{name.replace('_', '-')}": "true" if value is True else str(value)
        for name, value in overrides.items()
        if value is not None
    }


async def _serve(configuration: Configuration, folder: Path) -> None:
    # the help, and the bridge, shall not wait for the server's imports
    from orcaops_mcp.daemon.in_process import serve_stdio  # noqa: PLC0415

    await serve_stdio(configuration, tool_choice(configuration.settings), folder)
