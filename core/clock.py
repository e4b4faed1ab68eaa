"""Time, in one place.

Records hold aware UTC datetimes, the store holds microseconds since the epoch, deadlines inside a running
process use the monotonic clock. Code that asks for the time takes a `Clock`, so that a test can move it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, overload

import anyio

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Clock(Protocol):
    """What the engine asks for the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of this clock."""
        ...

    async def wait(self, event: anyio.Event, seconds: float) -> None:
        """Wait for an event, but no longer than ``seconds`` of this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""
        await anyio.sleep(max(0.0, seconds))

    async def wait(self, event: anyio.Event, seconds: float) -> None:
        """Wait for an event, but no longer than ``seconds``."""
        with anyio.move_on_after(seconds):
            await event.wait()


@overload
def to_microseconds(moment: datetime) -> int: ...


@overload
def to_microseconds(moment: datetime | None) -> int | None: ...


def to_microseconds(moment: datetime | None) -> int | None:
    """Microseconds since the epoch, as the store keeps times."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The aware UTC datetime that `to_microseconds` made ``value`` from."""
    return _EPOCH + timedelta(microseconds=value)


@overload
def time_text(moment: datetime) -> str: ...


@overload
def time_text(moment: datetime | None) -> str | None: ...


def time_text(moment: datetime | None) -> str | None:
    """A moment as RFC 3339 in UTC with milliseconds, such as ``2026-01-02T03:04:05.678Z``."""
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat('T', 'milliseconds')[:-6]}Z"  # without +00:00
