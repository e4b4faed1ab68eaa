"""Any lines of a log as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.logs.recorder import LogRecorder
from core.logs.window import CROWDED, MAX_SHOWN, read_shown
from core.records.log import LogFrame

if TYPE_CHECKING:
    from pathlib import Path


def a_log(folder: Path, bodies: list[bytes], streams: str = "") -> Path:
    recorder = LogRecorder.open(folder, 1, max_bytes=1 << 30, max_lines=1 << 30)
    for number, body in enumerate(bodies, start=1):
        stream = int(streams[number - 1]) if streams else 1
        recorder.write([LogFrame(stream, b"2026-01-02T03:04:05.%09dZ" % number, body + b"\n")])
    recorder.close(ended=True)
    return folder


def texts(folder: Path, *numbers: int) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in read_shown(folder, 1, numbers)]


def test_lines_from_all_over_the_log_come_in_their_order(tmp_path: Path) -> None:
    folder = a_log(tmp_path, [b"line %d" % n for n in range(1, 6001)])
    assert texts(folder, 1, 2, 700, 5999, 6000, 6001, 9000) == [(n, f"line {n}") for n in (1, 2, 700, 5999, 6000)]


def test_a_colour_left_on_is_carried_to_the_lines_below_on_its_stream(tmp_path: Path) -> None:
    folder = a_log(tmp_path, [b"\x1b[1;31mfailed", b"other stream", b"still red", b"end\x1b[0m", b"plain"], "12111")
    assert texts(folder, 2, 3, 5) == [(2, "other stream"), (3, "\x1b[1;31mstill red"), (5, "plain")]


def test_a_very_long_line_is_cut_and_says_by_how_much(tmp_path: Path) -> None:
    folder = a_log(tmp_path, [b"x" * 1_000_000, b"next"])
    first, *_, last = read_shown(folder, 1, range(1, 100))
    assert (len(first.text), first.cut, first.continued) == (MAX_SHOWN, 64 * 1024 - MAX_SHOWN, True)
    assert (last.text, last.cut, last.continued) == ("next", 0, False)


def test_a_window_of_long_lines_stays_small(tmp_path: Path) -> None:
    folder = a_log(tmp_path, [b"y" * 60_000] * 300)
    lines = read_shown(folder, 1, range(1, 301))
    assert len(lines) == 300
    assert len(lines[-1].text) == CROWDED
    assert sum(len(line.text) for line in lines) < 2_300_000
