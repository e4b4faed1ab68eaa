"""Workflow runs as doors show them: every key is there, absent facts are null, and no answer grows without bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core import (
    Result,
    artifact_document,
    attempt_document,
    blocked_nodes,
    counts_document,
    failure_document,
    matrix_document,
    node_document,
    run_document,
    time_text,
)
from orcaops_mcp.views.history import digest_view, sick_service_view
from orcaops_mcp.views.workflow import finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core import (
        Explanation,
        NodeArtifact,
        NodeFailure,
        NodeLine,
        NodePlan,
        RerunPlan,
        WaitedWorkflow,
        WorkflowAttempt,
        WorkflowChange,
        WorkflowNode,
        WorkflowRun,
        WorkflowSource,
        WorkflowStatus,
        WorkflowSummary,
    )

MOST_NODES: Final = 200
"""Nodes with all their facts in one answer, unless more are asked for."""

_SCHEMA: Final = 1
_MOST_VARIANTS: Final = 1000
_ROW: Final = (
    *("workflow_id", "name", "run_name", "run_number", "status", "ok", "reason", "attempt", "file", "created_at"),
    *("started_at", "finished_at", "duration_s", "trigger", "actor", "summary", "tags", "cancel_requested_at"),
    *("rerun_of", "template", "version"),
)
_NODE_ROW: Final = (
    *("id", "job", "name", "status", "result", "outcome", "tolerated", "reason", "failure_kind", "exit_code", "matrix"),
    *("job_id", "started_at", "finished_at", "duration_s", "retry_at", "artifacts", "version"),
)


def run_row(run: WorkflowRun) -> dict[str, Any]:
    """A run in a list, without what was given to it and what came out."""
    told = run_document(run)
    return {name: told[name] for name in _ROW}


def run_record(
    run: WorkflowRun,
    nodes: Sequence[WorkflowNode],
    attempts: Sequence[WorkflowAttempt] = (),
    *,
    most: int = MOST_NODES,
    has_all: bool = True,
) -> dict[str, Any]:
    """The run with its nodes, those that failed in front.

    Args:
        run: The run.
        nodes: Of its present attempt, in its order.
        attempts: All of its attempts.
        most: More nodes are only counted, as ``jobs_left_out``.
        has_all: Whether these are all of its nodes; only then there is something to say of matrices.
    """
    blocked = blocked_nodes(nodes)
    ordered = sorted(nodes, key=lambda node: node.result is not Result.FAILURE)
    return {
        "schema": _SCHEMA,
        **_told(run_document(run)),
        "attempts": [attempt_document(attempt) for attempt in attempts],
        "matrix": _matrices(nodes) if has_all else {},
        "jobs": [node_view(node, blocked.get(node.node_id, ())) for node in ordered[:most]],
        "jobs_left_out": max(0, len(ordered) - most),
    }


def node_view(node: WorkflowNode, blocked: Sequence[str] = ()) -> dict[str, Any]:
    """Everything about a node.

    Args:
        node: The record.
        blocked: Nodes that did not run because of it.
    """
    return _told(node_document(node, blocked))


def node_row(node: WorkflowNode) -> dict[str, Any]:
    """A node in a line."""
    told = node_view(node)
    return {
        **{name: told[name] for name in _NODE_ROW},
        "tries": len(node.tries),
        "kept": node.kept_from is not None,
    }


def run_end(run: WorkflowRun) -> dict[str, Any]:
    """How a run ended, for the last event of a stream."""
    told = run_document(run)
    names = ("workflow_id", "attempt", "status", "ok", "reason", "error", "summary", "duration_s", "version")
    return {name: told[name] for name in names}


def workflow_change_view(change: WorkflowChange) -> dict[str, Any]:
    """One row of the audit trail."""
    return {
        "at": time_text(change.at),
        "attempt": change.attempt,
        "node": change.node_id or None,
        "event": change.event.value if change.event else None,
        "before": change.before.value if change.before else None,
        "after": change.after.value,
        "by": change.by,
        "why": change.why or None,
    }


def workflow_source_view(source: WorkflowSource) -> dict[str, Any]:
    """What an attempt was made from."""
    return {
        "file_name": source.file_name or None,
        "text": source.text,
        "digest": source.digest,
        "files": dict(source.files),
    }


def workflow_summary_view(summary: WorkflowSummary) -> dict[str, Any]:
    """Why a run did not succeed: what failed first in front, each with the lines of its log that matter."""
    run = summary.run
    return {
        "workflow_id": run.workflow_id,
        "status": run.status.value,
        "attempt": summary.attempt,
        "error": failure_document(run.failure),
        "counts": counts_document(run.counts),
        "failures": [_failure_view(failure) for failure in summary.failures],
        "more_failures": summary.more_failures,
        "matrices": dict(summary.matrices),
        "not_run": [
            {"node": each.node_id, "status": each.status.value, "because": each.because or None}
            for each in summary.still
        ],
        "more_not_run": summary.more_still,
        "services": [sick_service_view(sick) for sick in summary.sick_services],
    }


def node_line_view(each: NodeLine) -> dict[str, Any]:
    """A line of a node's log as the container wrote it."""
    line = each.line
    return {
        "node": each.node_id or None,
        "job_id": each.job_id,
        "attempt": each.attempt,
        "n": line.number,
        "ts": time_text(line.at),
        "stream": line.stream,
        "step": line.step,
        "text": line.text,
    }


def node_artifact_view(found: NodeArtifact) -> dict[str, Any]:
    """A kept file of a node, or why there is none."""
    return {"node_id": found.node_id, "job_id": found.job_id, **artifact_document(found.artifact)}


def waited_view(waited: WaitedWorkflow) -> dict[str, Any]:
    """A run that was waited for, with those of its nodes that changed since."""
    return run_record(waited.run, waited.nodes, has_all=False)


def workflow_counts_view(counts: Mapping[WorkflowStatus, int]) -> dict[str, int]:
    """How many runs there are of each status."""
    return {status.value: count for status, count in counts.items()}


def rerun_plan_view(plan: RerunPlan, *, most: int = MOST_NODES) -> dict[str, Any]:
    """What a rerun does with each node.

    Args:
        plan: The plan.
        most: More nodes are only counted, as ``left_out``.
    """
    return {
        "workflow_id": plan.workflow_id,
        "attempt": plan.attempt,
        "selection": plan.selection,
        "kept": len(plan.kept),
        "rerun": len(plan.rerun),
        "nodes": [_node_plan_view(node) for node in plan.nodes[:most]],
        "left_out": max(0, len(plan.nodes) - most),
    }


def explanation_view(explanation: Explanation) -> dict[str, Any]:
    """Why a node stands where it stands."""
    return {
        "node_id": explanation.node_id,
        "status": explanation.status,
        "facts": list(explanation.facts),
    }


def _told(document: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON can hold it, whatever numbers an expression or a matrix came to."""
    return {name: finite(value) for name, value in document.items()}


def _matrices(nodes: Sequence[WorkflowNode]) -> dict[str, Any]:
    told = matrix_document(nodes)
    room = _MOST_VARIANTS
    for of_job in told.values():
        room -= len(of_job["variants"])
        if room < 0:
            of_job.update({"variants": [], "results": {}})
    return told


def _failure_view(failure: NodeFailure) -> dict[str, Any]:
    return {
        "node": node_row(failure.node),
        "failure": failure_document(failure.node.failure),
        "blocked": list(failure.blocked),
        "tail": list(failure.node.tail),
        "digest": digest_view(failure.job) if failure.job else None,
    }


def _node_plan_view(node: NodePlan) -> dict[str, Any]:
    return {
        "node_id": node.node_id,
        "job": node.job,
        "name": node.name,
        "keeps": node.keeps,
        "why": node.why,
        "job_id": node.job_id,
        "from_attempt": node.from_attempt,
    }
