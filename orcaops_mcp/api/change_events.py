"""Changes as server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import anyio

from core import JobChanged, LogGrew
from orcaops_mcp.api.lines import event
from orcaops_mcp.views.history import job_row

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core import JobNews
    from orcaops_mcp.api.feed import ChangeFeed
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
    job_ids, kinds = frozenset(query.job_id), frozenset(query.kind)
    yield event("reset", {}, feed.place(number)) if known is None else b": changes follow\n\n"
    while True:
        await feed.wait(number)
        fresh = feed.since(number)
        number = feed.number
        told = b"".join(
            event(change.kind, _content(change.event), feed.place(change.number))
            for change in fresh
            if (not job_ids or change.job_id in job_ids) and (not kinds or change.kind in kinds)
        )
        if told:
            yield told
        await anyio.sleep(_PAUSE_S)


def _content(happened: JobNews) -> dict[str, Any]:
    if isinstance(happened, JobChanged):
        return job_row(happened.job) | {"status_changed": happened.status_changed}
    if isinstance(happened, LogGrew):
        return {"job_id": happened.job_id, "attempt": happened.attempt, "lines": happened.lines}
    return {"job_id": happened.job_id, "text": happened.text}
