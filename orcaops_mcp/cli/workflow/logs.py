"""`orcaops workflow logs`: what the jobs of a run printed, or print, in one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.log_stream import LogPrinter, follow_log
from orcaops_mcp.cli.text import shown
from orcaops_mcp.cli.workflow.chosen import complete_node, run_or_last

if TYPE_CHECKING:
    from collections.abc import Callable

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.workflows import WorkflowClient

Line = dict[str, Any]

_STREAMS: Final = {"out": ["stdout"], "err": ["stderr"], "all": []}
_PAGE: Final = 1000
_WIDEST: Final = 30
_COLOURS: Final = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")


@click.command(
    "logs",
    cls=Command,
    examples=(
        ("orcaops workflow logs -f", "Follow all jobs of the newest run until it ends."),
        ("orcaops workflow logs --job test --grep error 1k4m", "Lines with errors, of all variants of one job."),
        ("orcaops workflow logs --job test --service db @last", "What a service of a job printed."),
    ),
)
@run_or_last
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "-j",
    "--job",
    multiple=True,
    metavar="JOB",
    shell_complete=complete_node,
    help="Only of this job or variant; repeatable.",
)
@click.option(
    "--service", metavar="ID", help="Of this service of the jobs, or of the run, instead of the jobs themselves."
)
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines.")
@click.option("--since", metavar="WHEN", help="Only lines since then: 10m, 2h, or a time.")
@click.option("-t", "--timestamps", is_flag=True, help="Begin each line with its time.")
@click.option("--stream", type=click.Choice(tuple(_STREAMS)), default="all", help="Only one of the two outputs.")
@click.option("--grep", metavar="RE", help="Only lines that match this expression (RE2).")
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="Of this attempt of the run instead of the last.")
@click.option("--raw", is_flag=True, help="The bytes as they were printed, on a terminal too.")
@click.pass_obj
def command(session: Session, *, run: str, follow: bool, raw: bool, timestamps: bool, **options: Any) -> None:
    """What the jobs of a run printed, or print: `JOB │ LINE`, in the order of time."""
    out, client = session.out, session.client.workflows
    if follow and options["attempt"] is not None:
        raise click.UsageError("--follow does not go with --attempt.")
    workflow_id = client.find(run)
    query = {
        "node": list(options["job"]),
        "service": options["service"],
        "tail": options["tail"],
        "since": options["since"],
        "stream": _STREAMS[options["stream"]],
        "grep": options["grep"],
        "attempt": options["attempt"],
    }
    printer = LogPrinter(out, timestamps=timestamps, raw=raw, apart=False)
    printer.lead = _leads(out)
    if follow:
        follow_log(lambda last_id: client.follow(workflow_id, query, last_id=last_id), printer)
    else:
        _show_pages(client, workflow_id, query, printer)


def _leads(out: Output) -> Callable[[Line], str]:
    """What stands before a line: its job, in the job's colour, as wide as the widest until then."""
    known: dict[str, str] = {}
    width = 0

    def lead(line: Line) -> str:
        nonlocal width
        name = str(line["node"] or "run")
        colour = known.setdefault(name, _COLOURS[len(known) % len(_COLOURS)])
        if not out.has_terminal:
            return f"{shown(name)} {'│' if out.has_glyphs else '|'} "
        text = shown(name)[:_WIDEST]
        width = max(width, len(text))
        return out.paint(f"{text:<{width}} {'│' if out.has_glyphs else '|'}", colour) + " "

    return lead


def _show_pages(client: WorkflowClient, workflow_id: str, query: Line, printer: LogPrinter) -> None:
    asked = {**query, "raw": True, "limit": _PAGE}
    while True:
        page = client.log_page(workflow_id, asked)
        printer.print([("log", item) for item in page["items"]])
        if page["at_end"] or not page["next_cursor"]:
            return
        asked = {**asked, "cursor": page["next_cursor"], "tail": None, "since": None}
