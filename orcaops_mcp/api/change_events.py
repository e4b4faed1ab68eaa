"""Changes as server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import anyio

from core import JobChanged, LogGrew, NodeChanged, ProgressChanged, WorkflowChanged
from orcaops_mcp.api.lines import event
from orcaops_mcp.views.history import job_row
from orcaops_mcp.views.workflow_run import node_row, run_row

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core import EngineEvent
    from orcaops_mcp.api.feed import Change, ChangeFeed
    from orcaops_mcp.api.models.log import ChangesQuery

_PAUSE_S: Final = 0.1


async def changes_of(feed: ChangeFeed, query: ChangesQuery, last_event_id: str | None) -> AsyncGenerator[bytes]:
    """Every change that is wanted, as it happens, for ever.

    Args:
        feed: Where changes are told.
        query: Which are wanted.
        last_event_id: Of the last event the reader has; what came since is told first.
    """
    known = feed.number_of(last_event_id) if last_event_id else feed.number
    number = feed.number if known is None else known
    ids, kinds = frozenset((*query.job_id, *query.workflow_id)), frozenset(query.kind)
    yield event("reset", {}, feed.place(number)) if known is None else b": changes follow\n\n"
    while True:
        await feed.wait(number)
        fresh = feed.since(number)
        number = feed.number
        told = b"".join(
            event(change.kind, _content(change.event), feed.place(change.number))
            for change in fresh
            if (not ids or _is_about(change, ids)) and (not kinds or change.kind in kinds)
        )
        if told:
            yield told
        await anyio.sleep(_PAUSE_S)


def _is_about(change: Change, ids: frozenset[str]) -> bool:
    """Whether a change is one of these jobs and runs, or of a job of these runs."""
    if change.run_id in ids:
        return True
    happened = change.event
    node = happened.job.workflow if isinstance(happened, JobChanged) else None
    return node is not None and node.workflow_id in ids


def _content(happened: EngineEvent) -> dict[str, Any]:
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
