"""What `orcaops workflow` takes; what it does is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.documents import give_document

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from orcaops_mcp.cli.session import Session

_EXITS = (("0", "No errors."), ("7", "The workflow is not valid, or its inputs are not."))
_FILE = click.argument("file", metavar="FILE")


def _complete_file_or_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids where one was begun, else files."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for completion

    if not incomplete.startswith(("wf_", "@")):
        return [CompletionItem(incomplete, type="file")]
    from orcaops_mcp.cli.workflow.chosen import complete_run  # noqa: PLC0415 - same

    return complete_run(ctx, param, incomplete)


@click.command(
    "validate",
    cls=Command,
    examples=(
        ("orcaops workflow validate ci.yaml", "Every finding at once, with line, column and hint."),
        ("orcaops workflow validate --fix workflows/*.yaml", "Mend what is sure, and show the difference."),
        ("orcaops workflow validate --format sarif ci.yaml > ci.sarif", "For a code scanner."),
        ("orcaops workflow validate --explain E011", "What a code means."),
    ),
    exits=(("0", "No errors."), ("7", "There are errors; with --strict, or warnings.")),
)
@click.argument("files", metavar="FILE…", nargs=-1)
@click.option(
    "--format",
    "form",
    envvar="ORCAOPS_WORKFLOW_VALIDATE_FORMAT",
    type=click.Choice(("text", "json", "sarif", "github")),
    help="How to print findings [text].",
)
@click.option("--strict", is_flag=True, help="Warnings count as errors do.")
@click.option("--fix", is_flag=True, help="Carry out the sure fixes and show the difference.")
@click.option("--explain", metavar="CODE", help="Say what a code means, with an example.")
@click.pass_obj
def validate(
    session: Session, *, files: tuple[str, ...], form: str | None, strict: bool, fix: bool, explain: str | None
) -> int:
    """Say everything that is wrong with workflow files, and what mends it.

    FILE is a workflow in YAML, or - for standard input. A finding is a line FILE:LINE:COL: code message; on a
    terminal the line of the file stands below it. Files that a workflow calls by `uses: ./other.yaml` are checked
    with it; they have to lie below its folder.
    """
    from orcaops_mcp.cli.workflow import validation  # noqa: PLC0415 - imports core

    if explain is not None:
        return validation.explain(session.out, explain)
    if not files:
        raise click.UsageError("Name a workflow file, or - for standard input.")
    if form is None or session.out.is_json:
        form = "json" if session.out.is_json else "text"
    return validation.validate(session.out, files, form, is_strict=strict, mends=fix)


@click.command(
    "plan",
    cls=Command,
    examples=(
        ("orcaops workflow plan ci.yaml --input target=staging", "What would run, in which order, and what would not."),
        ("orcaops workflow plan ci.yaml --assume test=failure", "What would run if a job failed."),
        ("orcaops workflow plan ci.yaml --json=nodes,critical_path", "For a program."),
    ),
    exits=_EXITS,
)
@_FILE
@click.option(
    "-i",
    "--input",
    "inputs",
    envvar="ORCAOPS_WORKFLOW_PLAN_INPUT",
    metavar="NAME=VALUE",
    multiple=True,
    help="An input of the workflow.",
)
@click.option(
    "--assume",
    metavar="JOB=OUTCOME",
    multiple=True,
    help="How a job is taken to end: success, failure, timed_out, cancelled or skipped. "
    "JOB may be a variant, such as test[python=3.12].",
)
@click.pass_obj
def plan(session: Session, *, file: str, inputs: tuple[str, ...], assume: tuple[str, ...]) -> None:
    """Say what a workflow would do, without doing it.

    Jobs and their variants in order, conditions as far as they are known, images, and the chain of jobs that decides
    how long it takes.
    """
    from orcaops_mcp.cli.workflow import planning  # noqa: PLC0415 - imports core

    planning.show_plan(session.out, file, input_values(inputs), assumptions(assume))


@click.command(
    "graph",
    cls=Command,
    examples=(
        ("orcaops workflow graph ci.yaml", "The jobs by stages."),
        ("orcaops workflow graph --format dot ci.yaml | dot -Tsvg > ci.svg", "A picture."),
        ("orcaops workflow graph --format mermaid @last", "Of the newest run with how its jobs stand, for Markdown."),
    ),
    exits=_EXITS,
)
@click.argument("file", metavar="FILE|RUN", shell_complete=_complete_file_or_run)
@click.option(
    "--format",
    "form",
    envvar="ORCAOPS_WORKFLOW_GRAPH_FORMAT",
    type=click.Choice(("text", "dot", "mermaid", "json")),
    help="How to print it [text].",
)
@click.option(
    "-i",
    "--input",
    "inputs",
    envvar="ORCAOPS_WORKFLOW_GRAPH_INPUT",
    metavar="NAME=VALUE",
    multiple=True,
    help="An input of the workflow.",
)
@click.pass_obj
def graph(session: Session, *, file: str, form: str | None, inputs: tuple[str, ...]) -> None:
    """Show which jobs of a workflow wait for which; of a run, with how each stands.

    A run is named by @last, or by an id that begins with wf_.
    """
    if form is None or session.out.is_json:
        form = "json" if session.out.is_json else "text"
    if file == "@last" or file.startswith("wf_"):
        if inputs:
            raise click.UsageError("--input goes with a FILE: a run has its inputs.")
        from orcaops_mcp.cli.workflow.run_graph import show_run_graph  # noqa: PLC0415 - not needed for a file

        client = session.client.workflows
        show_run_graph(session.out, client, client.find(file), form)
        return
    from orcaops_mcp.cli.workflow import planning  # noqa: PLC0415 - imports core

    planning.show_graph(session.out, file, form, input_values(inputs))


@click.command(
    "expand",
    cls=Command,
    examples=(
        ("orcaops workflow expand ci.yaml", "Templates, defaults and foreign spellings resolved."),
        ("orcaops workflow expand - < ci.yaml", "Of standard input."),
    ),
    exits=_EXITS,
)
@_FILE
@click.pass_obj
def expand(session: Session, *, file: str) -> None:
    """Print a workflow in its one canonical spelling, with the origin of each value."""
    from orcaops_mcp.cli.workflow import planning  # noqa: PLC0415 - imports core

    planning.show_expansion(session.out, file)


@click.command(
    "schema",
    cls=Command,
    examples=(
        ("orcaops workflow schema -o workflow.schema.json", "For an editor that checks workflow files."),
        ("orcaops workflow schema --json=definitions", "Only the definitions."),
    ),
)
@click.option("-o", "--output", metavar="FILE", help="Write it to a file.")
@click.pass_obj
def schema(session: Session, *, output: str | None) -> None:
    """Print the JSON Schema (draft-07) of a workflow."""
    from core import workflow_schema  # noqa: PLC0415 - slow to import

    give_document(session, workflow_schema(), output)


def input_values(texts: tuple[str, ...]) -> dict[str, str]:
    """What ``--input`` says; of a name that is given twice, the last counts.

    Raises:
        click.BadParameter: There is no name, or no ``=``.
    """
    made: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (sign and name):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--input")
        made[name] = value
    return made


def assumptions(texts: tuple[str, ...]) -> dict[str, str]:
    """What ``--assume`` says; the names of variants hold a ``=`` themselves.

    Raises:
        click.BadParameter: There is no ``=`` with an outcome behind it.
    """
    made: dict[str, str] = {}
    for text in texts:
        job, sign, outcome = text.rpartition("=")
        if not (sign and job and outcome) or outcome.endswith("]"):
            raise click.BadParameter(f"{text!r} is not JOB=OUTCOME, such as test=failure", param_hint="--assume")
        made[job] = outcome
    return made
