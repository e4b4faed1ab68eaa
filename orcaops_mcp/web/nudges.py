"""Nudges: which of the things that a page shows have changed. The page then fetches itself again.

Nothing of a record is sent, and nothing is remembered: a page that was away is nudged when it comes back.
"""

from __future__ import annotations

import json
import secrets
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import anyio

from core import JobChanged, LogGrew, NodeChanged, ProgressChanged, WorkflowChanged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core import Engine, EngineEvent

MOST_TOPICS: Final = 20
"""As many may one page follow."""
_PAUSE_S: Final = 0.5
_PING_S: Final = 15.0
_LISTS: Final = frozenset({"jobs", "workflows"})
_KINDS: Final = frozenset({"job", "workflow", "log"})


def is_topic(topic: str) -> bool:
    """Whether there is such a topic."""
    kind, colon, about = topic.partition(":")
    return topic in _LISTS or (kind in _KINDS and bool(colon) and about.replace("_", "").isalnum() and len(about) < 80)


async def nudges(engine: Engine, wanted: frozenset[str]) -> AsyncGenerator[bytes]:
    """Server-sent events ``{topics}``, for ever.

    Args:
        engine: Whose news they are.
        wanted: The topics that the page follows.
    """
    era, number = secrets.token_hex(4), 0
    yield b"retry: 2000\n: nudges follow\n\n"
    async with aclosing(_changes(engine, wanted)) as changes:
        async for changed in changes:
            if changed:
                number += 1
                data = json.dumps({"topics": sorted(changed)}, separators=(",", ":"))
                yield f"id: {era}-{number}\nevent: nudge\ndata: {data}\n\n".encode()
            else:
                yield b": ping\n\n"


async def _changes(engine: Engine, wanted: frozenset[str]) -> AsyncGenerator[set[str]]:
    """What changed of what is wanted, gathered; nothing when there was nothing for a while."""
    ids = None if wanted & _LISTS else {topic.partition(":")[2] for topic in wanted}
    with engine.subscribe(ids) as news:
        while True:
            changed: set[str] = set()
            with anyio.move_on_after(_PING_S):
                while not changed:
                    await news.wait()
                    changed = {topic for event in news.take() for topic in _topics_of(event)} & wanted
            yield changed
            await anyio.sleep(_PAUSE_S)


def _topics_of(event: EngineEvent) -> tuple[str, ...]:
    match event:
        case JobChanged(job=job):
            run = (f"workflow:{job.workflow.workflow_id}",) if job.workflow else ()
            return ("jobs", f"job:{job.job_id}", *run)
        case WorkflowChanged(run=run):
            return ("workflows", f"workflow:{run.workflow_id}")
        case NodeChanged(node=node):
            return ("workflows", f"workflow:{node.workflow_id}")
        case LogGrew(job_id=job_id):
            return (f"log:{job_id}",)
        case ProgressChanged(job_id=job_id):
            return (f"job:{job_id}",)
