"""`orcaops jobs artifacts` and `download`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.jobs.chosen import job_argument
from orcaops_mcp.cli.output import Column
from orcaops_mcp.cli.text import size_text
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client

_COLUMNS: Final = (
    Column("PATH", may_shrink=True),
    Column("SIZE", is_number=True),
    Column("TYPE", may_shrink=True),
    Column("SHA256", may_shrink=True),
)

_NOTHING: Final = "no file was kept of this job"


@click.command(
    "artifacts",
    cls=Command,
    examples=(
        ("orcaops jobs artifacts @last", "What the newest job left."),
        ("orcaops jobs artifacts --pattern '**/*.xml' 1k4m", "Only reports."),
    ),
)
@job_argument
@click.option("--pattern", metavar="GLOB", default="", help="Only paths that match.")
@click.option("--header", is_flag=True, help="Begin with the columns' names where no terminal is.")
@click.pass_obj
def artifacts(session: Session, *, job: str, pattern: str, header: bool) -> None:
    """The files a job left, and those that were not kept."""
    out, client = session.out, session.client
    items = client.artifacts(client.find_job(job), pattern)
    if out.is_json:
        out.document(items)
        return
    out.table(
        _COLUMNS, [_cells(item, pretty=out.has_terminal) for item in items if item["state"] == "kept"], header=header
    )
    for item in items:
        if item["state"] != "kept":
            out.remark(f"{item['path']}: {item['state']}, {item['note'] or 'no reason given'}")
    if not items:
        out.remark(f"no kept file fits {pattern}" if pattern else _NOTHING)


@click.command(
    "download",
    cls=Command,
    examples=(
        ("orcaops jobs download -o results @last", "Everything the newest job left, into a folder."),
        ("orcaops jobs download -o - 1k4m report.xml", "One file to standard output."),
    ),
    exits=(("3", "There is no such job, or no such file."),),
)
@job_argument
@click.argument("names", metavar="[NAME]…", nargs=-1)
@click.option("-o", "--output", metavar="DIR", default=".", show_default=True, help="Folder to write to; - prints.")
@click.option("--all", "everything", is_flag=True, help="Every file; the same as naming none.")
@click.option("--verify/--no-verify", default=True, help="Compare the SHA-256 of what came [on].")
@click.pass_obj
def download(
    session: Session, *, job: str, names: tuple[str, ...], output: str, everything: bool, verify: bool
) -> None:
    """Fetch the files a job left; NAME is a path or a pattern."""
    if everything and names:
        raise click.UsageError("--all does not go with names.")
    out, client = session.out, session.client
    job_id = client.find_job(job)
    wanted = chosen_artifacts(client, job_id, names)
    if not wanted:
        out.remark(_NOTHING)
    if output == "-":
        _print_files(client, job_id, wanted)
        return
    from orcaops_mcp.client.files import save_artifact  # noqa: PLC0415 - only for this

    saved = [str(save_artifact(client, job_id, item, output, verify=verify)) for item in wanted]
    if out.is_json:
        out.document([{**item, "file": file} for item, file in zip(wanted, saved, strict=True)])
        return
    for file in saved:
        out.fact(file)


def chosen_artifacts(client: Client, job_id: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The kept files with these paths or patterns; all of them when none is given.

    Raises:
        ClientError: A name fits no kept file.
    """
    kept = {item["path"]: item for item in client.artifacts(job_id) if item["state"] == "kept"}
    if not names:
        return list(kept.values())
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        fits = [name] if name in kept else [item["path"] for item in client.artifacts(job_id, name)]
        fits = [path for path in fits if path in kept]
        if not fits:
            hint = f"`orcaops jobs artifacts {job_id}` lists them."
            raise ClientError("artifact_not_found", f"The job kept no file {name!r}.", hint=hint, status=404)
        found |= {path: kept[path] for path in fits}
    return list(found.values())


def _print_files(client: Client, job_id: str, wanted: list[dict[str, Any]]) -> None:
    for item in wanted:
        with client.open_artifact(job_id, item["path"]) as reply:
            for piece in reply.chunks():
                sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _cells(item: dict[str, Any], *, pretty: bool) -> list[object]:
    return [item["path"], size_text(item["size"]) if pretty else item["size"], item["type"], item["sha256"]]
