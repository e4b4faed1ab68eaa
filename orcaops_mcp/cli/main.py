"""The `orcaops` command and its parts, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import click

_COMMANDS = {
    "doctor": "Check that this machine can run jobs, and show the effective configuration.",
    "mcp": "Serve MCP over standard input and output, for a chat client or an IDE.",
    "serve": "Serve MCP over HTTP.",
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is run: the MCP SDK alone takes most of a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands' names."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of this name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"orcaops_mcp.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - same
        """The commands in the help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("orcaops-mcp"), prog_name="orcaops", message="%(prog)s %(version)s")
def cli() -> None:
    """A place for AI agents to run container jobs."""
