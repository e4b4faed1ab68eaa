"""`orcaops workflow run`: what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command, OptionalValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from orcaops_mcp.cli.session import Session

RUN_EXITS: Final = (
    ("0", "The run succeeded."),
    ("1", "It failed, or only a part of it succeeded."),
    ("124", "Its time limit ended it."),
    ("130", "It was cancelled; also after a second Ctrl-C, when the command leaves while the run is being cancelled."),
)
_OPTIONS: Final = (
    click.argument("file", metavar="[FILE]", required=False),
    click.option("--template", metavar="NAME[@N]", help="A saved workflow instead of FILE; of its version N."),
    click.option("-i", "--input", multiple=True, metavar="NAME=VALUE", help="An input. Repeatable."),
    click.option("--inputs", metavar="FILE", help="Inputs from a file of YAML or JSON; -i comes after."),
    click.option("--name", metavar="TEXT", help="What this run is called, instead of run_name."),
    click.option("--max-parallel", type=click.IntRange(1), metavar="N", help="As many jobs run at once."),
    click.option("--priority", type=click.IntRange(-100, 100), metavar="N", help="Higher starts earlier."),
    click.option("--tag", "--label", "tag", multiple=True, metavar="TAG", help="A tag; K=V means K:V. Repeatable."),
    click.option(
        "--workspace",
        cls=OptionalValue,
        bare=".",
        takes_folder=True,
        metavar="[DIR]",
        help="Send a folder into the working directory of every job, without what .gitignore and .dockerignore name.",
    ),
    click.option("-d", "--detach", is_flag=True, help="Only start it, and print its id."),
    click.option("--dry-run", is_flag=True, help="Only check it, and show what would run."),
    click.option("--idempotency-key", metavar="KEY", default="", help="A repeat with this key starts nothing more."),
    click.option(
        "--backend",
        type=click.Choice(("docker", "simulated")),
        help="simulated: run it without containers, in an engine that lives as long as this command.",
    ),
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(
    "run",
    cls=Command,
    examples=(
        ("orcaops workflow run ci.yaml", "Check it, run it, and stay until it has ended."),
        ("orcaops workflow run --workspace . -i target=staging ci.yaml", "With this folder's files and an input."),
        ("orcaops workflow run -d --template nightly", "A saved workflow, left to itself."),
        ("orcaops workflow run --backend simulated ci.yaml", "A rehearsal: no container, no image."),
    ),
    exits=(
        RUN_EXITS[0],
        RUN_EXITS[1],
        ("2", "Wrong usage."),
        ("7", "The file or its inputs are not valid; all findings are told."),
        *RUN_EXITS[2:],
    ),
)
@_options
@click.pass_obj
def command(session: Session, *, file: str | None, template: str | None, **options: Any) -> None:
    """Check a workflow, run it, and stay until it has ended.

    FILE is a workflow in YAML, or - for standard input; files that it calls go along. On a terminal a tree shows how
    the jobs stand, elsewhere standard error tells each change on a line. Then comes what failed, with its last lines,
    and the outputs. What the checkout in which FILE lies says of branch, commit and repository is the context
    `github`. Ctrl-C cancels the run; a second one leaves. The run belongs to the engine: it goes on when this command
    is killed.
    """
    if (file is None) == (template is None):
        raise click.UsageError("Name a workflow file, or - for standard input, or a saved workflow with --template.")
    if options["backend"] == "simulated" and (options["detach"] or session.url or template):
        raise click.UsageError("--backend simulated goes with a FILE, and not with --detach, --template or --url.")
    from orcaops_mcp.cli.workflow import running  # noqa: PLC0415 - imports core

    code = running.run(session, file, template, options)
    if code:
        raise click.exceptions.Exit(code)
