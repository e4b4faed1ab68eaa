"""What holds for every log, hostile ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.logs.clean import clean_text
from core.logs.diagnose import Diagnosis, find_cause
from core.logs.diagnose.registry import RECOGNISERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.records.log import LogLine

    LogOf = Callable[..., list[LogLine]]

pytestmark = pytest.mark.slow

_NEEDLES = [needle for recogniser in RECOGNISERS for needle in recogniser.needles]
_PIECES = st.sampled_from(
    [*_NEEDLES, "  ", "\t", ": ", "a.py:3", "/app/x.go:7:1", "(", ")", "'", '"', "[", "at ", "1", "é", "\x1b[1m"]
)
_TEXTS = st.lists(st.one_of(_PIECES, st.text(max_size=12)), max_size=8).map("".join)
_STREAMS = st.sampled_from(["stdout", "stderr", "engine"])


def _size(diagnosis: Diagnosis) -> int:
    return sum(len(line.encode()) + 1 for excerpt in diagnosis.excerpts for line in excerpt.lines)


@given(
    texts=st.lists(st.tuples(_STREAMS, _TEXTS), max_size=60),
    exit_code=st.one_of(st.none(), st.integers(0, 255)),
    max_bytes=st.integers(0, 4000),
)
def test_any_log_is_diagnosed_within_the_budget_and_in_its_own_words(
    texts: list[tuple[str, str]], exit_code: int | None, max_bytes: int, log_of: LogOf
) -> None:
    lines = [log_of([text], stream, first=number)[0] for number, (stream, text) in enumerate(texts, 1)]
    diagnosis = find_cause(lines, exit_code=exit_code, max_bytes=max_bytes)
    assert _size(diagnosis) <= max_bytes
    assert bool(diagnosis.excerpts) == bool(lines and max_bytes)
    shown: list[int] = []
    for excerpt in diagnosis.excerpts:
        for number, line in enumerate(excerpt.lines, excerpt.first_line):
            assert clean_text(lines[number - 1].text).startswith(line)
            shown.append(number)
    assert len(shown) == len(set(shown))
    assert diagnosis.cause is None or len(diagnosis.cause.headline) <= 300


@pytest.mark.parametrize("needle", sorted(set(_NEEDLES)))
def test_a_needle_on_the_only_line_or_the_last_one_is_read_without_looking_past_the_log(
    needle: str, log_of: LogOf
) -> None:
    for texts in ([needle], ["", needle], [needle, ""], [f"  {needle}x: y"], [needle] * 3):
        assert find_cause(log_of(texts), exit_code=1).excerpts


def test_a_log_of_100_000_lines_is_read_once_and_to_its_end(log_of: LogOf) -> None:
    lines = log_of([*["INFO working"] * 99_999, "main.c:5:5: error: unknown type name"])
    taken = 0

    def counted() -> Iterator[LogLine]:
        nonlocal taken
        for line in lines:
            taken += 1
            yield line

    cause = find_cause(counted(), exit_code=1).cause
    assert taken == 100_000
    assert cause is not None
    assert cause.line == 100_000


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "\tat com.shop.Main.main(Main.java:3)",
        "ERROR request failed: Connection refused",
        "error: " + "a." * 450,
        "FAILED " + "a > " * 240,
        "ERROR" + " " * 900,
        "Error: " + "(a:1" * 240,
        "___ " + "_ " * 450,
        ": Assertion " * 80,
    ],
)
def test_a_hostile_log_takes_no_longer_than_the_test_s_alarm(line: str, log_of: LogOf) -> None:
    assert find_cause(log_of([line] * 8_000), exit_code=1).excerpts


def test_a_traceback_is_found_across_the_edge_of_what_is_held_at_once(log_of: LogOf) -> None:
    frames = [text for number in range(150) for text in (f'  File "/app/a.py", line {number}, in f', "    f()")]
    block = ["Traceback (most recent call last):", *frames, "ValueError: deep"]
    for before in range(1600, 2100, 100):
        cause = find_cause(log_of([*["INFO working"] * before, *block, *["bye"] * 900]), exit_code=1).cause
        assert cause is not None
        assert (cause.line, cause.headline) == (before + 302, "ValueError: deep at /app/a.py:149 in f")


def test_a_cause_early_in_a_long_log_is_shown_and_so_is_the_end(log_of: LogOf) -> None:
    lines = log_of(["main.c:5:5: error: unknown type name", *[f"line {number}" for number in range(5000)]])
    diagnosis = find_cause(lines, exit_code=1)
    assert diagnosis.excerpts[0].first_line == 1
    assert diagnosis.excerpts[-1].lines[-1] == "line 4999"


def test_an_unknown_failure_shows_the_last_lines(log_of: LogOf) -> None:
    diagnosis = find_cause(log_of([f"line {number}" for number in range(500)]), exit_code=3)
    assert diagnosis.cause is None
    assert diagnosis.excerpts[0].first_line == 441
    assert len(diagnosis.excerpts[0].lines) == 60


def test_a_long_line_is_cut_at_500_characters_and_to_the_budget(log_of: LogOf) -> None:
    lines = log_of(["é" * 5000])
    assert find_cause(lines, exit_code=1).excerpts[0].lines == ("é" * 500,)
    assert find_cause(lines, exit_code=1, max_bytes=22).excerpts[0].lines == ("é" * 10,)


def test_many_failed_tests_are_named_up_to_50(log_of: LogOf) -> None:
    diagnosis = find_cause(log_of([f"FAILED test_a.py::test_{number} - boom" for number in range(500)]), exit_code=1)
    assert diagnosis.failed_tests == tuple(f"test_a.py::test_{number}" for number in range(50))


def test_no_output_has_no_excerpts(log_of: LogOf) -> None:
    assert find_cause([], exit_code=1) == Diagnosis(cause=None)
