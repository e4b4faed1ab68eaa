"""What a container says reaches a terminal as text, never as a command to it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops_mcp.cli.text import cell, log_line, shown, size_text, span_text

_COLOURS = re.compile("\x1b\\[[0-9;:]*m")
_HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\x1b[]()\x07\x9b\x9d\x90;?0123456789mhlJHABq\\\r\n\t\x00\x08\u202e\u200b"),
        st.characters(codec="utf-8"),
    ),
    max_size=60,
)


@given(_HOSTILE)
def test_no_control_character_is_left_in_a_fact(text: str) -> None:
    assert all(mark.isprintable() or mark == "\t" or ord(mark) > 0x9F for mark in shown(text))
    assert "\x1b" not in shown(text)
    assert "\t" not in cell(text)


@given(_HOSTILE)
@pytest.mark.hostile("B64")
def test_nothing_but_colours_is_left_in_a_line_of_a_log(text: str) -> None:
    kept = log_line(text, colours=True)
    assert "\x1b" not in _COLOURS.sub("", kept)
    assert not {"\r", "\n", "\x07", "\x08", "\x9b"} & set(kept)
    assert "\x1b" not in log_line(text, colours=False)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b]0;title\x07name", "name"),
        ("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("a\x1b[2Jb\x1b[31mred\x1b[0m", "abred"),
        ("two\nlines", "two lines"),
        ("\x9b31mred", "red"),
        ("rtl\u202egnp.exe", "rtl\ufffdgnp.exe"),
        ("naïve — ✔", "naïve — ✔"),
    ],
)
def test_a_fact_is_told_plainly(text: str, plain: str) -> None:
    assert shown(text) == plain


def test_colours_stay_where_they_are_wanted_and_end_with_the_line() -> None:
    assert log_line("\x1b[31mred\x1b[2K", colours=True) == "\x1b[31mred\x1b[0m"
    assert log_line("\x1b[31mred", colours=False) == "red"


def test_of_a_line_that_was_overwritten_the_last_version_is_shown() -> None:
    assert log_line("10 %\r50 %\r100 %\r", colours=False) == "100 %"


def test_spans_and_sizes_are_told_as_people_say_them() -> None:
    spans = [span_text(s) for s in (None, 0.34, 0.9996, 4.21, 59.96, 62, 3599.6, 3600 * 3 + 449, 86_400 * 3)]
    assert spans == ["", "340 ms", "1.0s", "4.2s", "1m 00s", "1m 02s", "1h 00m", "3h 07m", "3d 0h"]
    assert [size_text(n) for n in (None, 0, 1023, 1536, 5 * 1024**3)] == ["", "0 B", "1023 B", "1.5 KiB", "5.0 GiB"]
