"""Counting callers in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.testing.clock import MovingClock
from orcaops_mcp.daemon.guards.buckets import Backoff, Buckets

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.hostile("B15")
def test_ten_thousand_callers_and_wrong_tokens_leave_no_more_than_a_few_thousand_behind() -> None:
    clock = MovingClock()
    buckets, backoff = Buckets(1, 5, clock), Backoff(3, clock)
    for number in range(10_000):
        buckets.take(number)
        backoff.fail(number)
        backoff.fail("always the same")
    assert len(buckets) == len(backoff) == 4096
    assert backoff.fail("always the same") == Backoff.LONGEST_S


@given(st.lists(st.floats(0, 30), max_size=60))
def test_no_caller_gets_more_than_the_burst_and_the_rate(pauses: Sequence[float]) -> None:
    clock = MovingClock()
    buckets = Buckets(2, 5, clock)
    taken = 0
    for pause in pauses:
        clock.advance(pause)
        wait_s = buckets.take("one")
        taken += not wait_s
        assert 0 <= wait_s <= 0.5
        assert taken <= 5 + 2 * clock.monotonic() + 1e-6


def test_who_waits_as_long_as_told_is_served() -> None:
    clock = MovingClock()
    buckets = Buckets(3, 1, clock)
    assert buckets.take("one") == 0
    clock.advance(buckets.take("one") + 1e-6)
    assert buckets.take("one") == 0


def test_what_is_held_against_an_address_is_forgotten_in_time() -> None:
    clock = MovingClock()
    backoff = Backoff(2, clock)
    assert [backoff.fail("a") for _ in range(5)] == [0, 0, 1, 2, 4]
    clock.advance(600)
    assert backoff.fail("a") < 4
    clock.advance(6000)
    assert backoff.fail("a") == 0
