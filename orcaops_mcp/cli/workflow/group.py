"""`orcaops workflow`: the table of its commands."""

from __future__ import annotations

import click

from orcaops_mcp.cli.command import LazyGroup
from orcaops_mcp.cli.front import Entry

_ENTRIES = (
    Entry("validate", "Everything that is wrong with workflow files, and what mends it.", "workflow.commands:validate"),
    Entry("plan", "What a workflow would do, without doing it.", "workflow.commands:plan"),
    Entry("graph", "A workflow's jobs as text, DOT, Mermaid or JSON.", "workflow.commands:graph"),
    Entry("expand", "A workflow in its one canonical spelling.", "workflow.commands:expand"),
    Entry("schema", "Print the JSON Schema of a workflow.", "workflow.commands:schema"),
)


@click.group(
    "workflow",
    cls=LazyGroup,
    entries=_ENTRIES,
    examples=(
        ("orcaops workflow validate ci.yaml", "Every finding at once, with line, column and hint."),
        ("orcaops workflow plan ci.yaml --assume test=failure", "What would run if the tests failed."),
    ),
)
def command() -> None:
    """Check and plan workflows before anything runs.

    FILE is a workflow in YAML, or - for standard input. No engine is asked.
    """
