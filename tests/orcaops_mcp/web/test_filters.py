"""From facts to the words of a page."""

from __future__ import annotations

import pytest

from orcaops_mcp.web.filters import NONE, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, NONE), (-3, "0ms"), (0.34, "340ms"), (0.9996, "1.0s"), (3, "3s"), (4.26, "4.3s"), (9.96, "10s"),
        (74.607, "1m 15s"), (75.0, "1m 15s"), (59.4, "59s"), (59.6, "1m 00s"), (3599.4, "59m 59s"), (3599.6, "1h 00m"),
        (3629, "1h 00m"), (3631, "1h 01m"), (86_369, "23h 59m"), (86_371, "1d 00h"), (2 * 86_400 + 5000, "2d 01h"),
    ],
)  # fmt: skip
def test_a_span_is_told_in_two_units_to_the_nearest_of_the_smaller(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words
