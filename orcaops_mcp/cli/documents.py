"""`orcaops version`, `openapi` and `schema`: what programs read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from orcaops_mcp import __version__
from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.front import version_line

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session


@click.command(
    "version",
    cls=Command,
    examples=(("orcaops version", "The version."), ("orcaops version --json", "The same for a program.")),
)
@click.pass_obj
def version(session: Session) -> None:
    """Print the version."""
    if session.out.is_json:
        session.out.document({"version": __version__})
    else:
        session.out.text(version_line())


@click.command(
    "openapi",
    cls=Command,
    examples=(
        ("orcaops openapi -o openapi.json", "For a generator of clients."),
        ("orcaops openapi --json=paths", "Only the paths."),
    ),
)
@click.option("-o", "--output", metavar="FILE", help="Write it to a file.")
@click.pass_obj
def openapi(session: Session, *, output: str | None) -> None:
    """Print the OpenAPI document of the REST interface."""
    give_document(session, session.client.openapi(), output)


@click.command(
    "schema",
    cls=Command,
    examples=(
        ("orcaops schema job", "For an editor that checks job files."),
        ("orcaops schema workflow -o workflow.schema.json", "The one of a workflow, into a file."),
    ),
)
@click.argument("what", type=click.Choice(("job", "workflow")))
@click.option("-o", "--output", metavar="FILE", help="Write it to a file.")
@click.pass_obj
def schema(session: Session, *, what: str, output: str | None) -> None:
    """Print the JSON Schema of a job, or of a workflow."""
    from core import workflow_schema  # noqa: PLC0415 - slow to import, and only for this
    from orcaops_mcp.intake.job_schema import job_schema  # noqa: PLC0415 - the same

    if what == "workflow":
        give_document(session, workflow_schema(), output)
        return
    document = job_schema()
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    give_document(session, document, output)


def give_document(session: Session, document: dict[str, Any], output: str | None) -> None:
    """Print a document, or write it to a file.

    Args:
        session: The call of the command line.
        document: Plain data.
        output: The file; None prints it.

    Raises:
        click.BadParameter: The file cannot be written.
    """
    if output is None:
        session.out.document(document)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
            file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise click.BadParameter(f"{output} cannot be written: {error.strerror}", param_hint="-o") from None
    session.out.remark(f"Written to {output}.")
