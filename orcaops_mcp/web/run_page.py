"""What the page of a run shows: what it is, how it goes, what broke it, and how long it will take yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from core import Result, Sureness, WorkflowNotFoundError, run_document, service_document
from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.views.workflow import finite
from orcaops_mcp.views.workflow_run import node_view
from orcaops_mcp.web.run_timeline import node_address, timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core import (
        Engine,
        NodeFailure,
        RunEstimate,
        WorkflowAttempt,
        WorkflowNode,
        WorkflowRun,
        WorkflowStatus,
        WorkflowSummary,
    )
    from orcaops_mcp.web.run_timeline import Timeline

MOST_LISTED: Final = 500
"""Nodes in the table of jobs; of more there are pages."""
_SURENESS: Final = {
    Sureness.GOOD: "sure: all jobs are known and took about as long each time",
    Sureness.FAIR: "fairly sure: most jobs are known",
    Sureness.POOR: "a guess: little is known of these jobs",
}
_EXCERPT_BYTES: Final = 1024
_NEEDS: Final = 12
_MOST_WARNINGS: Final = 50
_MANY: Final = 1000
_SLOW_PACE_MS: Final = 5000
"""A page of many nodes is worth some work, and is not made anew each second."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An attempt of a run, as a page looks at it.

    Attributes:
        run: With its present attempt.
        nodes: Of the attempt that is looked at.
        attempts: All of them.
        attempt: The one that is looked at.
    """

    run: WorkflowRun
    nodes: tuple[WorkflowNode, ...]
    attempts: tuple[WorkflowAttempt, ...]
    attempt: WorkflowAttempt

    @property
    def is_present(self) -> bool:
        """Whether it is the run's last attempt."""
        return self.attempt.number == self.run.attempt

    @property
    def status(self) -> WorkflowStatus:
        """How that attempt stands."""
        return self.run.status if self.is_present else self.attempt.status

    @property
    def is_finished(self) -> bool:
        """Whether that attempt has ended."""
        return self.status.is_terminal


async def look_at(engine: Engine, workflow_id: str, attempt: int | None) -> Seen:
    """A run with the nodes of one of its attempts.

    Raises:
        WorkflowNotFoundError: There is no such run, or it has no such attempt.
    """
    run, nodes = await engine.workflow_state(workflow_id)
    attempts = await engine.workflow_attempts(workflow_id)
    number = attempt or run.attempt
    found = next((each for each in attempts if each.number == number), None)
    if found is None:
        raise WorkflowNotFoundError(f"{workflow_id} has no attempt {number}.", hint=f"It has {len(attempts)}.")
    if number != run.attempt:
        nodes = await engine.workflow_nodes(workflow_id, attempt=number)
    return Seen(run, nodes, attempts, found)


async def page_facts(engine: Engine, seen: Seen, *, first: int | None = None) -> dict[str, Any]:
    """Everything the page of a run shows.

    Args:
        engine: Has the rest.
        seen: The attempt.
        first: Where the table of jobs begins, in the run's order; None for its beginning, or of many nodes for those
            that failed or run.
    """
    run, own = seen.run, seen.attempt
    has_failed = any(node.result is Result.FAILURE for node in seen.nodes)
    summary = None
    if has_failed or any(service.result.status in {"failed", "exited", "lost"} for service in run.services):
        summary = await engine.workflow_summary(run.workflow_id, attempt=own.number, max_bytes=_EXCERPT_BYTES)
    estimate = None
    if seen.is_present and not seen.is_finished:
        estimate = await engine.estimate_workflow(run.workflow_id, nodes=seen.nodes)
    return {
        **header_facts(seen),
        "matrices": _matrices(seen.nodes),
        "critical": [each.node_id for each in run.critical_path] if seen.is_present else [],
        "trouble": _trouble(summary, seen) if summary is not None else None,
        "estimate": _estimate(estimate) if estimate is not None else None,
        "timeline": await _timeline(engine, seen),
        "jobs": [_job(run.workflow_id, node, seen, estimate) for node in _listed(seen.nodes, first)],
        "jobs_first": first,
        "most_listed": MOST_LISTED,
        "nodes": len(seen.nodes),
        "pace_ms": _SLOW_PACE_MS if len(seen.nodes) > _MANY else 0,
        "services": [
            {**service_document(each.result), "log": _log_of(run.workflow_id, each.result.service_id)}
            for each in run.services
            if seen.is_present
        ],
        "inputs": values(run.inputs),
        "outputs": values(run.outputs) if seen.is_present else [],
        "warnings": len(run.warnings) if seen.is_present else 0,
        "told_warnings": Counter(str(each.get("message", "")) for each in run.warnings).most_common(_MOST_WARNINGS),
    }


def header_facts(seen: Seen) -> dict[str, Any]:
    """What every page about a run shows at its top."""
    run, number = seen.run, seen.attempt.number
    started, finished = seen.attempt.started_at, seen.attempt.finished_at
    took = (finished - started).total_seconds() if started is not None and finished is not None else None
    return {
        "run": run_document(run),
        "standing": seen.status.value,
        "attempt": number,
        "attempts": len(seen.attempts),
        "is_present": seen.is_present,
        "is_finished": seen.is_finished,
        "can_rerun_failed": run.is_finished and any(_counts_as_failed(node) for node in seen.nodes),
        "selection": seen.attempt.selection,
        "started_at": started,
        "duration_s": took,
        "by": seen.attempt.submitted_by,
        "actor": seen.attempt.actor,
        "suffix": "" if seen.is_present else f"?attempt={number}",
        "topics": f"workflow:{run.workflow_id}",
    }


def values(given: Mapping[str, object]) -> list[tuple[str, str]]:
    """Values by name as texts: a text as it is, all else as JSON."""
    return [(name, each if isinstance(each, str) else compact_json(finite(each))) for name, each in given.items()]


def reason_text(told: Mapping[str, Any] | None) -> str:
    """A reason of a view in words."""
    if not told:
        return ""
    text = str(told.get("text") or "") or str(told.get("code") or "").replace("-", " ")
    named = [str(job) for job in told.get("jobs") or () if str(job) not in text]
    return f"{text} ({', '.join(named[:_NEEDS])})" if named else text


def _counts_as_failed(node: WorkflowNode) -> bool:
    return node.result in {Result.FAILURE, Result.CANCELLED} or (
        node.result is Result.SKIPPED and node.reason is not None
    )


def _listed(nodes: Sequence[WorkflowNode], first: int | None) -> Sequence[WorkflowNode]:
    if first is not None or len(nodes) <= MOST_LISTED:
        return nodes[first or 0 :][:MOST_LISTED]
    urgent = [node for node in nodes if node.result is Result.FAILURE or node.status == "running"]
    others = [node for node in nodes if not (node.result is Result.FAILURE or node.status == "running")]
    return [*urgent, *others][:MOST_LISTED]


def _job(workflow_id: str, node: WorkflowNode, seen: Seen, estimate: RunEstimate | None) -> dict[str, Any]:
    told = node_view(node)
    attempt = None if seen.is_present else seen.attempt.number
    usual = estimate.usual.get(node.node_id) if estimate is not None and not node.is_finished else None
    return {
        **told,
        "href": f"/jobs/{node.job_id}" if node.job_id is not None and node.tries else None,
        "page": node_address(workflow_id, node.node_id, attempt),
        "needs_text": _joined(node.needs),
        "remark": _remark(told),
        "usual_s": usual.likely_s if usual is not None else None,
        "is_finished": node.is_finished,
    }


def _remark(told: Mapping[str, Any]) -> str:
    """Why a node stands as it does, in a few words."""
    kept = told["kept_from"]
    if kept is not None:
        by_hand = f"given by {kept['by']}" if kept["by"] else "given by hand"
        return by_hand if kept["manual"] else f"kept from attempt {kept['attempt']}"
    failure = told["failure"]
    parts = [
        "tolerated" if told["tolerated"] else "",
        str(failure["message"]) if failure else reason_text(told["reason"]),
        f"try {len(told['attempts'])}" if len(told["attempts"]) > 1 else "",
        "stopping" if told["cancel_requested_at"] and told["finished_at"] is None else "",
    ]
    return "; ".join(filter(None, parts))


def _joined(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NEEDS} more" if len(names) > _NEEDS else ""
    return ", ".join(names[:_NEEDS]) + more


def _matrices(nodes: Sequence[WorkflowNode]) -> list[dict[str, Any]]:
    """Of each matrix job how many variants passed, and of those under way how many have ended."""
    found: dict[str, list[WorkflowNode]] = {}
    for node in nodes:
        if node.variant is not None:
            found.setdefault(node.job, []).append(node)
    return [
        {"job": job, "passed": sum(node.status == "success" for node in variants), "total": len(variants)}
        for job, variants in found.items()
    ]


def _trouble(summary: WorkflowSummary, seen: Seen) -> dict[str, Any]:
    """The banner: what failed first in front, each with the way to the line that says so."""
    skipped = sum(node.status == "skipped" for node in seen.nodes)
    return {
        "failures": [_failure(each, seen) for each in summary.failures],
        "more": summary.more_failures,
        "skipped": skipped,
        "services": [
            {"id": sick.result.service_id, "status": sick.result.status, "message": sick.result.message}
            for sick in summary.sick_services
        ],
    }


def _failure(failure: NodeFailure, seen: Seen) -> dict[str, Any]:
    node = failure.node
    cause = failure.job.diagnosis.cause if failure.job is not None else None
    line = cause.line if cause is not None and cause.line else None
    job = f"/jobs/{node.job_id}" if node.job_id is not None and node.tries else None
    return {
        "name": node.name or node.node_id,
        "said": str(node.failure.message) if node.failure is not None else "failed",
        "headline": cause.headline if cause is not None and (line or node.failure is None) else "",
        "href": f"{job}#L{line}" if job and line else job or node_address(seen.run.workflow_id, node.node_id),
        "line": line,
        "blocked": len(failure.blocked),
        "tail": list(node.tail),
    }


def _estimate(estimate: RunEstimate) -> dict[str, Any]:
    return {
        "percent": round(estimate.progress * 100),
        "remaining_s": estimate.remaining_s,
        "least_s": estimate.least_s,
        "most_s": estimate.most_s,
        "sureness": _SURENESS[estimate.sureness] if estimate.sureness is not None else "",
        "runs": estimate.runs,
        "known": estimate.known_nodes,
        "open": estimate.open_nodes,
    }


async def _timeline(engine: Engine, seen: Seen) -> Timeline | None:
    """None before anything has begun."""
    began_at = seen.attempt.started_at
    if began_at is None:
        return None
    jobs = await engine.workflow_jobs(seen.run.workflow_id)
    now = None if seen.is_finished else datetime.now(UTC)
    return timeline(seen.run.workflow_id, seen.nodes, jobs, began_at, now=now)


def _log_of(workflow_id: str, service_id: str) -> str:
    return f"/workflows/{workflow_id}/log?service={quote(service_id, safe='')}"
