"""`orcaops workflow artifacts`: the files that the jobs of a run left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.output import Column
from orcaops_mcp.cli.text import size_text
from orcaops_mcp.cli.workflow.chosen import complete_node, run_or_last
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client

File = dict[str, Any]

_COLUMNS: Final = (
    Column("JOB", may_shrink=True),
    Column("PATH", may_shrink=True),
    Column("SIZE", is_number=True),
    Column("TYPE", may_shrink=True),
    Column("SHA256", may_shrink=True),
)


@click.command(
    "artifacts",
    cls=Command,
    examples=(
        ("orcaops workflow artifacts", "What the jobs of the newest run left."),
        ("orcaops workflow artifacts --job build --get dist/app.tar.gz 1k4m", "One file, into this folder."),
        ("orcaops workflow artifacts --get '**/*.xml' -o reports @last", "Every report; a folder for each job."),
    ),
    exits=(("3", "There is no such run, or no such file."),),
)
@run_or_last
@click.option(
    "-j", "--job", metavar="JOB", default="", shell_complete=complete_node, help="Only of this job or variant."
)
@click.option("--get", multiple=True, metavar="PATH", help="Fetch a file, or those that fit a pattern.")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    default=".",
    show_default=True,
    help="With --get: the folder to write to; - prints.",
)
@click.option("--header", is_flag=True, help="Begin with the columns' names where no terminal is.")
@click.pass_obj
def command(session: Session, *, run: str, job: str, get: tuple[str, ...], output: str, header: bool) -> None:
    """The files that the jobs of a run left; --get fetches them."""
    out, client = session.out, session.client
    workflow_id = client.workflows.find(run)
    items = list(client.workflows.artifacts(workflow_id, job))
    if get:
        _fetch(session, workflow_id, _chosen(client, workflow_id, items, get), output)
        return
    if out.is_json:
        out.document(items)
        return
    kept = [item for item in items if item["state"] == "kept"]
    out.table(_COLUMNS, [_cells(item, pretty=out.has_terminal) for item in kept], header=header)
    if not items and out.has_error_terminal:
        out.remark("No job of this run has left a file.")
    for item in items:
        if item["state"] != "kept":
            reason = item["note"] or "no reason given"
            out.remark(f"{item['node_id']}: {item['path']}: {item['state']}, {reason}")


def _chosen(client: Client, workflow_id: str, items: Sequence[File], names: tuple[str, ...]) -> list[File]:
    """The kept files with these paths or patterns.

    Raises:
        ClientError: A name fits no kept file.
    """
    kept = [item for item in items if item["state"] == "kept"]
    found: dict[tuple[str, str], File] = {}
    for name in names:
        fits = [item for item in kept if item["path"] == name] or _matching(client, kept, name)
        if not fits:
            hint = f"`orcaops workflow artifacts {workflow_id}` lists them."
            raise ClientError("artifact_not_found", f"The run kept no file {name!r}.", hint=hint, status=404)
        found |= {(item["job_id"], item["path"]): item for item in fits}
    return list(found.values())


def _matching(client: Client, kept: Sequence[File], pattern: str) -> list[File]:
    """The files that fit a pattern, by the engine's own reading of patterns."""
    job_ids = dict.fromkeys(str(item["job_id"]) for item in kept)
    fits = {(job_id, item["path"]) for job_id in job_ids for item in client.artifacts(job_id, pattern)}
    return [item for item in kept if (item["job_id"], item["path"]) in fits]


def _fetch(session: Session, workflow_id: str, wanted: list[File], output: str) -> None:
    """Write files; where several jobs left some, below a folder for each job."""
    out, client = session.out, session.client
    if output == "-":
        for item in wanted:
            with client.open_artifact(item["job_id"], item["path"]) as reply:
                for piece in reply.chunks():
                    sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    from orcaops_mcp.client.files import save_artifact  # noqa: PLC0415 - only for this

    several = len({item["node_id"] for item in wanted}) > 1
    saved = [
        str(save_artifact(client, item["job_id"], item, f"{output}/{_folder(item)}" if several else output))
        for item in wanted
    ]
    if out.is_json:
        out.document([{**item, "file": file} for item, file in zip(wanted, saved, strict=True)])
        return
    for file in saved:
        out.fact(file)
    out.detail(f"{len(saved)} of {workflow_id}")


def _folder(item: File) -> str:
    """A job's id as the name of one folder."""
    name = "".join(letter if letter.isalnum() or letter in "-_.[]=,()" else "-" for letter in str(item["node_id"]))
    return name.strip(".") or "job"


def _cells(item: File, *, pretty: bool) -> list[object]:
    size = size_text(item["size"]) if pretty else item["size"]
    return [item["node_id"], item["path"], size, item["type"], item["sha256"]]
