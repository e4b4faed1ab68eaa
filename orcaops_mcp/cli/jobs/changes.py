"""`orcaops jobs cancel` and `rerun`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.jobs.chosen import job_argument, jobs_argument
from orcaops_mcp.cli.text import shown
from orcaops_mcp.cli.values import SPAN, variables
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client


@click.command(
    "cancel",
    cls=Command,
    examples=(
        ("orcaops jobs cancel @last", "Stop the newest job."),
        ("orcaops jobs cancel --wait --grace 30s 1k4m 1k4n", "Stop two, give them half a minute, wait for their end."),
    ),
    exits=(("3", "There is no such job."), ("6", "A job had ended already.")),
)
@jobs_argument
@click.option("--reason", metavar="TEXT", default="", help="Why, for the record.")
@click.option("--grace", type=SPAN, metavar="SPAN", help="From SIGTERM to SIGKILL [the job's own].")
@click.option("--wait", is_flag=True, help="Come back when they have ended.")
@click.pass_obj
def cancel(session: Session, *, jobs: tuple[str, ...], reason: str, grace: float | None, wait: bool) -> None:
    """Stop jobs: SIGTERM, and SIGKILL after the grace."""
    out, client = session.out, session.client
    ids = [client.find_job(job) for job in jobs]
    stopped: list[dict[str, Any]] = []
    ended: list[str] = []
    for job_id in ids:
        before = client.job(job_id)
        if before["finished_at"]:
            ended.append(f"{job_id} is {before['status']}")
            continue
        record = client.cancel(job_id, reason=reason, grace_s=grace)
        stopped.append(_awaited(client, record) if wait else record)
        if not out.is_json:
            is_over = stopped[-1]["status"] == "cancelled"
            word = "cancelled" if is_over else "cancelling" if not stopped[-1]["finished_at"] else stopped[-1]["status"]
            out.text(f"{word} {job_id}")
            out.flush()
    if out.is_json and (stopped or not ended):
        out.document(stopped)
    if ended:
        message = f"Nothing to cancel: {', '.join(map(shown, ended))}."
        raise ClientError("job_finished", message, hint="`orcaops jobs rerun` runs a job again.", status=409)


@click.command(
    "rerun",
    cls=Command,
    examples=(
        ("orcaops jobs rerun -f @last", "The newest job again, with its output."),
        ("orcaops jobs rerun -e DEBUG=1 --timeout 20m 1k4m", "With another variable and more time."),
    ),
    exits=(("3", "There is no such job."),),
)
@job_argument
@click.option("-e", "--env", "env", multiple=True, metavar="K=V", help="Set a variable; the others stay. Repeatable.")
@click.option("--timeout", type=SPAN, metavar="SPAN", help="Another time limit.")
@click.option("--image", metavar="IMAGE", help="Another image.")
@click.option("-f", "--follow", is_flag=True, help="Stay with it, and exit as it does.")
@click.option("--dry-run", is_flag=True, help="Only show what would run.")
@click.option("--idempotency-key", metavar="KEY", default="", help="A repeat with this key starts nothing more.")
@click.pass_obj
def rerun(session: Session, *, job: str, follow: bool, dry_run: bool, idempotency_key: str, **options: Any) -> None:
    """Run a job again, as it was or changed; the new job names the old one."""
    out, client = session.out, session.client
    job_id = client.find_job(job)
    changes: dict[str, Any] = {}
    if options["env"]:
        changes["env"] = client.job(job_id)["spec"]["env"] | variables(options["env"], ())
    if options["timeout"] is not None:
        changes["timeout_s"] = options["timeout"]
    if options["image"]:
        changes["image"] = options["image"]
    answer = client.rerun(job_id, changes, preview=dry_run, idempotency_key=idempotency_key)
    if follow and not dry_run:
        from orcaops_mcp.cli.attached import stay_with  # noqa: PLC0415 - only for this

        raise click.exceptions.Exit(stay_with(session, answer))
    if out.is_json or dry_run:
        out.document(answer)
    else:
        out.fact(answer["job_id"])
        for warning in answer["warnings"]:
            out.remark(f"orcaops: {warning}")


def _awaited(client: Client, record: dict[str, Any]) -> dict[str, Any]:
    while not record["finished_at"]:
        record = client.wait(record["job_id"], timeout_s=25, since_version=record["version"])["job"]
    return record
