"""Which lines of a log pass a choice, however long it is and while it grows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import InvalidArgumentError
from core.logs.framing import encode, log_path
from core.logs.line_set import LineChoice, LineSet, LineSets
from core.logs.reader import LogReader
from core.logs.recorder import LogRecorder
from core.logs.search import LogPattern
from core.logs.sought import Sought
from core.records.log import LogFrame

if TYPE_CHECKING:
    from pathlib import Path

    from core.logs.line_set import ChosenLines

TOKEN = "0123456789abcdef" * 2
AMPLE_S = 60.0


def frame(number: int, text: str | bytes, stream: int = 1) -> LogFrame:
    body = text if isinstance(text, bytes) else text.encode()
    return LogFrame(stream, b"2026-01-02T03:04:%02d.%09dZ" % (number // 10**6, number % 10**6), body + b"\n")


def marker(number: int, words: str, stream: int = 1) -> LogFrame:
    return frame(number, f"\x1e{TOKEN} {words}", stream)


def a_log(folder: Path, frames: list[LogFrame], *, ended: bool = True) -> LogRecorder:
    recorder = LogRecorder.open(folder, 1, token=TOKEN, max_bytes=1 << 30, max_lines=1 << 30)
    recorder.write(frames)
    if ended:
        recorder.close(ended=True)
    return recorder


def chosen(folder: Path, **choice: Any) -> ChosenLines:
    return LineSet(folder, 1, LineChoice(**choice)).grow(AMPLE_S)


def numbers(lines: ChosenLines) -> list[int]:
    return list(lines.at(1, len(lines)))


def log_of(folder: Path, lines: int) -> Path:
    frames = [
        frame(
            n,
            f"\x1b[32mINFO\x1b[0m line {n} of \x1b[1mmany{'  Wärme' if n % 100 == 0 else ''}",
            2 if n % 10 == 0 else 1,
        )
        for n in range(1, lines + 1)
    ]
    a_log(folder, frames)
    return folder


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120,000 lines, about 9 MB: many blocks."""
    return log_of(tmp_path_factory.mktemp("long"), 120_000)


@pytest.fixture(scope="module")
def some_blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30,000 lines, some blocks: each can be looked at."""
    return log_of(tmp_path_factory.mktemp("some"), 30_000)


@pytest.mark.parametrize(
    "sought",
    [
        Sought("line 77"),
        Sought("INFO line 29999"),
        Sought("info LINE 5"),
        Sought("info", ignore_case=False),
        Sought("many"),
        Sought("WÄRME"),
        Sought("2026-01"),
        Sought("2"),
        Sought("2M"),
        Sought("no such thing"),
        Sought(".* (a|b)?"),
        Sought("line [0-9]*00 of", is_expression=True),
        Sought("^INFO line 1$|of many$", is_expression=True),
        Sought(r"many\s+w", is_expression=True),
        Sought("x*", is_expression=True),
        Sought("[^z]+z", is_expression=True),
    ],
)
def test_a_search_finds_the_lines_that_a_look_at_each_would(some_blocks: Path, sought: Sought) -> None:
    pattern = LogPattern.compile(
        sought.text if sought.is_expression else _quoted(sought.text), ignore_case=sought.ignore_case
    )
    expected: list[int] = []
    first = 1
    while True:
        found = LogReader(some_blocks, 1).search(pattern, first_line=first, max_matches=10**6, max_bytes=1 << 30)
        expected += found.matched
        first = found.next_line
        if found.at_end:
            break
    lines = chosen(some_blocks, sought=sought)
    assert (numbers(lines), lines.is_whole) == (expected, True)


def _quoted(text: str) -> str:
    return "".join(f"\\{char}" if char in ".*()|?[]" else char for char in text)


def test_the_next_and_the_previous_from_any_line(long_log: Path) -> None:
    lines = chosen(long_log, sought=Sought("Wärme"))
    assert len(lines) == 1200
    assert (lines.after(0), lines.after(100), lines.after(90_050), lines.after(120_000)) == (100, 200, 90_100, None)
    assert (lines.before(1), lines.before(101), lines.before(90_050)) == (None, 100, 90_000)
    assert (lines.place_of(1), lines.place_of(90_000), lines.place_of(10**6)) == (1, 900, 1201)
    assert lines.at(1199, 5) == (119_900, 120_000)


def test_one_stream_is_a_view_of_its_own(long_log: Path) -> None:
    assert numbers(chosen(long_log, streams=frozenset({"stderr"}))) == list(range(10, 120_001, 10))
    assert len(chosen(long_log, streams=frozenset({"stdout"}), sought=Sought("line 10"))) == _with("10") - _with(
        "10", 10
    )


def _with(digits: str, every: int = 1) -> int:
    return sum(str(n).startswith(digits) for n in range(every, 120_001, every))


def test_a_search_that_runs_out_of_time_goes_on_where_it_stopped(long_log: Path) -> None:
    lines = LineSet(long_log, 1, LineChoice(sought=Sought("many")))
    parts = [lines.grow(0)]
    while not parts[-1].is_whole:
        parts.append(lines.grow(0))
    assert len(parts) > 2
    assert all(len(one) < len(other) for one, other in pairwise(parts))
    assert len(parts[-1]) == 120_000


@pytest.fixture
def stepped(tmp_path: Path) -> Path:
    a_log(
        tmp_path,
        [
            *(frame(1, "before"), marker(2, "b 0"), marker(3, "b 0", 2), frame(4, "one"), frame(5, "one err", 2)),
            *(marker(6, "e 0 0"), marker(7, "b 1"), frame(8, "two"), frame(9, "still one err", 2)),
            *(marker(10, "e 0 0", 2), marker(11, "b 1", 2), frame(12, "two err", 2), marker(13, "e 1 0")),
            frame(14, "after"),
        ],
    )
    return tmp_path


def test_a_steps_lines_are_those_its_streams_printed_while_it_ran(stepped: Path) -> None:
    by_step = {step: numbers(chosen(stepped, step=step)) for step in (0, 1, 2)}
    assert by_step == {0: [2, 3, 5], 1: [4, 6], 2: []}
    assert numbers(chosen(stepped, step=0, streams=frozenset({"stderr"}))) == [3, 5]
    assert numbers(chosen(stepped, step=1, sought=Sought("tw.", is_expression=True))) == [4, 6]


def test_a_growing_log_is_looked_at_where_it_grew(tmp_path: Path) -> None:
    recorder = a_log(tmp_path, [frame(n, f"line {n}") for n in range(1, 1001)], ended=False)
    lines = LineSet(tmp_path, 1, LineChoice(sought=Sought("7")))
    before = numbers(lines.grow(AMPLE_S))
    recorder.write([frame(n, f"line {n}") for n in range(1001, 2001)])
    recorder.close(ended=True)
    after = numbers(lines.grow(AMPLE_S))
    assert before == [n for n in range(1, 1001) if "7" in str(n)]
    assert after == [n for n in range(1, 2001) if "7" in str(n)]


def test_a_log_that_was_cut_back_is_looked_at_anew(tmp_path: Path) -> None:
    recorder = a_log(
        tmp_path, [frame(1, "kept"), frame(2, "half a li").__class__(1, frame(2, "").at, b"half a li")], ended=False
    )
    recorder.close()
    lines = LineSet(tmp_path, 1, LineChoice(sought=Sought("half")))
    assert numbers(lines.grow(AMPLE_S)) == [2]
    a_log(tmp_path, [frame(3, "another second line"), frame(4, "half at last")])
    assert numbers(lines.grow(AMPLE_S)) == [3]


def test_what_stands_behind_a_damaged_record_is_not_read(tmp_path: Path) -> None:
    a_log(tmp_path, [frame(1, "good")])
    with log_path(tmp_path, 1).open("ab") as file:
        file.write(b"garbage good\n" + encode(b"o", frame(2, "").at, b"good"))
    assert numbers(chosen(tmp_path, sought=Sought("good"))) == [1]


def test_bytes_that_are_no_text_hide_nothing(tmp_path: Path) -> None:
    a_log(tmp_path, [frame(1, b"\xff\xfe broken \x80 words"), frame(2, b"fine")])
    assert numbers(chosen(tmp_path, sought=Sought("WORDS"))) == [1]


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert numbers(chosen(tmp_path / "none", sought=Sought("x"))) == []


@pytest.mark.parametrize("text", ["", "x" * 1001, "two\nlines"])
def test_what_cannot_be_sought_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        Sought(text)


def test_an_expression_that_is_none_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidArgumentError, match="missing"):
        Sought("(open", is_expression=True)


def test_sets_are_kept_while_there_is_room_and_the_latest_stays(long_log: Path) -> None:
    sets = LineSets(max_sets=2, max_lines=1000)
    errors, everything = LineChoice(streams=frozenset({"stderr"})), LineChoice(sought=Sought("many"))
    first = sets.of(long_log, 1, errors)
    assert sets.of(long_log, 1, errors) is first
    first.grow(AMPLE_S)
    second = sets.of(long_log, 1, everything)
    assert sets.of(long_log, 1, everything) is second
    assert sets.of(long_log, 1, errors) is not first
    sets.forget(long_log)
    assert sets.of(long_log, 1, everything) is not second
