"""Waiting for whichever comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from core.clock import Clock

Result = TypeVar("Result")


class Bell:
    """Rung by whoever has news; only who listens makes an event for it.

    To lose nothing a listener takes a fresh event first, looks at what there is, and waits then.
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def ring(self) -> None:
        """Set the event that was taken last, if one was."""
        if self._event is not None:
            self._event.set()

    def listen(self) -> anyio.Event:
        """What the next ring sets."""
        self._event = anyio.Event()
        return self._event


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
        await clock.wait(event, seconds)
    return event.is_set()


async def all_at_once(calls: Iterable[Callable[[], Awaitable[Result]]]) -> list[Result]:
    """Do several things at once; the first error ends the others, and is raised as it is.

    Returns:
        What each returned, in their order.
    """
    waiting = list(calls)
    results: dict[int, Result] = {}
    failures: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def run(number: int) -> None:
            try:
                results[number] = await waiting[number]()
            except Exception as error:  # noqa: BLE001 -- raised again below: a task group would wrap it
                failures.append(error)
                tasks.cancel_scope.cancel()

        for number in range(len(waiting)):
            tasks.start_soon(run, number)
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(waiting))]


async def unless(event: anyio.Event, act: Callable[[], Awaitable[Result]]) -> Result | None:
    """Do something that may take long, but no longer than until an event; its own error is raised as it is.

    Returns:
        What it returned; None if the event came.
    """
    done: list[Result] = []
    failures: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await event.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(give_up)
        try:
            done.append(await act())
        except Exception as error:  # noqa: BLE001 -- raised again below: a task group would wrap it
            failures.append(error)
        tasks.cancel_scope.cancel()
    if event.is_set():
        return None
    if failures:
        raise failures[0]
    return done[0]


async def whole(act: Callable[[], Awaitable[Result]]) -> Result:
    """Do something short to its end, also if whoever waits for it is cancelled meanwhile."""
    done: list[Result] = []
    with anyio.CancelScope(shield=True):
        done.append(await act())
    return done[0]
