"""`orcaops jobs list`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.output import Column, StatusCell
from orcaops_mcp.cli.text import span_text
from orcaops_mcp.cli.values import label_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session

Row = dict[str, Any]

STATUSES: Final = ("queued", "running", "success", "failed", "timed_out", "cancelled")
_MOST: Final = 200
_COLUMNS: Final = (
    Column("STATUS"),
    Column("JOB"),
    Column("NAME", may_shrink=True),
    Column("IMAGE", may_shrink=True),
    Column("BY", may_shrink=True),
    Column("STARTED"),
    Column("DURATION", is_number=True),
)
_WIDE: Final = (
    Column("EXIT", is_number=True),
    Column("TAGS", may_shrink=True),
    Column("FAILURE", may_shrink=True),
    Column("WORKFLOW", may_shrink=True),
)


def _runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from orcaops_mcp.cli.workflow.chosen import complete_run  # noqa: PLC0415 - only for completion

    return complete_run(ctx, param, incomplete)


def listing_options(command: Callable[..., None]) -> Callable[..., None]:
    """What a list of jobs or runs can be narrowed by, and how much of it is shown."""
    options = (
        click.option("--status", multiple=True, type=click.Choice(STATUSES), help="Only with this status; repeatable."),
        click.option("-q", "--query", metavar="TEXT", help="Only with this text in name, image or id."),
        click.option("--name", metavar="NAME", help="Only with this name."),
        click.option("--label", "--tag", "tag", metavar="TAG", help="Only with this tag; K=V means K:V."),
        click.option("--source", metavar="NAME", help="Only those submitted by this caller, such as cli or agent."),
        click.option("--since", metavar="WHEN", help="Only those accepted since then: 2h, 7d, or a time."),
        click.option("--workflow", metavar="RUN", help="Only those of this run of a workflow.", shell_complete=_runs),
        click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many."),
        click.option("--all", "everything", is_flag=True, help="All of them, however many."),
        click.option("--wide", is_flag=True, help="More columns."),
        click.option("--header", is_flag=True, help="Begin with the columns' names where no terminal is."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    "list",
    cls=Command,
    examples=(
        ("orcaops jobs list --status failed --status timed_out", "What went wrong lately."),
        ("orcaops jobs list --json=job_id,status --limit 5", "For a script."),
    ),
)
@listing_options
@click.pass_obj
def command(session: Session, **options: Any) -> None:
    """List jobs, newest first."""
    show_list(session, options, finished=False)


def show_list(session: Session, options: dict[str, Any], *, finished: bool) -> None:
    """Ask for jobs or runs and print them.

    Args:
        session: The call.
        options: As `listing_options` gives them.
        finished: Whether only finished jobs are listed.
    """
    query = _query(options)
    if options["workflow"]:
        query["workflow"] = session.client.workflows.find(options["workflow"])
    limit, everything = int(options["limit"]), bool(options["everything"])
    out, client = session.out, session.client
    if everything or limit > _MOST:
        rows = client.all_jobs(query, finished=finished)
        chosen = list(rows if everything else islice(rows, limit))
        page: dict[str, Any] = {"items": chosen, "next_cursor": None, "counts": {}}
    else:
        page = (client.runs if finished else client.jobs)({**query, "limit": limit})
    if out.is_json:
        out.document(page)
        return
    show_rows(out, page["items"], wide=bool(options["wide"]), header=bool(options["header"]))
    if page["next_cursor"] and out.has_error_terminal:
        out.remark(f"There are more: --limit {limit * 2}, or --all.")
    if not page["items"] and out.has_error_terminal:
        out.remark("No job fits." if any(value for value in query.values()) else "No job yet: try `orcaops run`.")


def show_rows(out: Output, items: Sequence[Row], *, wide: bool, header: bool) -> None:
    """Print jobs as a table, or as tab-separated lines."""
    now = datetime.now(UTC)
    columns = _COLUMNS + (_WIDE if wide else ())
    out.table(columns, [_cells(item, now, wide=wide, pretty=out.has_terminal) for item in items], header=header)


def _query(options: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": list(options["status"]),
        "q": options["query"],
        "name": options["name"],
        "tag": label_text(options["tag"]) if options["tag"] else None,
        "source": options["source"],
        "since": options["since"],
    }


def _cells(item: Row, now: datetime, *, wide: bool, pretty: bool) -> list[object]:
    duration = item["duration_s"]
    began = item["started_at"]
    if duration is None and began and not item["finished_at"]:
        duration = max(0.0, (now - datetime.fromisoformat(began)).total_seconds())
    cells: list[object] = [
        StatusCell(item["status"]),
        item["job_id"],
        item["name"],
        item["image"],
        item["source"],
        ago_text(began, now) if pretty else began,
        span_text(duration) if pretty else duration,
    ]
    if wide:
        failure: Row = item["failure"] or {}
        place: Row = item["workflow"] or {}
        of_run = f"{place['id']}/{place['node']}" if place else None
        cells += [item["exit_code"], ",".join(item["tags"]), failure.get("kind"), of_run]
    return cells


def ago_text(moment: str | None, now: datetime) -> str:
    """How long ago it was, such as ``3m ago``; nothing for None."""
    if not moment:
        return ""
    seconds = max(0, int((now - datetime.fromisoformat(moment)).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return f"{seconds}s ago"
