"""Options that several commands share, and how faults are told."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from core import OrcaOpsError
from orcaops_mcp.daemon.telling import sole_error
from orcaops_mcp.log_config import configure_logging
from orcaops_mcp.mcp_server.toolset import ToolChoice
from orcaops_mcp.settings import load_configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from orcaops_mcp.settings import Configuration, Settings

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_ENGINE = (
    click.option("--home", metavar="DIR", help="Folder of the database, logs and artifacts [~/.orcaops]."),
    click.option("--backend", type=click.Choice(["docker", "simulated"]), help="What runs the containers [docker]."),
    click.option(
        "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What is logged [warning]."
    ),
)
_TOOLS = (
    click.option("--read-only", is_flag=True, default=None, help="Offer only tools that change nothing."),
    click.option("--toolsets", metavar="A,B", help="Groups of tools to offer [default]."),
    click.option("--tools", metavar="A,B", help="Offer only these tools."),
)


def engine_options(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """--home, --backend, --log-level."""
    return _decorated(command, _ENGINE)


def tool_options(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """--read-only, --toolsets, --tools."""
    return _decorated(command, _TOOLS)


def configure(overrides: dict[str, Any]) -> Configuration:
    """Read the configuration and set up logging.

    Args:
        overrides: Options as click gives them; None means not given.
    """
    for name in ("toolsets", "tools"):
        if overrides.get(name) is not None:
            overrides[name] = [part.strip() for part in str(overrides[name]).split(",") if part.strip()]
    configuration = load_configuration(overrides=overrides)
    settings = configuration.settings
    configure_logging(
        settings.log_level, settings.log_format, settings.log_file, settings.log_file_bytes, settings.log_files
    )
    return configuration


def told_plainly(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Tell an `OrcaOpsError` in two lines on standard error and exit with 1."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except (OrcaOpsError, ExceptionGroup) as error:
            fault = sole_error(error)
            if fault is None:
                raise
            click.echo(f"orcaops: {fault.message}", err=True)
            if fault.hint:
                click.echo(f"  hint: {fault.hint}", err=True)
            raise SystemExit(1) from None

    return run


def tool_choice(settings: Settings) -> ToolChoice:
    """Which MCP tools the settings offer."""
    return ToolChoice(settings.toolsets, settings.tools, settings.read_only)


def _decorated(command: Callable[Parameters, Result], options: tuple[Any, ...]) -> Callable[Parameters, Result]:
    for option in reversed(options):
        command = option(command)
    return command
