"""What tools say of a workflow's run: how it stands, the nodes that matter first, and the call that comes next.

Everything stays small, whatever the run: 10,000 nodes come in pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core import (
    NodeStatus,
    Result,
    WorkflowStatus,
    blocked_nodes,
    counts_document,
    matrix_document,
    node_document,
    run_document,
)
from orcaops_mcp.mcp_server.untrusted import fence, one_line
from orcaops_mcp.mcp_server.within import within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core import NodePlan, RerunPlan, WorkflowNode, WorkflowRun

MAX_NODES: Final = 100
MAX_NODE_BYTES: Final = 10 * 1024
"""Of all nodes in one answer."""

_MAX_OUTPUT_BYTES: Final = 2048
_MAX_OUTPUT: Final = 1000
_MAX_WARNINGS: Final = 5
_MAX_TAIL: Final = 5
_MAX_PLAN_BYTES: Final = 5 * 1024
_MAX_MATRICES: Final = 20
_NAMED: Final = 10
_SAID: Final = 300
_BAD: Final = frozenset({NodeStatus.FAILED, NodeStatus.TIMED_OUT, NodeStatus.CANCELLED})
_USEFUL: Final = frozenset({Result.FAILURE, Result.CANCELLED})


def run_line(run: WorkflowRun) -> dict[str, Any]:
    """A run in a list: one short line."""
    record = run_document(run)
    return {
        "workflow_id": run.workflow_id,
        "status": run.status.value,
        "name": one_line(record["run_name"]),
        "number": run.run_number,
        "nodes": record["summary"]["text"],
        "attempt": run.attempt if run.attempt > 1 else None,
        "created_at": record["created_at"],
        "duration_s": record["duration_s"],
        "tags": list(run.tags),
    }


def run_brief(run: WorkflowRun) -> dict[str, Any]:
    """How a run stands, without its nodes."""
    record = run_document(run)
    return {
        "workflow_id": run.workflow_id,
        "status": run.status.value,
        "name": one_line(record["run_name"]),
        "attempt": run.attempt if run.attempt > 1 else None,
        "summary": counts_document(run.counts)["text"],
        "reason": _reason(record["reason"]),
        "failure": _failure(record["error"]),
        "duration_s": record["duration_s"],
        "cancel_requested": True if run.cancel and not run.is_finished else None,
        "outputs": _outputs(run.outputs),
        "services": [_sick(each) for each in record["services"] if each["status"] == "failed"],
        "warnings": [one_line(str(warning.get("message", "")), _SAID) for warning in run.warnings[:_MAX_WARNINGS]],
        "rerun_of": run.rerun_of,
        "version": run.version,
    }


def nodes_page(
    nodes: Sequence[WorkflowNode], start: int = 0, *, room: int = MAX_NODE_BYTES, only_bad: bool = False
) -> dict[str, Any]:
    """Nodes in short, as many as fit, those that failed first.

    Args:
        nodes: Of one attempt.
        start: How many of them were shown before.
        room: Bytes for them.
        only_bad: Whether only those are shown that failed or were stopped.
    """
    blocked = blocked_nodes(nodes)
    wanted = [node for node in nodes if not only_bad or node.status in _BAD]
    wanted.sort(key=lambda node: node.result is not Result.FAILURE)
    chosen = wanted[start : start + MAX_NODES]
    shown = within([node_brief(node_document(node, blocked.get(node.node_id, ()))) for node in chosen], room)
    after = start + len(shown)
    left = len(wanted) - after
    return {
        "nodes": shown,
        "nodes_left_out": left if left > 0 else None,
        "next_cursor": str(after) if left > 0 and shown else None,
    }


def node_brief(record: Mapping[str, Any]) -> dict[str, Any]:
    """A node's document in a line; what is as usual is null."""
    has_failed = record["result"] in _USEFUL or record["tolerated"]
    return {
        "id": record["id"],
        "status": record["status"],
        "tolerated": True if record["tolerated"] else None,
        "reason": _reason(record["reason"]),
        "failure": _failure(record["failure"]),
        "exit_code": record["exit_code"] if has_failed else None,
        "job_id": record["job_id"] if has_failed else None,
        "tries": len(record["attempts"]) if len(record["attempts"]) > 1 else None,
        "retry_at": record["retry_at"],
        "duration_s": record["duration_s"],
        "kept_from": record["kept_from"]["attempt"] if record["kept_from"] else None,
        "blocked": record["blocked"][:_NAMED],
        "blocked_in_all": len(record["blocked"]) if len(record["blocked"]) > _NAMED else None,
    }


def node_in_full(node: WorkflowNode) -> dict[str, Any]:
    """Everything that is told of one node."""
    record = node_document(node)
    condition: dict[str, str | None] = record["condition"] or {}
    matrix: dict[str, object] = record["matrix"] or {}
    return {
        **node_brief(record),
        "job_id": record["job_id"],
        "exit_code": record["exit_code"],
        "needs": within(record["needs"], _MAX_OUTPUT_BYTES),
        "condition": {name: one_line(text or "", _MAX_OUTPUT) for name, text in condition.items()},
        "matrix": within([f"{name}={one_line(str(value))}" for name, value in matrix.items()], 1024),
        "attempts": within(record["attempts"], _MAX_OUTPUT_BYTES),
        "started_at": record["started_at"],
        "finished_at": record["finished_at"],
        "outputs": _outputs(node.outputs),
        "artifacts": record["artifacts"] or None,
        "kept_from": record["kept_from"],
        "tail": fence("\n".join(one_line(line, _MAX_OUTPUT) for line in node.tail[-_MAX_TAIL:])) if node.tail else None,
        "warnings": [one_line(warning, _SAID) for warning in node.warnings[:_MAX_WARNINGS]],
        "finally": True if node.is_finally else None,
        "version": node.version,
    }


def matrices(nodes: Sequence[WorkflowNode]) -> dict[str, str]:
    """How many variants of each matrix job passed."""
    found = {job: each["summary"] for job, each in matrix_document(nodes).items()}
    return dict(list(found.items())[:_MAX_MATRICES])


def next_of_run(run: WorkflowRun) -> str | None:
    """The tool call that most likely helps now."""
    if not run.is_finished:
        return f'orcaops_wait(ids=["{run.workflow_id}"])'
    if run.status is WorkflowStatus.SUCCESS:
        return None
    if run.status is WorkflowStatus.CANCELLED:
        return f'orcaops_rerun(id="{run.workflow_id}", from="failed") goes on where it was stopped'
    return f'orcaops_get_failure_summary(id="{run.workflow_id}")'


def plan_brief(plan: RerunPlan) -> dict[str, Any]:
    """What a rerun runs and keeps, and why; nodes of which the same is to be said together."""
    return {
        "selection": one_line(plan.selection),
        "runs": _by_why(plan.rerun),
        "keeps": _by_why(plan.kept),
        "counts": {"run": len(plan.rerun), "keep": len(plan.kept)} if plan.nodes else None,
    }


def ids_of(nodes: Sequence[WorkflowNode], status: NodeStatus) -> list[str]:
    """Ids of the first nodes with a status."""
    return [node.node_id for node in nodes if node.status is status][:_NAMED]


def _by_why(nodes: Sequence[NodePlan]) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = {}
    for node in nodes:
        groups.setdefault(node.why, []).append(node.node_id)
    told = [
        {
            "nodes": [one_line(node_id) for node_id in ids[:_NAMED]],
            "more": len(ids) - _NAMED if len(ids) > _NAMED else None,
            "why": one_line(why, _SAID),
        }
        for why, ids in groups.items()
    ]
    return within(told, _MAX_PLAN_BYTES)


def _reason(record: Mapping[str, Any] | None) -> str | None:
    if record is None:
        return None
    return one_line(record["text"] or record["code"], _SAID)


def _failure(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if record is None:
        return None
    texts = {name: one_line(record[name] or "", _SAID) for name in ("message", "hint")}
    return {"kind": record["kind"], **texts}


def _sick(record: Mapping[str, Any]) -> dict[str, Any]:
    """A service of the run that failed."""
    message = one_line(record["message"] or "", _SAID)
    return {"id": record["id"], "status": record["status"], "exit_code": record["exit_code"], "message": message}


def _outputs(outputs: Mapping[str, str]) -> dict[str, str]:
    """Outputs of the run; long ones are cut, and of very many the first stand here."""
    kept: dict[str, str] = {}
    room = _MAX_OUTPUT_BYTES
    for name, value in outputs.items():
        shown = one_line(value, _MAX_OUTPUT)
        room -= len(name) + len(shown.encode())
        if room < 0:
            break
        kept[name] = shown
    return kept
