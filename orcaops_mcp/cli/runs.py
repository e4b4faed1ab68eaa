"""`orcaops runs`: finished jobs as history."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.front import Entry
from orcaops_mcp.cli.jobs.chosen import job_argument, jobs_argument
from orcaops_mcp.cli.jobs.listing import STATUSES, listing_options, show_list
from orcaops_mcp.cli.jobs.status import show_job
from orcaops_mcp.cli.text import size_text

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session

_ENTRIES: Final = (
    Entry("list", "List finished jobs, newest first.", "runs:listing"),
    Entry("show", "Everything about a finished job.", "runs:show"),
    Entry("delete", "Delete finished jobs with their logs and files.", "runs:delete"),
    Entry("cleanup", "Delete by age, status or number.", "runs:cleanup"),
    Entry("export", "Write every record in the home again.", "runs:export"),
)


@click.group(
    "runs",
    cls=LazyGroup,
    entries=_ENTRIES,
    fallback="list",
    examples=(
        ("orcaops runs --since 7d --status failed", "What failed this week."),
        ("orcaops runs cleanup --older-than 30d --dry-run", "What a cleanup would delete."),
    ),
)
def command() -> None:
    """The history: list, show, delete, clean up."""


@click.command(
    "list",
    cls=Command,
    examples=(
        ("orcaops runs list --since 7d --status failed", "What failed this week."),
        ("orcaops runs list --json=job_id,exit_code --all", "Everything, for a script."),
    ),
)
@listing_options
@click.pass_obj
def listing(session: Session, **options: Any) -> None:
    """List finished jobs, newest first."""
    show_list(session, options, finished=True)


@click.command(
    "show",
    cls=Command,
    examples=(
        ("orcaops runs show @last", "The newest job, once it has ended."),
        ("orcaops runs show --json 1k4m", "Its whole record."),
    ),
    exits=(("3", "There is no such run."), ("6", "The job has not ended.")),
)
@job_argument
@click.pass_obj
def show(session: Session, *, job: str) -> None:
    """Everything about a finished job."""
    found = session.client.run(session.client.find_job(job))
    if session.out.is_json:
        session.out.document(found)
    else:
        show_job(session.out, found)


@click.command(
    "delete",
    cls=Command,
    examples=(
        ("orcaops runs delete 1k4m", "Asks first, on a terminal."),
        ("orcaops runs delete --yes 1k4m 1k4n", "Two of them, for a script."),
    ),
    exits=(("3", "There is no such run."), ("6", "The job has not ended.")),
)
@jobs_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, *, jobs: tuple[str, ...], yes: bool) -> None:
    """Delete finished jobs with their logs and files."""
    client, out = session.client, session.out
    ids = [client.find_job(job) for job in jobs]
    insist(yes=yes, question=f"Delete {', '.join(ids)} with logs and files?")
    for job_id in ids:
        client.delete_run(job_id)
        if not out.is_json:
            out.text(f"deleted {job_id}")
    if out.is_json:
        out.document({"deleted": len(ids), "job_ids": ids})


@click.command(
    "cleanup",
    cls=Command,
    examples=(
        ("orcaops runs cleanup --older-than 7d --dry-run", "What would go."),
        ("orcaops runs cleanup --keep 1000 --yes", "All but the newest thousand."),
    ),
)
@click.option("--older-than", metavar="SPAN", help="Those that ended longer ago, such as 7d.")
@click.option("--status", multiple=True, type=click.Choice(STATUSES[2:]), help="Only with this status; repeatable.")
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Never the newest N.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def cleanup(
    session: Session, *, older_than: str | None, status: tuple[str, ...], keep: int | None, dry_run: bool, yes: bool
) -> None:
    """Delete finished jobs by age, status or number."""
    if older_than is None and not status and keep is None:
        raise click.UsageError("Say which: --older-than, --status or --keep.")
    request: dict[str, Any] = {"older_than": older_than, "status": list(status) or None, "keep": keep}
    request = {name: value for name, value in request.items() if value is not None}
    client, out = session.client, session.out
    if not dry_run and not yes:
        plan = client.clean_runs({**request, "dry_run": True})
        insist(yes=False, question=f"Delete {plan['deleted']} runs, {size_text(plan['bytes'])}?")
    done = client.clean_runs({**request, "dry_run": dry_run})
    if out.is_json:
        out.document(done)
    elif out.has_terminal:
        word = "Would delete" if dry_run else "Deleted"
        out.text(f"{word} {done['deleted']} runs, {size_text(done['bytes'])}.")
    else:
        out.text(f"{done['deleted']}\t{done['bytes']}")


@click.command(
    "export",
    cls=Command,
    examples=(
        ("orcaops runs export", "runs/*.json and runs.jsonl in the home, from the database."),
        ("orcaops runs export --json", "The number, for a script."),
    ),
)
@click.pass_obj
def export(session: Session) -> None:
    """Write every record in the home again: runs/<job_id>.json and runs.jsonl."""
    done = session.client.export_runs()
    if session.out.is_json:
        session.out.document(done)
    else:
        session.out.text(str(done["runs"]))


def insist(*, yes: bool, question: str) -> None:
    """Ask before something is lost, if there is somebody to ask.

    Raises:
        click.UsageError: There is nobody, and --yes was not given.
        click.Abort: The answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("Nobody can be asked here; give --yes.")
    click.confirm(question, abort=True, err=True)
