"""How a run ends, all of whose nodes have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.engine.workflow.calls import file_outputs
from core.lifecycle.workflow import Reason, Result, WorkflowEvent
from core.plan.graph import critical_path
from core.plan.rollup import RunStatus, run_status
from core.records.workflow import CriticalNode
from core.records.workflow_node import NodeReason

if TYPE_CHECKING:
    from core.engine.workflow.live import LiveFrame, LiveJob
    from core.engine.workflow.live_run import LiveRun
    from core.records.workflow import WorkflowRun
    from core.store.workflow_rows import RunFields

_EVENTS: Final = {
    RunStatus.SUCCESS: WorkflowEvent.SUCCEED,
    RunStatus.PARTIAL: WorkflowEvent.SUCCEED_PARTLY,
    RunStatus.FAILED: WorkflowEvent.FAIL,
    RunStatus.CANCELLED: WorkflowEvent.CANCEL,
}


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ends.

    Attributes:
        event: What moves it.
        why: In words, for the audit trail.
        fields: What is known of it then.
    """

    event: WorkflowEvent
    why: str
    fields: RunFields


def run_end(live: LiveRun) -> RunEnd:
    """How a run ends, all of whose nodes have."""
    run, file = live.run, live.file
    outputs = file_outputs(file)
    status = _status(run, file)
    warnings = (*run.warnings, *({"message": message} for message in (*live.warnings, *outputs.warnings)))
    reason = run.reason
    if status is RunStatus.CANCELLED and reason is None:
        reason = cancel_reason(run)
    fields: RunFields = {
        "outputs": {name: live.progress.mask(value) for name, value in outputs.values.items()},
        "warnings": warnings,
        "reason": reason,
        "critical_path": _critical(file),
    }
    return RunEnd(_EVENTS[status], reason.text if reason is not None else "", fields)


def cancel_reason(run: WorkflowRun) -> NodeReason:
    """Why a run is being cancelled, in words."""
    request = run.cancel
    if request is None:
        return NodeReason(Reason.CANCELLED, "the run was cancelled")
    said = f": {request.reason}" if request.reason else ""
    return NodeReason(Reason.CANCELLED, f"the run was cancelled by {request.by}{said}")


def _status(run: WorkflowRun, file: LiveFrame) -> RunStatus:
    jobs = file.jobs.values()
    ordinary = [job.ending for job in jobs if job.ending is not None and not job.spec.is_finally]
    last = [job.ending for job in jobs if job.ending is not None and job.spec.is_finally]
    is_timed_out = run.reason is not None and run.reason.code is Reason.TIMEOUT
    was_stopped = any(ending.result is Result.CANCELLED for ending in (*ordinary, *last))
    is_cancelled = run.cancel is not None and was_stopped and not is_timed_out
    return run_status(ordinary, last, is_cancelled=is_cancelled, is_timed_out=is_timed_out)


def _critical(file: LiveFrame) -> tuple[CriticalNode, ...]:
    """The chain of nodes that decided how long it took."""
    spans = {name: _span(job) for name, job in file.jobs.items()}
    found = critical_path(file.frame.graph, {name: seconds for name, (_, seconds) in spans.items()})
    return tuple(CriticalNode(*spans[name]) for name in found.jobs if spans[name][1] > 0)


def _span(job: LiveJob) -> tuple[str, float]:
    """The node of a job that ended last, and how long the job took."""
    ran = [node.record for node in job.nodes if node.record.started_at is not None]
    times = [(record.finished_at, record) for record in ran if record.finished_at is not None]
    starts = [record.started_at for record in ran if record.started_at is not None]
    if not times or not starts:
        return job.nodes[0].id, 0.0
    end, last = max(times, key=lambda pair: pair[0])
    return last.node_id, max(0.0, (end - min(starts)).total_seconds())
