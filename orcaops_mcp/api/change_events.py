"""Changes as server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from orcaops_mcp.api.lines import event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

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
            event(change.kind, change.content, feed.place(change.number))
            for change in fresh
            if (not ids or _is_about(change, ids)) and (not kinds or change.kind in kinds)
        )
        if told:
            yield told
        await anyio.sleep(_PAUSE_S)


def _is_about(change: Change, ids: frozenset[str]) -> bool:
    """Whether a change is one of these jobs and runs, or of a job of these runs."""
    return change.run_id in ids or change.part_of in ids
