"""Time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SystemClock, from_microseconds, time_text, to_microseconds


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_survives_the_store_to_the_microsecond(moment: datetime) -> None:
    assert from_microseconds(to_microseconds(moment)) == moment


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    elsewhere = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert to_microseconds(elsewhere) == to_microseconds(datetime(2026, 1, 1, tzinfo=UTC))
    assert from_microseconds(0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_the_machines_clock_is_aware_and_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_times_are_written_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 1, 2, 4, 4, 5, 678901, timezone(timedelta(hours=1)))
    assert time_text(moment) == "2026-01-02T03:04:05.678Z"
    assert time_text(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"
    assert time_text(None) is None


@pytest.mark.parametrize("seconds", [0, -5, 0.001])
async def test_a_sleep_ends_even_if_its_time_lies_behind(seconds: float) -> None:
    with anyio.fail_after(30):
        await SystemClock().sleep(seconds)
