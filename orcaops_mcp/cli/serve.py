"""`orcaops serve`: the home's engine in the foreground."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import anyio
import click

from orcaops_mcp.cli.options import configure, engine_options, told_plainly, tool_options

if TYPE_CHECKING:
    from orcaops_mcp.settings import Configuration


@click.command("serve")
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one [8787].")
@click.option("--no-token", is_flag=True, help="Ask for no token; on loopback only. Any local program may then call.")
@click.option(
    "--demo",
    is_flag=True,
    help="Serve a home made up for looking around: thirty days of jobs, runs and a log of a million lines, without "
    "containers. It is temporary unless --home names an empty folder.",
)
@click.option(
    "--demo-size", type=click.Choice(["full", "small"]), default="full", show_default=True, help="How much is in it."
)
@engine_options
@tool_options
@told_plainly
def command(*, no_token: bool, demo: bool, demo_size: str, **overrides: Any) -> None:
    """Run the engine in the foreground until Ctrl-C or SIGTERM, with MCP at /mcp and REST at /orcaops.

    An idle engine that a chat or a command has started makes room for it. Callers over HTTP need the bearer token from
    the token file, which is made with the first start.
    """
    if demo:
        _serve_demo(overrides, demo_size, with_token=not no_token)
    else:
        _serve(configure(overrides), with_token=not no_token)


def _serve_demo(overrides: dict[str, Any], size: str, *, with_token: bool) -> None:
    # `--help` shall not wait for the engine's imports
    from orcaops_mcp.daemon.demo import demo_folder, demo_overrides, fill_home  # noqa: PLC0415

    given = overrides.pop("home")
    with demo_folder(given) as home:
        configuration = configure({**overrides, **demo_overrides(home)})
        click.echo("Filling a home for looking around; it takes a few seconds.", err=True)
        fill_home(home, size)
        stop = "everything here goes with it" if given is None else f"what is here stays in {home}"
        _serve(configuration, with_token=with_token, stop=stop)


def _serve(
    configuration: Configuration, *, with_token: bool, stop: str = "jobs that run go on and are found again"
) -> None:
    # `--help` shall not wait for the server's imports
    from orcaops_mcp.daemon.door import open_door  # noqa: PLC0415
    from orcaops_mcp.daemon.garbage import collect_seldom  # noqa: PLC0415
    from orcaops_mcp.daemon.process import Doors, run_engine  # noqa: PLC0415
    from orcaops_mcp.daemon.takeover import take_over  # noqa: PLC0415

    settings = configuration.settings
    with ExitStack() as starting, ExitStack() as serving:
        starting.enter_context(take_over(settings.home))
        door = serving.enter_context(open_door(settings, with_token=with_token))

        def opened() -> None:
            starting.close()
            click.echo(door.welcome(stop), err=True)

        collect_seldom()
        anyio.run(run_engine, configuration, Doors(door, None, opened))
