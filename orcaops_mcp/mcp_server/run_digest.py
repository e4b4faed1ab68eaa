"""Why a workflow's run failed, in as few words as explain it: the first cause in full, the others in short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core import node_document
from orcaops_mcp.mcp_server.digest import evidence, sick_services
from orcaops_mcp.mcp_server.run_report import node_brief, run_brief
from orcaops_mcp.mcp_server.untrusted import one_line
from orcaops_mcp.mcp_server.within import within
from orcaops_mcp.views.job import step_brief

if TYPE_CHECKING:
    from core import NodeFailure, StillNode, WorkflowSummary

_NAMED: Final = 10
_MATRICES: Final = 20
_SICK: Final = 3
_STILL_BYTES: Final = 2048


def run_digest(summary: WorkflowSummary, max_bytes: int) -> dict[str, Any]:
    """What `core` found out about a run, for a model.

    Args:
        summary: What was found.
        max_bytes: Most log text.
    """
    run = summary.run
    brief = run_brief(run)
    content: dict[str, Any] = {
        name: brief[name] for name in ("workflow_id", "status", "attempt", "summary", "reason", "failure")
    }
    content["services"] = sick_services(summary.sick_services[:_SICK], max_bytes // 4)
    if not (summary.failures or summary.sick_services) and run.failure is None:
        content["note"] = _no_failure(summary)
        content["did_not_run"] = _still(summary.still)
        return content
    shares = [max_bytes // 2 if len(summary.failures) > 1 else max_bytes]
    shares += [max_bytes // 2 // max(1, len(summary.failures) - 1)] * (len(summary.failures) - 1)
    content["failed"] = [_failed(each, share) for each, share in zip(summary.failures, shares, strict=True)]
    content["more_failed"] = summary.more_failures or None
    content["matrix"] = dict(list(summary.matrices.items())[:_MATRICES])
    content["did_not_run"] = _still(summary.still)
    content["did_not_run_more"] = summary.more_still or None
    content["next"] = _advice(summary)
    return content


def _failed(failure: NodeFailure, max_bytes: int) -> dict[str, Any]:
    node = node_brief(node_document(failure.node, failure.blocked))
    told: dict[str, Any] = {"node": node.pop("id"), **node}
    job = failure.job
    if job is None:
        return told
    told["step"] = step_brief(job.step) if job.step else None
    told["services"] = sick_services(job.sick_services, max_bytes // 2)
    return told | evidence(job, max_bytes)


def _still(nodes: tuple[StillNode, ...]) -> list[dict[str, Any]]:
    return within(
        [
            {"id": node.node_id, "status": node.status.value, "because": one_line(node.because, 300)}
            for node in nodes[:_NAMED]
        ],
        _STILL_BYTES,
    )


def _no_failure(summary: WorkflowSummary) -> str:
    run = summary.run
    if not run.is_finished:
        return f"The run has not failed so far: it is {run.status.value}."
    return f"No node of it failed: it ended as {run.status.value}."


def _advice(summary: WorkflowSummary) -> str:
    workflow_id = summary.run.workflow_id
    if not summary.run.is_finished:
        return f'The run goes on: orcaops_wait(ids=["{workflow_id}"]).'
    cause = summary.cause
    if cause is None or cause.job is None:
        return f'Mend the file, then orcaops_rerun(id="{workflow_id}", changes={{"edits":[{{"old":"…","new":"…"}}]}}).'
    node = one_line(cause.node.node_id)
    return (
        f'Mend the cause, then orcaops_rerun(id="{workflow_id}", from="failed", '
        f'changes={{"edits":[{{"old":"…","new":"…"}}]}}) keeps what succeeded; '
        f'more of the log: orcaops_stream_logs(id="{workflow_id}/{node}", grep="…", context=5).'
    )
