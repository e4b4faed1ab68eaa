"""A workflow's run as a JSON document: one truth for the home's files, for REST and for agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.clock import time_text
from core.lifecycle.workflow import NodeStatus, Reason, Result, WorkflowStatus
from core.records.document import failure_document, service_document
from core.records.template import use_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from core.records.workflow import WorkflowAttempt, WorkflowRun
    from core.records.workflow_node import KeptFrom, NodeCounts, NodeReason, NodeTry, WorkflowNode

SCHEMA: Final = 1
"""Version of the document's form: a reader keeps what it does not know."""

_MOST_BLOCKED: Final = 100
"""Ids that one node names as blocked; the nodes themselves say why they did not run."""
_STOPPED: Final = frozenset({Result.FAILURE, Result.CANCELLED})


def workflow_document(
    run: WorkflowRun, nodes: Sequence[WorkflowNode], attempts: Sequence[WorkflowAttempt] = ()
) -> dict[str, Any]:
    """Everything the record says: every key is there, absent facts are null, times are RFC 3339.

    Args:
        run: The run.
        nodes: Of its present attempt.
        attempts: All of its attempts.
    """
    return {
        "workflow_id": run.workflow_id,
        "schema": SCHEMA,
        **run_document(run),
        "attempts": [attempt_document(attempt) for attempt in attempts],
        "matrix": matrix_document(nodes),
        "jobs": node_documents(nodes),
    }


def run_document(run: WorkflowRun) -> dict[str, Any]:
    """The run without its nodes."""
    return {
        "workflow_id": run.workflow_id,
        "name": run.name,
        "run_name": run.run_name or run.name,
        "run_number": run.run_number,
        "status": run.status.value,
        "ok": run.status is WorkflowStatus.SUCCESS if run.is_finished else None,
        "reason": reason_document(run.reason),
        "error": failure_document(run.failure),
        "attempt": run.attempt,
        "created_at": time_text(run.created_at),
        "started_at": time_text(run.started_at),
        "finished_at": time_text(run.finished_at),
        "duration_s": _seconds(run.started_at, run.finished_at),
        "deadline_at": time_text(run.deadline_at),
        "trigger": run.submitted_by,
        "actor": run.actor or None,
        "file": run.file_name or None,
        "source_digest": run.source_digest or None,
        "inputs": dict(run.inputs),
        "context": {name: value for name, value in run.context.items() if name != "caller"},
        "secrets": list(run.secrets),
        "summary": counts_document(run.counts),
        "outputs": dict(run.outputs),
        "services": [service_document(service.result) for service in run.services],
        "warnings": [dict(warning) for warning in run.warnings],
        "critical_path": [{"id": node.node_id, "duration_s": node.duration_s} for node in run.critical_path],
        "cancel_requested_at": time_text(run.cancel.at) if run.cancel else None,
        "max_parallel": run.max_parallel,
        "concurrency_group": run.concurrency_group or None,
        "priority": run.priority,
        "tags": list(run.tags),
        "rerun_of": run.rerun_of,
        "template": use_document(run.template),
        "version": run.version,
    }


def node_documents(nodes: Sequence[WorkflowNode]) -> list[dict[str, Any]]:
    """The nodes in the run's order, those that failed in front; these name what did not run because of them."""
    skipped_by = _skipped_by(nodes)
    return [node_document(node, _blocked(node, skipped_by)) for node in sorted(nodes, key=_rank)]


def blocked_nodes(nodes: Sequence[WorkflowNode]) -> dict[str, tuple[str, ...]]:
    """For each node that failed or was cancelled, the nodes that did not run because of it, a hundred at most."""
    skipped_by = _skipped_by(nodes)
    found = ((node.node_id, tuple(_blocked(node, skipped_by))) for node in nodes if node.result in _STOPPED)
    return {node_id: blocked for node_id, blocked in found if blocked}


def node_document(node: WorkflowNode, blocked: Iterable[str] = ()) -> dict[str, Any]:
    """A node.

    Args:
        node: The record.
        blocked: Ids of the nodes that did not run because of it.
    """
    return {
        "id": node.node_id,
        "job": node.job,
        "name": node.name or node.node_id,
        "status": node.status.value,
        "result": node.result.value if node.result else None,
        "outcome": node.outcome.value if node.outcome else None,
        "tolerated": node.is_tolerated,
        "reason": reason_document(node.reason),
        "condition": _condition(node),
        "failure": failure_document(node.failure),
        "failure_kind": node.failure.kind.value if node.failure else None,
        "exit_code": node.exit_code,
        "tail": list(node.tail),
        "blocked": list(blocked),
        "variant": {"index": node.variant.index, "total": node.variant.total} if node.variant else None,
        "matrix": dict(node.variant.values) if node.variant else None,
        "finally": node.is_finally,
        "needs": list(node.needs),
        "job_id": node.job_id,
        "attempts": [try_document(each) for each in node.tries],
        "retry_at": time_text(node.retry_at),
        "started_at": time_text(node.started_at),
        "finished_at": time_text(node.finished_at),
        "duration_s": _seconds(node.started_at, node.finished_at),
        "outputs": dict(node.outputs),
        "artifacts": node.artifacts,
        "warnings": list(node.warnings),
        "fingerprint": node.fingerprint or None,
        "kept_from": _kept_from(node.kept_from),
        "cancel_requested_at": time_text(node.cancel.at) if node.cancel else None,
        "version": node.version,
    }


def matrix_document(nodes: Iterable[WorkflowNode]) -> dict[str, dict[str, Any]]:
    """For each matrix job: its variants in the order of the expansion, their results, and how many passed."""
    variants: dict[str, list[WorkflowNode]] = {}
    for node in sorted(nodes, key=_place):
        if node.variant is not None:
            variants.setdefault(node.job, []).append(node)
    return {
        job: {
            "variants": [node.node_id for node in found],
            "results": {node.node_id: node.result.value if node.result else None for node in found},
            "summary": passed_text(found),
        }
        for job, found in variants.items()
    }


def passed_text(variants: Sequence[WorkflowNode]) -> str:
    """How many variants passed, such as ``4/6 passed``; a tolerated failure is not among them."""
    passed = sum(node.status is NodeStatus.SUCCESS for node in variants)
    return f"{passed}/{len(variants)} passed"


def counts_document(counts: NodeCounts) -> dict[str, Any]:
    """How the nodes stand, and the same in words, such as ``5 ok, 1 tolerated``."""
    failure = counts.failed + counts.timed_out
    told = (
        (counts.success, "ok"),
        (counts.tolerated, "tolerated"),
        (failure, "failed"),
        (counts.cancelled, "cancelled"),
        (counts.skipped, "skipped"),
        (counts.running, "running"),
        (counts.waiting, "waiting"),
    )
    return {
        "total": counts.total,
        "waiting": counts.waiting,
        "running": counts.running,
        "success": counts.success,
        "tolerated": counts.tolerated,
        "failure": failure,
        "timed_out": counts.timed_out,
        "cancelled": counts.cancelled,
        "skipped": counts.skipped,
        "text": ", ".join(f"{count} {word}" for count, word in told if count),
    }


def attempt_document(attempt: WorkflowAttempt) -> dict[str, Any]:
    """One attempt of a run, among all of them."""
    return {
        "attempt": attempt.number,
        "status": attempt.status.value,
        "created_at": time_text(attempt.created_at),
        "started_at": time_text(attempt.started_at),
        "finished_at": time_text(attempt.finished_at),
        "source_digest": attempt.source_digest or None,
        "trigger": attempt.submitted_by,
        "actor": attempt.actor or None,
        "selection": attempt.selection or None,
        "summary": counts_document(attempt.counts),
    }


def try_document(each: NodeTry) -> dict[str, Any]:
    """One try at a node."""
    return {
        "number": each.number,
        "job_id": each.job_id,
        "started_at": time_text(each.started_at),
        "finished_at": time_text(each.finished_at),
        "outcome": each.outcome.value if each.outcome else None,
        "exit_code": each.exit_code,
        "failure_kind": each.failure_kind or None,
    }


def reason_document(reason: NodeReason | None) -> dict[str, Any] | None:
    """Why a node did not run, was stopped or waits; why a run ended otherwise than by its jobs."""
    if reason is None:
        return None
    return {"code": reason.code.value, "text": reason.text or None, "jobs": list(reason.jobs)}


def _condition(node: WorkflowNode) -> dict[str, Any] | None:
    if node.condition is None:
        return None
    return {"text": node.condition.text, "expanded": node.condition.expanded or None}


def _kept_from(kept: KeptFrom | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    return {
        "attempt": kept.attempt or None,
        "job_id": kept.job_id,
        "why": kept.why or None,
        "manual": kept.attempt == 0,
        "by": kept.by or None,
    }


def _place(node: WorkflowNode) -> tuple[int, int, str]:
    return node.position, node.variant.index if node.variant else -1, node.node_id


def _rank(node: WorkflowNode) -> tuple[bool, tuple[int, int, str]]:
    return node.result is not Result.FAILURE, _place(node)


def _skipped_by(nodes: Sequence[WorkflowNode]) -> dict[str, list[WorkflowNode]]:
    """For a job or node, the nodes that were skipped since they needed it, in the run's order."""
    found: dict[str, list[WorkflowNode]] = {}
    for node in sorted(nodes, key=_place):
        if node.status is NodeStatus.SKIPPED and node.reason is not None and node.reason.code is Reason.NEEDS:
            for name in node.reason.jobs or node.needs:
                found.setdefault(name, []).append(node)
    return found


def _blocked(node: WorkflowNode, skipped_by: dict[str, list[WorkflowNode]]) -> list[str]:
    """The nodes that did not run because of this one, directly or down the chain."""
    if node.result not in _STOPPED:
        return []
    blocked: dict[str, None] = {}
    looked_at: set[str] = set()
    ahead = [node.node_id, node.job]
    for name in ahead:
        if name in looked_at:
            continue
        looked_at.add(name)
        for skipped in skipped_by.get(name, ()):
            blocked[skipped.node_id] = None
            ahead += (skipped.node_id, skipped.job)
        if len(blocked) >= _MOST_BLOCKED:
            break
    return list(blocked)[:_MOST_BLOCKED]


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 3)
