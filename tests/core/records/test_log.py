"""Log lines and where a reader stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidArgumentError
from core.records.log import LogCursor, LogSummary


@given(st.integers(1, 9999), st.integers(1, 10**15 - 1))
def test_a_cursor_survives_its_text(attempt: int, line: int) -> None:
    cursor = LogCursor(attempt, line)
    assert LogCursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1-",
        "-1",
        "0-1",
        "1-0",
        "1-1 ",
        "1-1\n",
        "01-1",
        "1-x",
        "1--1",
        "1-1-1",
        "10000-1",
        "1-" + "9" * 16,
        "٣-1",
    ],
)
def test_anything_else_is_no_cursor_and_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        LogCursor.parse(text)
    assert caught.value.message == "cursor: not a log cursor"
    assert "next_cursor" in caught.value.hint


def test_cursors_are_ordered_by_attempt_then_line() -> None:
    assert sorted([LogCursor(2, 1), LogCursor(1, 10), LogCursor(1, 9)]) == [
        LogCursor(1, 9),
        LogCursor(1, 10),
        LogCursor(2, 1),
    ]


def test_a_log_that_has_not_begun_is_empty_and_whole() -> None:
    assert LogSummary() == LogSummary(lines=0, size=0, truncated=False, gap_after=None, complete=True)
