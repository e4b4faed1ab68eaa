from __future__ import annotations

import os
import struct
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from core.logs import index
from core.logs.reader import SCAN_BYTES, LogReader
from core.logs.recorder import LogRecorder
from core.logs.search import LogPattern
from core.records.log import LogFrame

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef" * 2
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINES = 20_000


def frame(number: int, body: bytes | None = None, stream: int | None = None) -> LogFrame:
    """Line ``number``, a millisecond after the one before; every tenth on stderr."""
    at = b"2026-01-02T03:%02d:%02d.%03d000000Z" % (
        4 + (5 + number // 1000) // 60,
        (5 + number // 1000) % 60,
        number % 1000,
    )
    return LogFrame(stream or (2 if number % 10 == 0 else 1), at, b"line %d\n" % number if body is None else body)


def record(folder: Path, frames: list[LogFrame]) -> LogReader:
    recorder = LogRecorder.open(folder, 1, token=TOKEN, max_bytes=1 << 30, max_lines=1 << 30)
    for start in range(0, len(frames), 777):
        recorder.write(frames[start : start + 777])
    recorder.close(ended=True)
    return LogReader(folder, 1)


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> LogReader:
    return record(tmp_path_factory.mktemp("long"), [frame(number) for number in range(1, LINES + 1)])


@pytest.mark.parametrize("first", [1, 2, 499, 500, 501, 1000, 12_345, LINES])
def test_any_line_can_be_read_by_its_number(long_log: LogReader, first: int) -> None:
    part = long_log.read(first, max_lines=3)
    assert [line.number for line in part.lines] == [*range(first, min(first + 3, LINES + 1))]
    assert [line.text for line in part.lines] == [f"line {line.number}" for line in part.lines]
    assert part.next_line == part.lines[-1].number + 1
    assert part.at_end is part.ended is (first == LINES)


def test_reading_page_by_page_gives_every_line_once(long_log: LogReader) -> None:
    numbers: list[int] = []
    next_line, at_end = 1, False
    while not at_end:
        part = long_log.read(next_line, max_lines=700, max_bytes=5000)
        assert sum(len(line.text) for line in part.lines) <= 5000
        numbers += [line.number for line in part.lines]
        next_line, at_end = part.next_line, part.at_end
    assert numbers == [*range(1, LINES + 1)]


def test_a_single_line_above_the_byte_limit_is_returned_all_the_same(tmp_path: Path) -> None:
    reader = record(tmp_path, [frame(1, b"x" * 5000 + b"\n"), frame(2)])
    assert [line.number for line in reader.read(1, max_bytes=10).lines] == [1]
    assert [line.number for line in reader.tail(2, max_bytes=10).lines] == [2]


def test_beyond_the_end_there_is_nothing_and_the_place_is_kept(long_log: LogReader) -> None:
    part = long_log.read(LINES + 100)
    assert (part.lines, part.next_line, part.at_end) == ((), LINES + 100, True)


def test_a_log_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    reader = LogReader(tmp_path, 1)
    assert reader.total_lines() == 0
    assert reader.read(1).lines == reader.tail(5).lines == reader.search(LogPattern.errors()).lines == ()
    assert reader.first_line_at_or_after(START) == 1
    assert not reader.is_ended()


def test_lines_of_one_stream_are_picked_out(long_log: LogReader) -> None:
    part = long_log.read(1, max_lines=5, streams={"stderr"})
    assert [line.number for line in part.lines] == [10, 20, 30, 40, 50]
    assert part.next_line == 60
    assert [line.number for line in long_log.tail(3, streams={"stderr"}).lines] == [LINES - 20, LINES - 10, LINES]


@pytest.mark.parametrize("lines", [1, 200, 3000, LINES + 5])
def test_the_tail_is_the_last_lines(long_log: LogReader, lines: int) -> None:
    part = long_log.tail(lines)
    assert [line.number for line in part.lines] == [*range(max(1, LINES - lines + 1), LINES + 1)]
    assert part.next_line == LINES + 1


def test_a_tail_of_nothing_still_says_where_the_log_ends(long_log: LogReader) -> None:
    part = long_log.tail(0)
    assert (part.lines, part.next_line) == ((), LINES + 1)


@pytest.mark.parametrize("number", [1, 2, 777, 5000, LINES])
def test_a_time_finds_the_first_line_not_older(long_log: LogReader, number: int) -> None:
    moment = START + timedelta(milliseconds=number)
    assert long_log.first_line_at_or_after(moment) == number
    assert long_log.first_line_at_or_after(moment + timedelta(microseconds=1)) == number + 1
    assert long_log.first_line_at_or_after(moment.astimezone(None)) == number


def test_a_search_tells_matches_with_the_lines_around_them(long_log: LogReader) -> None:
    found = long_log.search(LogPattern.compile(r"^line 100(0|2)$"), context=2)
    assert found.matched == (1000, 1002)
    assert [line.number for line in found.lines] == [*range(998, 1005)]
    assert found.at_end


def test_a_search_stops_at_its_limit_and_goes_on_from_there(long_log: LogReader) -> None:
    pattern = LogPattern.compile("7$")
    first = long_log.search(pattern, max_matches=3)
    assert (first.matched, first.next_line, first.at_end) == ((7, 17, 27), 37, False)
    second = long_log.search(pattern, first_line=first.next_line, max_matches=2)
    assert second.matched == (37, 47)
    short = long_log.search(pattern, max_bytes=19)
    assert short.matched == (7, 17)
    assert short.next_line == 27


def test_a_search_reads_a_bounded_amount_and_says_how_far_it_came(tmp_path: Path) -> None:
    count = SCAN_BYTES // 60_000 + 20
    reader = record(tmp_path, [frame(number, b"x" * 60_000 + b"\n") for number in range(1, count)] + [frame(count)])
    found = reader.search(LogPattern.compile("line"))
    assert (found.matched, found.at_end) == ((), False)
    again = reader.search(LogPattern.compile("line"), first_line=found.next_line)
    assert again.matched == (count,)
    part = reader.read(1, streams={"stderr"}, max_bytes=1)
    assert part.lines
    nothing = reader.read(1, streams={"engine"})
    assert not nothing.at_end
    assert 1 < nothing.next_line < count


def test_steps_are_known_wherever_reading_begins(tmp_path: Path) -> None:
    marks = {
        0: b"b 0",
        4000: b"e 0 0",
        4001: b"b 1",
    }
    frames: list[LogFrame] = []
    for number in range(1, 9001):
        if number - 1 in marks:
            body = b"\x1e" + TOKEN.encode() + b" " + marks[number - 1] + b" 1.0\n"
            frames += [frame(number, body, 1), frame(number, body, 2)]
        frames.append(frame(number))
    reader = record(tmp_path, frames)
    for first in (1, 3999, 4000, 4001, 4002, 8999):
        (line,) = reader.read(first, max_lines=1).lines
        assert line.step == (0 if first <= 4000 else None if first == 4001 else 1)
    assert reader.read(1, step=1, max_lines=1).lines[0].number == 4002
    assert reader.tail(1, step=0).lines[0].number == 4000


def test_a_growing_file_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    reader = record(tmp_path, [frame(1), frame(2)])
    path = tmp_path / "1.log"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"line 2") + 3])
    part = reader.read(1)
    assert ([line.text for line in part.lines], part.next_line, part.at_end, part.ended) == (["line 1"], 2, True, False)


@pytest.mark.parametrize("damage", ["absent", "empty", "torn", "garbage", "zeros", "beyond"])
def test_a_damaged_index_costs_time_but_no_line(tmp_path: Path, damage: str) -> None:
    reader = record(tmp_path, [frame(number) for number in range(1, 5001)])
    path = tmp_path / "1.idx"
    data = path.read_bytes()
    match damage:
        case "absent":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "torn":
            path.write_bytes(data[:-7])
        case "garbage":
            path.write_bytes(os.urandom(len(data)))
        case "zeros":
            path.write_bytes(bytes(len(data)))
        case _:
            path.write_bytes(data + index.encode([index.IndexEntry(1 << 40, 9_999_999, 0, None, None)]))
    assert reader.read(4321, max_lines=1).lines[0].text == "line 4321"
    assert reader.total_lines() == 5000
    assert [line.number for line in reader.tail(2).lines] == [4999, 5000]


def test_index_entries_are_never_further_apart_than_promised(tmp_path: Path) -> None:
    bodies = [b"x" * size + b"\n" for size in (1, 10, 300, 16_000, 65_536)]
    frames = [frame(number, bodies[number // 3000 % 5]) for number in range(1, 15_001)]
    record(tmp_path, frames)
    data = (tmp_path / "1.idx").read_bytes()
    entries = [struct.unpack_from("<QQ", data, start) for start in range(0, len(data), 32)]
    places = [(0, 1), *entries, ((tmp_path / "1.log").stat().st_size, 15_001)]
    for (offset, line), (next_offset, next_line) in pairwise(places):
        assert next_offset - offset <= index.MAX_BYTES_APART
        assert next_line - line <= index.MAX_LINES_APART


def test_any_place_in_a_long_log_is_reached_within_milliseconds(long_log: LogReader) -> None:
    began = time.process_time()
    for first in range(1, LINES, 100):
        long_log.read(first, max_lines=10)
    assert (time.process_time() - began) / (LINES / 100) < 0.02
