"""`orcaops jobs logs`: what a job printed, or prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.jobs.chosen import job_argument
from orcaops_mcp.cli.log_stream import LogPrinter, follow_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client

_STREAMS: Final = {"out": ["stdout"], "err": ["stderr"], "all": []}
_PAGE: Final = 1000


@click.command(
    "logs",
    cls=Command,
    examples=(
        ("orcaops jobs logs -f @last", "Follow the newest job until it ends."),
        ("orcaops jobs logs --grep error -C 3 1k4m", "Lines with errors and three around each."),
        ("orcaops jobs logs --grep error --count 1k4m", "How many lines have errors."),
        ("orcaops jobs logs --raw 1k4m > log.txt", "The bytes, as they were printed."),
    ),
)
@job_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the job has ended.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines.")
@click.option("--since", metavar="WHEN", help="Only lines since then: 10m, 2h, or a time.")
@click.option("-t", "--timestamps", is_flag=True, help="Begin each line with its time.")
@click.option("--stream", type=click.Choice(tuple(_STREAMS)), default="all", help="Only one of the two outputs.")
@click.option("--step", type=click.IntRange(1), metavar="N", help="Only what step N printed.")
@click.option("--grep", metavar="RE", help="Only lines that match this expression (RE2).")
@click.option("-C", "--context", type=click.IntRange(0, 100), metavar="N", help="With --grep: N lines around each.")
@click.option("--count", is_flag=True, help="With --grep: only how many lines match, of the whole log.")
@click.option("--first-error", is_flag=True, help="Only lines that look like errors, and those around them.")
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="Of this attempt instead of the last.")
@click.option("--service", metavar="ID", help="Of this service of the job instead of the job itself.")
@click.option("--raw", is_flag=True, help="The bytes as they were printed, on a terminal too.")
@click.pass_obj
def command(session: Session, *, job: str, follow: bool, raw: bool, **options: Any) -> None:
    """What a job printed, or prints."""
    out, client = session.out, session.client
    query = _query(options)
    if follow and (options["first_error"] or options["context"] is not None or options["attempt"] is not None):
        raise click.UsageError("--follow does not go with --first-error, --context or --attempt.")
    if options["count"]:
        _insist_on_search(options, follow=follow)
    job_id = client.find_job(job)
    if options["count"]:
        _tell_count(client, job_id, query, out)
        return
    if follow:
        printer = LogPrinter(out, timestamps=options["timestamps"], raw=raw, apart=False)
        live = ("tail", "since", "stream", "step", "grep", "service")
        follow_job(client, job_id, {name: query[name] for name in live}, printer)
        return
    if out.is_json or out.has_terminal or options["first_error"]:
        _show_pages(client, job_id, query, LogPrinter(out, timestamps=options["timestamps"], raw=raw, apart=False))
        return
    _copy(client, job_id, {**query, "raw": True, "timestamps": options["timestamps"] or None}, out)


def _query(options: dict[str, Any]) -> dict[str, Any]:
    step = options["step"]
    return {
        "tail": options["tail"],
        "since": options["since"],
        "stream": _STREAMS[options["stream"]],
        "step": None if step is None else step - 1,
        "grep": options["grep"],
        "context": options["context"],
        "errors_only": options["first_error"] or None,
        "attempt": options["attempt"],
        "service": options["service"],
    }


def _insist_on_search(options: dict[str, Any], *, follow: bool) -> None:
    if not options["grep"]:
        raise click.UsageError("--count goes with --grep.")
    given = [name for name in ("tail", "since", "context") if options[name] is not None]
    given += ["first-error"] if options["first_error"] else []
    if follow or given:
        raise click.UsageError(f"--count does not go with --{'follow' if follow else given[0]}.")


def _tell_count(client: Client, job_id: str, query: dict[str, Any], out: Output) -> None:
    """Ask until all of the log was looked at, and say how many lines match."""
    places = {name: query[name] for name in ("stream", "step", "attempt", "service")}
    asked = {"q": query["grep"], "regex": True, "case": True, "limit": 0, **places}
    while not (found := client.log_search(job_id, asked))["whole"]:
        continue
    if out.is_json:
        out.document(found)
    else:
        out.text(str(found["matches"]))


def _show_pages(client: Client, job_id: str, query: dict[str, Any], printer: LogPrinter) -> None:
    asked = {**query, "raw": True, "limit": _PAGE}
    while True:
        page = client.log_page(job_id, asked)
        printer.print([("log", item) for item in page["items"]])
        if page["at_end"] or not page["next_cursor"]:
            return
        asked = {**asked, "cursor": page["next_cursor"], "tail": None, "since": None}


def _copy(client: Client, job_id: str, query: dict[str, Any], out: Output) -> None:
    """Text from the engine to standard output, byte for byte."""
    out.flush()
    write: Callable[[bytes], object] = sys.stdout.buffer.write
    with client.log_text(job_id, query) as reply:
        for piece in reply.chunks():
            write(piece)
    sys.stdout.buffer.flush()
