"""What `orcaops workflow status` prints: facts and the tree, once or as long as the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orcaops_mcp.cli.jobs.status import show_services
from orcaops_mcp.cli.output import Column, StatusCell
from orcaops_mcp.cli.screen import Screen
from orcaops_mcp.cli.text import shown, span_text
from orcaops_mcp.cli.workflow.ending import cut, end_lines, output_texts, show_end, trouble_lines, warning_texts
from orcaops_mcp.cli.workflow.following import follow_run, read_run
from orcaops_mcp.cli.workflow.showing import show_of, tree_lines
from orcaops_mcp.cli.workflow.tree import branches, present, remark_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.client.workflows import WorkflowClient

Run = dict[str, Any]

_NODES = (Column("STATUS"), Column("JOB"), Column("RAN AS"), Column("SECONDS"), Column("REMARK"))


def show(out: Output, client: WorkflowClient, workflow_id: str, *, watch: bool) -> Run:
    """Print a run.

    Args:
        out: Where to.
        client: The engine.
        workflow_id: The run.
        watch: Whether to stay until it has ended.

    Returns:
        The run's document, without its nodes.
    """
    if watch:
        return _watched(out, client, workflow_id)
    if out.is_json:
        found = client.get(workflow_id)
        if found.get("jobs_left_out"):
            found |= {"jobs": list(client.nodes(workflow_id, detail="full")), "jobs_left_out": 0}
        out.document(found)
        return found
    state, now = read_run(client, workflow_id), present()
    run = state.run
    out.text(f"{out.status(run['status'])}  {workflow_id}" if out.has_terminal else f"status\t{run['status']}")
    for name, value in (*(() if out.has_terminal else (("workflow_id", workflow_id),)), *_facts(run, now)):
        out.text(f"{name:<10}{shown(value)}" if out.has_terminal else f"{name}\t{shown(value)}")
    out.text("")
    if out.has_terminal:
        for line in Screen(out).fitted(tree_lines(branches(state.nodes.values()), now)):
            out.text(line)
    else:
        out.table(_NODES, [_row(node, now) for node in state.nodes.values()])
    show_services(out, run["services"])
    if state.has_ended and out.has_terminal and run["status"] != "success":
        out.text("")
        for line in trouble_lines(client.get(workflow_id)):
            out.text(line)
    return run


def _watched(out: Output, client: WorkflowClient, workflow_id: str) -> Run:
    show = show_of(out)
    for state in follow_run(client, workflow_id, beat_s=show.beat_s, pause_s=show.pause_s):
        show.update(state)
    ended = client.get(workflow_id)
    if out.is_json:
        out.event({"type": "result", **ended})
    elif out.has_terminal:
        show_end(out, ended)
    else:
        _tell_end(out, ended)
    return ended


def _tell_end(out: Output, run: Run) -> None:
    """To a person beside a script; a script has the states and the exit code."""
    if run["status"] != "success":
        for line in end_lines(run):
            out.remark(line)


def _facts(run: Run, now: datetime) -> Iterator[tuple[str, object]]:
    """What there is to say of a run, by its name; without what is nothing."""
    reason: Run = run["reason"] or {}
    facts = {
        "name": run["run_name"],
        "workflow": run["name"] if run["name"] != run["run_name"] else None,
        "file": run["file"],
        "by": f"{run['trigger']}, {run['actor']}" if run["actor"] else run["trigger"],
        "tags": ", ".join(run["tags"]),
        "attempt": run["attempt"] if run["attempt"] > 1 else None,
        "rerun of": run["rerun_of"],
        "why": reason.get("text") or reason.get("code"),
        "created": run["created_at"],
        "started": run["started_at"],
        "finished": run["finished_at"],
        "duration": span_text(seconds_of(run, now)),
        "jobs": run["summary"]["text"],
        "longest": " > ".join(step["id"] for step in run["critical_path"]),
    }
    yield from ((name, value) for name, value in facts.items() if value not in (None, ""))
    yield from (("input", f"{name}={cut(value)}") for name, value in run["inputs"].items())
    yield from (("output", text) for text in output_texts(run))
    yield from (("warning", text) for text in warning_texts(run))


def _row(node: Run, now: datetime) -> list[object]:
    return [StatusCell(node["status"]), node["id"], node["job_id"], seconds_of(node, now), remark_of(node, now)]
