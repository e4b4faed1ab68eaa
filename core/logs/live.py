"""A log that is being written or waited for: who is told that it grew, and when."""

from __future__ import annotations

from functools import cached_property
from threading import get_ident
from typing import TYPE_CHECKING, Final, Self

import anyio

from core.logs.recorder import LogGrowth

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from core.logs.reader import LogSlice
    from core.logs.recorder import LogRecorder

_NOTICE_EVERY_S: Final = 0.02


class LiveLog:
    """What the event loop knows of one log while somebody attends to it, who enters it as a context.

    Args:
        lives: Where it stands as long as it is attended to.
        key: Under which key.

    Attributes:
        recorder: Writes it.
        on_growth: Told of lines and steps, on the event loop.
        ended: Whether nothing will follow.
        version: Counts growths; set by the writing thread.
        notice_due: Whether there is something that was not told yet.
        recent: What was read last: the first line, the version and the lines.
    """

    def __init__(self, lives: dict[tuple[str, int], LiveLog], key: tuple[str, int]) -> None:
        self.recorder: LogRecorder | None = None
        self.on_growth: Callable[[LogGrowth], None] | None = None
        self.ended = False
        self.version = 0
        self.notice_due = False
        self.recent: tuple[int, int, LogSlice] | None = None
        self._lives, self._key = lives, key
        self._attending = 0
        self._thread = get_ident()
        self._lines = 0
        self._step_changes = 0  # counts; set by the writing thread
        self._step_changes_told = 0
        self._noticed_at = 0.0
        self._grown: anyio.Event | None = None  # most logs grow with nobody waiting

    def __enter__(self) -> Self:
        """Attend to it."""
        self._attending += 1
        self._lives[self._key] = self
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Attend to it no more."""
        self._attending -= 1
        if not self._attending and self._lives.get(self._key) is self:
            del self._lives[self._key]

    @property
    def grown(self) -> anyio.Event:
        """Set at the next growth."""
        if self._grown is None:
            self._grown = anyio.Event()
        return self._grown

    @cached_property
    def reading(self) -> anyio.Lock:
        """Held by the one who reads for all."""
        return anyio.Lock()

    def grew(self, loop: asyncio.AbstractEventLoop, growth: LogGrowth) -> None:
        """Take notice of a growth; runs in the writing thread, which may be the loop's own."""
        self.version += 1
        self._lines = growth.lines
        self._step_changes += growth.steps_changed
        if not self.notice_due:
            self.notice_due = True
            call_soon = loop.call_soon if get_ident() == self._thread else loop.call_soon_threadsafe
            call_soon(self._notice, loop)

    def _notice(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake the readers, but not more often than every 20 ms."""
        due_at = self._noticed_at + _NOTICE_EVERY_S
        if loop.time() < due_at:
            loop.call_at(due_at, self._wake_on_time, loop)
        else:
            self._wake_on_time(loop)

    def _wake_on_time(self, loop: asyncio.AbstractEventLoop) -> None:
        self._noticed_at = loop.time()
        self.wake()

    def wake(self) -> None:
        """Have those look again who wait for it to grow, and tell what was not told yet."""
        if self.notice_due:
            self.notice_due = False
            told, self._step_changes_told = self._step_changes_told, self._step_changes
            if self.on_growth is not None:
                self.on_growth(LogGrowth(self._lines, self._step_changes_told != told))
        if self._grown is not None:
            self._grown.set()
            self._grown = None
