"""A log as server-sent events."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from core import LogCursor
from orcaops_mcp.api.follow import end_id, end_view, paced
from orcaops_mcp.api.lines import event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core import Engine
    from orcaops_mcp.api.follow import Start
    from orcaops_mcp.api.lines import LineFilter, LineFrames


async def events_of(
    engine: Engine, job_id: str, start: Start, wanted: LineFilter, frames: LineFrames
) -> AsyncGenerator[bytes]:
    """The lines that are wanted as they come, and the end.

    Args:
        engine: Whose log.
        job_id: Which job's.
        start: Where to begin.
        wanted: Which lines.
        frames: Makes the events.
    """
    place = start.cursor or LogCursor(1, 1)
    yield b": the log follows\n\n"  # so that the reader knows at once that it is connected
    async with aclosing(paced(engine, job_id, start)) as parts:
        async for part in parts:
            place = LogCursor(part.attempt, part.lines[-1].number + 1)
            if text := frames.of(part, wanted):
                yield text
    yield event("end", end_view(await engine.get_job(job_id)), end_id(place))
