"""`orcaops workflow cancel` and `delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.workflow.chosen import complete_node, nodes_named, run_argument, runs_argument
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.workflows import WorkflowClient


@click.command(
    "cancel",
    cls=Command,
    examples=(
        ("orcaops workflow cancel @last", "Stop the newest run; jobs that clean up still run."),
        ("orcaops workflow cancel --reason 'wrong branch' 1k4m", "With a reason for the record."),
        ("orcaops workflow cancel 1k4m test", "Stop one job of it, with all its variants; the others go on."),
    ),
    exits=(("3", "There is no such run, or no such job in it."), ("6", "It had ended already.")),
)
@run_argument
@click.argument("job", metavar="[JOB]", default="", shell_complete=complete_node)
@click.option("--force", is_flag=True, help="Start nothing more at all, not even jobs that run always.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the record.")
@click.option("--wait", is_flag=True, help="Come back when the run has ended.")
@click.pass_obj
def cancel(session: Session, *, run: str, job: str, force: bool, reason: str, wait: bool) -> None:
    """Stop a run, or one job of it.

    Jobs that run get SIGTERM, and SIGKILL after their grace; what waits is not started any more, but for jobs whose
    condition says always or cancelled.
    """
    if job and wait:
        raise click.UsageError("--wait waits for a whole run: it does not go with JOB.")
    out, client = session.out, session.client.workflows
    workflow_id = client.find(run)
    subjects = nodes_named(client, workflow_id, job) if job else [client.get(workflow_id, nodes="none")]
    name = f"{job} of {workflow_id}" if job else workflow_id
    record: dict[str, Any] = {}
    going = [subject for subject in subjects if not subject["finished_at"]]
    if not going:
        hint = "`orcaops workflow rerun` runs it again."
        statuses = ", ".join(dict.fromkeys(str(subject["status"]) for subject in subjects))
        raise ClientError("workflow_finished", f"Nothing to cancel: {name} is {statuses}.", hint=hint, status=409)
    for subject in going:
        node = str(subject["id"]) if job else ""
        record = client.cancel(workflow_id, node=node, reason=reason, force=force)
    while wait and not record["finished_at"]:
        record = client.wait(workflow_id, timeout_s=25, since_version=record["version"])["workflow"]
    if out.is_json:
        out.document(record)
    else:
        is_over = not job and record["finished_at"]
        out.fact(f"{record['status'] if is_over else 'cancelling'} {name}")


@click.command(
    "delete",
    cls=Command,
    examples=(
        ("orcaops workflow delete 1k4m", "Asks first, on a terminal."),
        ("orcaops workflow delete --yes 1k4m 1k4n", "Two of them, for a script."),
    ),
    exits=(("3", "There is no such run."), ("6", "The run has not ended.")),
)
@runs_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, *, runs: tuple[str, ...], yes: bool) -> None:
    """Delete runs that have ended, with their jobs, logs and files."""
    from orcaops_mcp.cli.runs import insist  # noqa: PLC0415 - only for this

    out, client = session.out, session.client.workflows
    ids = _ended(client, runs)
    insist(yes=yes, question=f"Delete {', '.join(ids)} with jobs, logs and files?")
    for workflow_id in ids:
        client.delete(workflow_id)
        if not out.is_json:
            out.text(f"deleted {workflow_id}")
    if out.is_json:
        document: dict[str, Any] = {"deleted": len(ids), "workflow_ids": ids}
        out.document(document)


def _ended(client: WorkflowClient, runs: tuple[str, ...]) -> list[str]:
    """The ids of runs, all of which have ended: nothing is deleted of a list that names another.

    Raises:
        ClientError: One has not.
    """
    ids = list(dict.fromkeys(map(client.find, runs)))
    for workflow_id in ids:
        if not client.get(workflow_id, nodes="none")["finished_at"]:
            hint = f"`orcaops workflow cancel {workflow_id}` stops it."
            raise ClientError("workflow_not_finished", f"{workflow_id} has not ended.", hint=hint, status=409)
    return ids
