"""`orcaops workflow`: the table of its commands."""

from __future__ import annotations

import click

from orcaops_mcp.cli.command import LazyGroup
from orcaops_mcp.cli.front import Entry

_ENTRIES = (
    Entry("run", "Check a workflow, run it, and stay until it has ended.", "workflow.run:command"),
    Entry("list", "List runs, newest first.", "workflow.looking:listing"),
    Entry("status", "Everything about a run: facts, and a tree of its jobs.", "workflow.looking:status"),
    Entry("watch", "Stay with a run until it has ended.", "workflow.looking:watch"),
    Entry("logs", "What the jobs of a run printed, or print.", "workflow.logs:command"),
    Entry("why", "Why a run failed: the first cause and the lines that matter.", "workflow.looking:why"),
    Entry("explain", "Why a job of a run ran, was skipped, waits or failed.", "workflow.looking:explain"),
    Entry("cancel", "Stop a run, or one job of it.", "workflow.changing:cancel"),
    Entry("rerun", "Run a workflow again: all of it, or a part.", "workflow.again:rerun"),
    Entry("resume", "Go on from where a run failed.", "workflow.again:resume"),
    Entry("artifacts", "The files that the jobs of a run left.", "workflow.kept_files:command"),
    Entry("history", "What happened to a run and its jobs, and who did it.", "workflow.looking:history"),
    Entry("source", "Print the file that a run was made of.", "workflow.looking:source"),
    Entry("delete", "Delete runs with their jobs, logs and files.", "workflow.changing:delete"),
    Entry("validate", "Everything that is wrong with workflow files, and what mends it.", "workflow.commands:validate"),
    Entry("plan", "What a workflow would do, without doing it.", "workflow.commands:plan"),
    Entry("graph", "The jobs of a workflow or of a run as text, DOT, Mermaid or JSON.", "workflow.commands:graph"),
    Entry("expand", "A workflow in its one canonical spelling.", "workflow.commands:expand"),
    Entry("schema", "Print the JSON Schema of a workflow.", "workflow.commands:schema"),
)


@click.group(
    "workflow",
    cls=LazyGroup,
    entries=_ENTRIES,
    examples=(
        ("orcaops workflow run ci.yaml", "Check it, run it, and stay until it has ended."),
        ("orcaops workflow status @last", "How the newest run stands."),
        ("orcaops workflow validate ci.yaml", "Every finding at once, with line, column and hint."),
    ),
)
def command() -> None:
    """Run workflows, look at their runs, and check files before anything runs.

    FILE is a workflow in YAML, or - for standard input. RUN is a run's id, the beginning of one that fits no other, or
    @last for the newest. validate, plan, expand and schema ask no engine.
    """
