"""The JOB argument: an id, the beginning of one, or ``@last``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from orcaops_mcp.cli.session import Session
from orcaops_mcp.cli.text import shown
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

Decorated = TypeVar("Decorated", bound="Callable[..., object]")


def job_argument(command: Decorated) -> Decorated:
    """The argument ``job``."""
    return click.argument("job", metavar="JOB", shell_complete=complete)(command)


def jobs_argument(command: Decorated) -> Decorated:
    """The argument ``jobs``: one or more."""
    return click.argument("jobs", metavar="JOB…", nargs=-1, required=True, shell_complete=complete)(command)


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
