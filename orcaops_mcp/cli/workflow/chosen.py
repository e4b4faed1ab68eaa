"""The RUN argument: the id of a workflow's run, the beginning of one, or ``@last``; and jobs of a run."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from orcaops_mcp.cli.session import Session
from orcaops_mcp.cli.text import shown
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orcaops_mcp.client.workflows import WorkflowClient

Node = dict[str, Any]
Decorated = TypeVar("Decorated", bound="Callable[..., object]")


def run_argument(command: Decorated) -> Decorated:
    """The argument ``run``."""
    return click.argument("run", metavar="RUN", shell_complete=complete_run)(command)


def run_or_last(command: Decorated) -> Decorated:
    """The argument ``run``, the newest run if it is left out."""
    return click.argument("run", metavar="[RUN]", default="@last", shell_complete=complete_run)(command)


def runs_argument(command: Decorated) -> Decorated:
    """The argument ``runs``: one or more."""
    return click.argument("runs", metavar="RUN…", nargs=-1, required=True, shell_complete=complete_run)(command)


def complete_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Ids that begin so, newest first, of an engine that runs; none is started for this."""
    client = _client(ctx)
    try:
        prefix = incomplete if incomplete.startswith("wf_") else "wf_"
        items = client.page({"prefix": prefix, "limit": 20})["items"]
    except ClientError:
        return []
    named = [CompletionItem(item["workflow_id"], help=f"{item['status']} {shown(item['run_name'])}") for item in items]
    return [*named, CompletionItem("@last", help="the newest")]


def complete_node(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Jobs and variants of the run that was named before."""
    client = _client(ctx)
    try:
        nodes = list(client.nodes(client.find(str(ctx.params.get("run") or "@last"))))
    except ClientError:
        return []
    names = dict.fromkeys(str(name) for node in nodes for name in (node["job"], node["id"]))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def nodes_named(client: WorkflowClient, workflow_id: str, name: str) -> list[Node]:
    """The node of this id or title, or all variants of the job of this id.

    Raises:
        ClientError: There is none in the run.
    """
    nodes = list(client.nodes(workflow_id))
    for key in ("id", "job", "name"):
        found = [node for node in nodes if node[key] == name]
        if found:
            return found
    near = difflib.get_close_matches(name, [str(node[key]) for node in nodes for key in ("id", "job")], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"`orcaops workflow status {workflow_id}` lists them."
    raise ClientError("node_not_found", f"The run has no job {name!r}.", hint=hint, status=404)


def _client(ctx: click.Context) -> WorkflowClient:
    session = ctx.find_object(Session) or Session()
    return session.client_that(starts=False).workflows
