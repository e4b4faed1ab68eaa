"""The JOB argument: an id, the beginning of one, ``@last``, or the job of a workflow's run: ``wf_1k4m…/test``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from orcaops_mcp.cli.exits import USAGE, EndedError
from orcaops_mcp.cli.session import Session
from orcaops_mcp.cli.text import shown
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

Decorated = TypeVar("Decorated", bound="Callable[..., object]")

_OF_RUNS: Final = {
    "status": "status",
    "logs": "logs",
    "watch": "watch",
    "why": "why",
    "cancel": "cancel",
    "rerun": "rerun",
    "artifacts": "artifacts",
    "download": "artifacts --get PATH",
    "events": "history",
    "show": "status",
    "delete": "delete",
}
"""For a command about jobs, the one that does it for a workflow's run."""


def job_argument(command: Decorated) -> Decorated:
    """The argument ``job``."""
    return click.argument("job", metavar="JOB", shell_complete=complete, callback=_insist_on_job)(command)


def jobs_argument(command: Decorated) -> Decorated:
    """The argument ``jobs``: one or more."""
    return click.argument(
        "jobs", metavar="JOB…", nargs=-1, required=True, shell_complete=complete, callback=_insist_on_jobs
    )(command)


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Ids that begin so, newest first, of an engine that runs; none is started for this."""
    session = ctx.find_object(Session) or Session()
    try:
        prefix = incomplete if incomplete.startswith("job_") else "job_"
        items = session.client_that(starts=False).jobs({"prefix": prefix, "limit": 20})["items"]
    except ClientError:
        return []
    named = [CompletionItem(item["job_id"], help=f"{item['status']} {shown(item.get('name') or '')}") for item in items]
    return [*named, CompletionItem("@last", help="the newest")]


def _insist_on_job(ctx: click.Context, param: click.Parameter, value: str) -> str:  # noqa: ARG001 - click's
    """The same, unless it is a workflow's run: that has commands of its own.

    Raises:
        EndedError: It is one.
    """
    if value.startswith("wf_") and "/" not in value:
        verb = _OF_RUNS.get(str(ctx.info_name), "status")
        hint = f"`orcaops workflow {verb} {value}` is for runs; {value}/JOB names one of its jobs."
        raise EndedError(ClientError("usage", f"{value} is a workflow's run, not a job.", hint=hint), USAGE)
    return value


def _insist_on_jobs(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_insist_on_job(ctx, param, each) for each in value)
