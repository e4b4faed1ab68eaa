"""`orcaops open`: the engine's page in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.jobs.chosen import complete
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session


@click.command(
    "open",
    cls=Command,
    examples=(
        ("orcaops open", "The engine's first page."),
        ("orcaops open --print @last", "The address of the newest job's page."),
    ),
    exits=(("1", "The engine has no page: it listens on no address."),),
)
@click.argument("job", metavar="[JOB]", required=False, shell_complete=complete)
@click.option("--print", "only_print", is_flag=True, help="Only print the address.")
@click.pass_obj
def command(session: Session, *, job: str | None, only_print: bool) -> None:
    """Open the engine's page in the browser."""
    path = f"/jobs/{session.client.find_job(job)}" if job else "/"
    url = f"{_root(session)}{path}"
    if session.out.is_json:
        session.out.document({"url": url})
    elif only_print:
        session.out.fact(url)
    else:
        session.out.remark(f"Opening {url}")
    if not only_print and click.launch(url) != 0:
        raise ClientError("failed", "No browser could be started.", hint=f"Open {url} yourself.")


def _root(session: Session) -> str:
    if session.url:
        return session.url.rstrip("/")
    session.client.system()  # starts the engine if it does not run
    from orcaops_mcp import places  # noqa: PLC0415 - not needed with --url

    url = (places.note_of(session.home_folder) or {}).get("url")
    if not url:
        raise ClientError("no_address", "The engine listens on no address.", hint="Start it with `orcaops serve`.")
    return str(url).rstrip("/")
