"""What is told of a change: rows of lists, as small as they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import JobChanged, LogGrew, NodeChanged, ProgressChanged, WorkflowChanged
from orcaops_mcp.views.history import job_row
from orcaops_mcp.views.workflow_run import node_row, run_row

if TYPE_CHECKING:
    from core import EngineEvent


def content_of(happened: EngineEvent) -> dict[str, Any]:
    """The data of the event that tells of a piece of the engine's news."""
    match happened:
        case JobChanged(job=job, status_changed=moved):
            return job_row(job) | {"status_changed": moved}
        case WorkflowChanged(run=run, status_changed=moved):
            return run_row(run) | {"status_changed": moved}
        case NodeChanged(node=node, status_changed=moved):
            return {"workflow_id": node.workflow_id, **node_row(node), "status_changed": moved}
        case LogGrew(job_id=job_id, attempt=attempt, lines=lines):
            return {"job_id": job_id, "attempt": attempt, "lines": lines}
        case ProgressChanged(job_id=job_id, text=text):
            return {"job_id": job_id, "text": text}
