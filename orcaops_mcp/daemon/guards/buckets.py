"""Counting what callers do, in memory that is bounded however many of them there are."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

    from core import Clock

_MOST_KEYS: Final = 4096


@dataclass(slots=True)
class _Level:
    value: float
    at: float


class Buckets:
    """A bucket of allowances a key, that fills up again at a steady rate.

    The keys used longest ago are forgotten when there are too many; to them it is as if they came for the first time.

    Args:
        per_s: How fast a bucket fills.
        most: What a full one holds.
        clock: Tells the time.
    """

    def __init__(self, per_s: float, most: float, clock: Clock) -> None:
        self._per_s = per_s
        self._most = float(most)
        self._clock = clock
        self._levels: OrderedDict[Hashable, _Level] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._levels)

    def take(self, key: Hashable) -> float:
        """Take one allowance.

        Returns:
            0 if there was one, or else the seconds until there will be.
        """
        level = self._level(key)
        if level.value < 1:
            return (1 - level.value) / self._per_s
        level.value -= 1
        return 0

    def _level(self, key: Hashable) -> _Level:
        now = self._clock.monotonic()
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = _Level(self._most, now)
            if len(self._levels) > _MOST_KEYS:
                self._levels.popitem(last=False)
            return level
        self._levels.move_to_end(key)
        level.value = min(self._most, level.value + (now - level.at) * self._per_s)
        level.at = now
        return level


class Backoff:
    """Waiting times that double with each failure, once a number of failures was free.

    Half of what is held against a key is forgotten every ten minutes without a failure.

    Args:
        free: Failures that cost nothing.
        clock: Tells the time.
    """

    FIRST_S: Final = 1.0
    LONGEST_S: Final = 60.0
    _HALF_LIFE_S: Final = 600.0
    _DOUBLINGS: Final = 7

    def __init__(self, free: int, clock: Clock) -> None:
        self._free = free
        self._clock = clock
        self._failures: OrderedDict[Hashable, _Level] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._failures)

    def fail(self, key: Hashable) -> float:
        """Note a failure.

        Returns:
            Seconds until the key should try again; 0 while failures are free.
        """
        now = self._clock.monotonic()
        held = self._failures.setdefault(key, _Level(0, now))
        self._failures.move_to_end(key)
        if len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)
        kept = held.value * 0.5 ** ((now - held.at) / self._HALF_LIFE_S)
        held.value, held.at = min(self._free + self._DOUBLINGS, kept + 1), now
        over = held.value - self._free
        return 0 if over <= 0 else min(self.LONGEST_S, self.FIRST_S * 2 ** (over - 1))
