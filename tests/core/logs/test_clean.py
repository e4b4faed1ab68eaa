from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.logs.clean import CleanLine, clean_lines, clean_text, show_name
from core.records.log import LogLine, Stream


def line(number: int, text: str, stream: Stream = "stdout", step: int | None = None) -> LogLine:
    return LogLine(number, datetime(2026, 1, 2, tzinfo=UTC), stream, step, text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("tab\there", "tab\there"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;c2VjcmV0\x07clip", "clip"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x9b31mred\x9d0;title\x9cend", "redend"),
        ("cut off \x1b[31", "cut off "),
        ("cut off \x1b", "cut off "),
        ("0%\r50%\r100%", "100%"),
        ("windows\r\n", "windows\n"),
        ("10%\r\r", "10%"),
        ("a\rb\nc\rd", "b\nd"),
        ("nul\x00bell\x07", "nul\ufffdbell\ufffd"),
        ("user\u202etxt.exe", "user\ufffdtxt.exe"),
        ("zero\u200bwidth\ufeff", "zero\ufffdwidth\ufffd"),
        ("tag\U000e0041\U000e01ef", "tag\ufffd\ufffd"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f ünïcödé 日本", "👩\u200d👩\u200d👧 ❤\ufe0f ünïcödé 日本"),
        ("line\u2028separator\x85", "line\ufffdseparator\ufffd"),
    ],
)
@pytest.mark.hostile("B81")
def test_what_controls_a_terminal_or_hides_is_neutralised(text: str, shown: str) -> None:
    assert clean_text(text) == shown


@given(st.text(st.characters(codec=None)))
def test_clean_text_can_always_be_encoded_and_is_clean_already(text: str) -> None:
    shown = clean_text(text)
    shown.encode("utf-8")
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert clean_text(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "\x1b]" * 500_000,
        "\x1b[" + "0;" * 500_000,
        "\x9d" * 1_000_000,
        "\x1b]x" * 330_000,
        "\r" * 1_000_000,
        "\r\n" * 500_000,
        "\u202e\x00" * 500_000,
    ],
    ids=["osc", "csi", "c1", "titles", "returns", "lines", "unseen"],
)
@pytest.mark.timeout(30)  # minutes, were it not linear
@pytest.mark.hostile("B84")
def test_a_megabyte_made_to_be_slow_leaves_nothing_unseen(text: str) -> None:
    assert not set(clean_text(text)) & {"\x1b", "\x9d", "\r", "\u202e", "\x00"}


def test_identical_consecutive_lines_are_folded_and_numbers_stay_right() -> None:
    lines = [line(1, "a"), *(line(number, "\x1b[32mwaiting\x1b[0m") for number in range(2, 313)), line(313, "b")]
    shown = clean_lines(lines)
    assert [(item.line.number, item.last_number, item.text) for item in shown] == [
        (1, 1, "a"),
        (2, 312, "waiting … repeated 311 times"),
        (313, 313, "b"),
    ]


def test_only_neighbours_of_one_stream_and_step_are_folded() -> None:
    lines = [line(1, "a"), line(2, "a", "stderr"), line(3, "a", "stderr", 0), line(5, "a", "stderr", 0)]
    assert [item.repeats for item in clean_lines(lines)] == [1, 1, 1, 1]


def test_long_lines_are_cut_and_say_how_much_is_missing() -> None:
    (shown,) = clean_lines([line(1, "x" * 3345)])
    assert shown == CleanLine(line(1, "x" * 1000), cut=2345)
    assert shown.text == "x" * 1000 + " … [2,345 more characters]"


def test_lines_that_differ_only_in_what_is_cut_are_not_the_same() -> None:
    shown = clean_lines([line(1, "x" * 10 + "a"), line(2, "x" * 10 + "b")], max_shown=10)
    assert [item.repeats for item in shown] == [1, 1]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain name.txt", "plain name.txt"),
        ("ünï.txt".encode(), "ünï.txt"),
        (b"a\nb\x1b[31m\x7f", "a\\nb\\x1b[31m\\x7f"),
        ("a\u202eb".encode(), "a\\u202eb"),
        (b"\xff", "\\xff"),
        (b"\\xff", "\\\\xff"),
    ],
)
def test_a_file_name_is_shown_printable(name: bytes, shown: str) -> None:
    assert show_name(name) == shown


def test_different_file_names_look_different() -> None:
    chooser = random.Random(3)  # noqa: S311 - replayed, not secret
    names = {bytes(chooser.choices(b"\\xf\xff\n\x9dn0", k=chooser.randrange(5))) for _ in range(2000)}
    assert len({show_name(name) for name in names}) == len(names)
