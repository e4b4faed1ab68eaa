"""Waiting for whichever comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from core.clock import Clock


async def sleep_or_event(clock: Clock, seconds: float | None, event: anyio.Event) -> bool:
    """Wait for an event, or for so long on a clock.

    Args:
        clock: Whose seconds.
        seconds: None waits for the event alone.
        event: What may come first.

    Returns:
        Whether the event came.
    """
    if seconds is None:
        await event.wait()
    elif not event.is_set():
        async with anyio.create_task_group() as tasks:

            async def sleep() -> None:
                await clock.sleep(seconds)
                tasks.cancel_scope.cancel()

            tasks.start_soon(sleep)
            await event.wait()
            tasks.cancel_scope.cancel()
    return event.is_set()
