"""`orcaops workflow status`, `watch`, `list`, `why`, `explain`, `source` and `history`: what is known of runs."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.exits import judged_run
from orcaops_mcp.cli.jobs.listing import ago_text
from orcaops_mcp.cli.output import Column, StatusCell
from orcaops_mcp.cli.text import shown, span_text
from orcaops_mcp.cli.values import label_text
from orcaops_mcp.cli.workflow.chosen import complete_node, nodes_named, run_argument, run_or_last
from orcaops_mcp.cli.workflow.run import RUN_EXITS

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session

Run = dict[str, Any]

STATUSES: Final = ("pending", "running", "success", "failed", "partial", "cancelled")
EXIT_STATUS: Final = tuple(
    (code, f"--exit-status: {text}")
    for code, text in (
        RUN_EXITS[0],
        ("1", "It failed, only a part of it succeeded, or it has not ended."),
        RUN_EXITS[2],
        ("130", "It was cancelled."),
    )
)
_MOST: Final = 200
_COLUMNS: Final = (
    Column("STATUS"),
    Column("RUN"),
    Column("NAME", may_shrink=True),
    Column("JOBS", may_shrink=True),
    Column("BY", may_shrink=True),
    Column("STARTED"),
    Column("DURATION", is_number=True),
)


@click.command(
    "status",
    cls=Command,
    examples=(
        ("orcaops workflow status", "The newest run: facts, and a tree of its jobs."),
        ("orcaops workflow status --watch 1k4m", "Stay with it until it has ended."),
        ("orcaops workflow status --json=status,summary,outputs @last", "For a program."),
    ),
    exits=EXIT_STATUS,
)
@run_or_last
@click.option("-w", "--watch", is_flag=True, help="Stay until the run has ended; leaving changes nothing about it.")
@click.option("--exit-status", is_flag=True, help="Exit as the run did: 0, 1, 124 or 130.")
@click.pass_obj
def status(session: Session, *, run: str, watch: bool, exit_status: bool) -> None:
    """Everything about a workflow's run."""
    _show(session, run, watch=watch, exit_status=exit_status)


@click.command(
    "watch",
    cls=Command,
    examples=(
        ("orcaops workflow watch", "Stay with the newest run until it has ended."),
        ("orcaops workflow watch --exit-status 1k4m && deploy", "Go on only if it succeeds."),
    ),
    exits=EXIT_STATUS,
)
@run_or_last
@click.option("--exit-status", is_flag=True, help="Exit as the run did: 0, 1, 124 or 130.")
@click.pass_obj
def watch(session: Session, *, run: str, exit_status: bool) -> None:
    """Stay with a run until it has ended; leaving changes nothing about it."""
    _show(session, run, watch=True, exit_status=exit_status)


def _show(session: Session, run: str, *, watch: bool, exit_status: bool) -> None:
    from orcaops_mcp.cli.workflow import telling_runs  # noqa: PLC0415 - not needed for a list

    client = session.client.workflows
    found = telling_runs.show(session.out, client, client.find(run), watch=watch)
    if exit_status:
        raise click.exceptions.Exit(judged_run(found))


@click.command(
    "list",
    cls=Command,
    examples=(
        ("orcaops workflow list --status failed --since 7d", "What failed this week."),
        ("orcaops workflow list --name ci --json=workflow_id,status", "The runs of one workflow, for a script."),
    ),
)
@click.option("--status", multiple=True, type=click.Choice(STATUSES), help="Only with this status; repeatable.")
@click.option("-q", "--query", metavar="TEXT", help="Only with this text in name or id.")
@click.option("--name", metavar="NAME", help="Only of the workflow of this name.")
@click.option("--label", "--tag", "tag", metavar="TAG", help="Only with this tag; K=V means K:V.")
@click.option("--source", metavar="NAME", help="Only those started by this caller, such as cli or agent.")
@click.option("--since", metavar="WHEN", help="Only those accepted since then: 2h, 7d, or a time.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many.")
@click.option(
    "--all",
    "everything",
    envvar="ORCAOPS_WORKFLOW_LIST_ALL",
    is_flag=True,
    help="All of them, however many.",
)
@click.option("--header", is_flag=True, help="Begin with the columns' names where no terminal is.")
@click.pass_obj
def listing(session: Session, *, limit: int, everything: bool, header: bool, **options: Any) -> None:
    """List runs of workflows, newest first."""
    out, client = session.out, session.client.workflows
    query = {
        "status": list(options["status"]),
        "q": options["query"],
        "name": options["name"],
        "tag": label_text(options["tag"]) if options["tag"] else None,
        "source": options["source"],
        "since": options["since"],
    }
    if everything or limit > _MOST:
        rows = client.all(query)
        page: Run = {"items": list(rows if everything else islice(rows, limit)), "next_cursor": None, "counts": {}}
    else:
        page = client.page({**query, "limit": limit})
    if out.is_json:
        out.document(page)
        return
    now = datetime.now(UTC)
    out.table(_COLUMNS, [_cells(item, now, pretty=out.has_terminal) for item in page["items"]], header=header)
    if page["next_cursor"] and out.has_error_terminal:
        out.remark(f"There are more: --limit {limit * 2}, or --all.")
    if not page["items"] and out.has_error_terminal:
        out.remark("No run fits." if any(query.values()) else "No run yet: try `orcaops workflow run FILE`.")


@click.command(
    "why",
    cls=Command,
    examples=(
        ("orcaops workflow why @last", "What broke the newest run, and the lines that say so."),
        ("orcaops workflow why --json 1k4m", "The same for a program."),
    ),
)
@run_or_last
@click.option("--max-bytes", type=click.IntRange(256, 65_536), help="Most of the logs to show [8192].")
@click.pass_obj
def why(session: Session, *, run: str, max_bytes: int | None) -> None:
    """Why a run failed: the first cause, the lines that matter, and what did not run because of it."""
    from orcaops_mcp.cli.workflow.summary import summary_lines  # noqa: PLC0415 - only for this

    out, client = session.out, session.client.workflows
    told = client.summary(client.find(run), max_bytes)
    if out.is_json:
        out.document(told)
        return
    for line in summary_lines(out, told):
        out.text(line)


@click.command(
    "explain",
    cls=Command,
    examples=(
        ("orcaops workflow explain @last deploy", "Why deploy ran, was skipped, waits or failed."),
        ("orcaops workflow explain 1k4m test-3.12", "Of one variant; `test` means all of them."),
    ),
    exits=(("3", "There is no such run, or no such job in it."),),
)
@run_argument
@click.argument("job", metavar="JOB", shell_complete=complete_node)
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="In this attempt instead of the last.")
@click.pass_obj
def explain(session: Session, *, run: str, job: str, attempt: int | None) -> None:
    """The chain of facts from which the engine concluded that a job runs, is skipped, waits or fails."""
    out, client = session.out, session.client.workflows
    workflow_id = client.find(run)
    ids = [job] if attempt is not None else [str(node["id"]) for node in nodes_named(client, workflow_id, job)]
    found = [client.explain(workflow_id, node_id, attempt) for node_id in ids]
    if out.is_json:
        out.document(found[0] if len(found) == 1 else found)
        return
    for told in found:
        out.text(f"{out.status(told['status'])}  {shown(told['node_id'])}")
        for fact in told["facts"]:
            out.fact(f"- {fact}" if out.has_terminal else fact)


@click.command(
    "source",
    cls=Command,
    examples=(
        ("orcaops workflow source @last > ci.yaml", "The file that the newest run was made of."),
        ("orcaops workflow source --json --attempt 1 1k4m", "Of its first attempt, with the files it calls."),
    ),
)
@run_or_last
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="Of this attempt instead of the last.")
@click.pass_obj
def source(session: Session, *, run: str, attempt: int | None) -> None:
    """Print the file that a run was made of, as it was then."""
    out, client = session.out, session.client.workflows
    found = client.source(client.find(run), attempt)
    if out.is_json:
        out.document(found)
        return
    for line in str(found["text"]).removesuffix("\n").split("\n"):
        out.text(shown(line) if out.has_terminal else line)


@click.command(
    "history",
    cls=Command,
    examples=(
        ("orcaops workflow history @last", "What happened to the newest run and its jobs, and who did it."),
        ("orcaops workflow history --job deploy --json 1k4m", "To one of its jobs, an object a line."),
    ),
)
@run_or_last
@click.option("--job", metavar="JOB", default="", shell_complete=complete_node, help="Only of this job or variant.")
@click.pass_obj
def history(session: Session, *, run: str, job: str) -> None:
    """What happened to a run and its jobs, and who did it."""
    out, client = session.out, session.client.workflows
    for event in client.history(client.find(run), job):
        if out.is_json:
            out.event(event)
            continue
        arrow = "→" if out.has_glyphs else ">"
        name = event.get("node") or event.get("node_id") or ""
        moved = f"{event['before'] or '-'} {arrow} {event['after']}"
        cells = (event["at"], name or "run", event["event"] or "begin", moved, f"by {event['by']}", event["why"] or "")
        out.text(("  " if out.has_terminal else "\t").join(map(shown, cells)).rstrip())


def _cells(item: Run, now: datetime, *, pretty: bool) -> list[object]:
    duration, began = item["duration_s"], item["started_at"]
    if duration is None and began and not item["finished_at"]:
        duration = max(0.0, (now - datetime.fromisoformat(began)).total_seconds())
    return [
        StatusCell(item["status"]),
        item["workflow_id"],
        item["run_name"],
        item["summary"]["text"],
        item["trigger"],
        ago_text(began, now) if pretty else began,
        span_text(duration) if pretty else duration,
    ]
