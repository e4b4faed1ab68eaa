"""`orcaops workflow graph` of a run: who waits for whom, and how each stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orcaops_mcp.cli.output import Column, StatusCell
from orcaops_mcp.cli.text import shown
from orcaops_mcp.cli.workflow.tree import branches, present

if TYPE_CHECKING:
    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.client.workflows import WorkflowClient

_COLUMNS = (Column("STATUS"), Column("JOB"), Column("RUNS", is_number=True), Column("WAITS FOR"), Column("REMARK"))


def show_run_graph(out: Output, client: WorkflowClient, workflow_id: str, form: str) -> None:
    """Print which jobs of a run wait for which.

    Args:
        out: Where to print.
        client: The engine.
        workflow_id: The run.
        form: ``text``, ``dot``, ``mermaid`` or ``json``.
    """
    if form == "text":
        now = present()
        found = branches(client.nodes(workflow_id, detail="full"))
        rows = [
            (
                StatusCell(branch.status),
                branch.job,
                len(branch.nodes),
                ", ".join(dict.fromkeys(need for node in branch.nodes for need in node["needs"])) or None,
                branch.remark(now),
            )
            for branch in found
        ]
        out.table(_COLUMNS, rows)
        return
    with client.graph(workflow_id, form) as reply:
        text = reply.read().decode()
    if form == "json":
        out.document(json.loads(text))
        return
    for line in text.rstrip("\n").split("\n"):
        out.text(shown(line) if out.has_terminal else line)
