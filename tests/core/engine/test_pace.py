"""How long who was refused is told to wait."""

from __future__ import annotations

import pytest

from core.engine.pace import Pace
from core.errors import QueueFullError
from core.testing.clock import MovingClock


def test_the_wait_is_what_a_place_has_lately_taken_to_come_free() -> None:
    clock = MovingClock()
    pace = Pace(clock)
    for _ in range(30):
        clock.advance(5)
        pace.note()
    assert pace.next_s == 5
    for _ in range(30):
        clock.advance(10)
        pace.note()
    assert pace.next_s == 10


def test_the_longer_nothing_comes_free_the_longer_is_the_wait_up_to_a_minute() -> None:
    clock = MovingClock()
    pace = Pace(clock)
    waits: list[float] = []
    for _ in range(4):
        waits.append(pace.next_s)
        clock.advance(30)
    assert waits == [1, 30, 60, 60]


def test_a_refusal_says_when_to_try_again() -> None:
    clock = MovingClock()
    pace = Pace(clock)
    clock.advance(7)
    with pytest.raises(QueueFullError) as refused, pace.telling():
        raise QueueFullError
    assert refused.value.retry_after_s == 7
