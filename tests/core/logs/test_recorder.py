from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core.logs.reader import LogReader
from core.logs.recorder import LogGrowth, LogRecorder
from core.records.log import LogFrame, LogLine, LogPosition, LogSummary
from core.redaction import needles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOKEN = "0123456789abcdef" * 2
SECRET = "correct horse battery"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MAX = 1 << 30


def at(tick: int) -> bytes:
    return b"2026-01-02T03:04:05.%09dZ" % tick


def out(tick: int, body: bytes) -> LogFrame:
    return LogFrame(1, at(tick), body)


def err(tick: int, body: bytes) -> LogFrame:
    return LogFrame(2, at(tick), body)


def mark(tick: int, fields: str, before: bytes = b"") -> list[LogFrame]:
    body = b"\x1e" + f"{TOKEN} {fields} 12.34\n".encode()
    return [out(tick, before + body), err(tick, body)]


def opened(
    folder: Path, *, max_bytes: int = MAX, max_lines: int = MAX, secrets: Sequence[str] = (), token: str = TOKEN
) -> LogRecorder:
    return LogRecorder.open(folder, 1, token=token, max_bytes=max_bytes, max_lines=max_lines, needles=needles(secrets))


def lines_of(folder: Path) -> tuple[LogLine, ...]:
    return LogReader(folder, 1).read(1, max_lines=MAX, max_bytes=MAX).lines


def texts_of(folder: Path) -> list[str]:
    return [line.text for line in lines_of(folder)]


def test_lines_are_numbered_over_both_streams_in_the_order_delivered(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    assert recorder.write([out(1, b"one\n"), err(2, b"two\n"), out(3, b"three\n")])
    assert recorder.lines == 3
    recorder.close()
    assert [(line.number, line.stream, line.text, line.at.microsecond) for line in lines_of(tmp_path)] == [
        (1, "stdout", "one", 0),
        (2, "stderr", "two", 0),
        (3, "stdout", "three", 0),
    ]
    assert recorder.summary() == LogSummary(lines=3, size=14)


def test_pieces_of_a_long_line_are_one_line_even_when_the_other_stream_speaks_between(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([out(1, b"a" * 16_384), err(2, b"between\n")])
    recorder.write([out(1, b"b" * 100 + b"\n")])
    recorder.close()
    assert texts_of(tmp_path) == ["between", "a" * 16_384 + "b" * 100]


@pytest.mark.hostile("B79")
def test_a_line_beyond_64_kib_goes_on_in_a_further_line_that_says_so(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([out(1, bytes([97 + number]) * 16_384) for number in range(5)])
    recorder.write([out(1, b"end\n"), out(2, b"next\n"), out(3, b"x" * 65_536 + b"\n"), out(4, b"y" * 65_537 + b"\n")])
    recorder.close()
    assert [(len(line.text), line.continued) for line in lines_of(tmp_path)] == [
        (65_536, True),
        (16_384 + 3, False),
        (4, False),
        (65_536, False),
        (65_536, True),
        (1, False),
    ]


@pytest.mark.hostile("B82")
def test_output_without_a_final_newline_is_a_line_once_the_recorder_is_closed(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([out(1, b"done"), err(2, b"\n")])
    assert texts_of(tmp_path) == [""]
    recorder.close()
    assert texts_of(tmp_path) == ["", "done"]


def test_what_closing_ended_goes_on_when_the_log_is_opened_again(tmp_path: Path) -> None:
    delivered = [out(1, b"x" * 16_384), out(1, b"y\n"), out(2, b"z\n")]
    recorder = opened(tmp_path)
    recorder.write(delivered[:1])
    recorder.close(ended=True)
    assert LogReader(tmp_path, 1).is_ended()
    again = opened(tmp_path)
    assert not LogReader(tmp_path, 1).is_ended()
    assert again.lines == 0
    assert again.resume_position() is None
    again.write(delivered)
    again.close()
    assert texts_of(tmp_path) == ["x" * 16_384 + "y", "z"]


def test_a_marker_that_closing_ended_stands_behind_what_came_before_it_ended_by_itself(tmp_path: Path) -> None:
    frames = [err(1, b"\x1e" + f"{TOKEN} b 0 12.34".encode()), out(2, b"said first\n"), err(1, b"\n")]
    recorder = opened(tmp_path)
    recorder.write(frames[:1])
    recorder.close(ended=True)
    assert [step.began_line for step in recorder.steps] == [1]
    recorder = opened(tmp_path)
    assert recorder.steps == ()
    recorder.write(frames)
    recorder.close(ended=True)
    assert [step.began_line for step in recorder.steps] == [2]
    assert texts_of(tmp_path) == ["said first"]


def test_a_limit_that_only_an_open_line_passed_is_not_kept_when_the_log_is_opened_again(tmp_path: Path) -> None:
    delivered = [out(1, b"x" * 2000), err(2, b"short\n")]
    recorder = opened(tmp_path, max_bytes=1024)
    recorder.write(delivered[:1])
    recorder.close()
    assert recorder.is_full
    again = opened(tmp_path, max_bytes=1024)
    assert not again.is_full
    again.resume_position()
    again.write(delivered)
    again.close()
    assert texts_of(tmp_path) == ["short"]
    assert again.is_full


@pytest.mark.hostile("B80", "B81")
def test_bytes_that_are_not_utf_8_and_carriage_returns_stay_as_they_are(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([out(1, b"\xff\xfe 10%\r20%\r\n"), out(2, b"\x00\x1b[31m\n")])
    recorder.close()
    assert b"\xff\xfe 10%\r20%\r\n" in (tmp_path / "1.log").read_bytes()
    assert texts_of(tmp_path) == ["\ufffd\ufffd 10%\r20%\r", "\x00\x1b[31m"]


def test_markers_are_taken_out_and_tell_the_lines_of_each_step(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([*mark(1, "b 0"), out(2, b"one\n"), err(3, b"two\n"), *mark(4, "e 0 0"), *mark(5, "b 1")])
    recorder.write([out(6, b"three\n"), out(7, b"four\n")])
    first, second = recorder.steps
    assert (first.began_line, first.first_line, first.last_line, first.exit_code, first.ended) == (1, 1, 2, 0, True)
    assert (second.began_line, second.first_line, second.last_line, second.ended) == (3, 3, 4, False)
    assert first.began_at is not None
    recorder.write(mark(8, "e 1 137"))
    assert recorder.steps[1].exit_code == 137
    recorder.close()
    assert [(line.text, line.step) for line in lines_of(tmp_path)] == [
        ("one", 0),
        ("two", 0),
        ("three", 1),
        ("four", 1),
    ]
    again = opened(tmp_path)
    assert again.steps == recorder.steps
    assert again.summary() == recorder.summary()
    again.close()


@pytest.mark.parametrize("at_once", [True, False])
def test_a_steps_lines_are_those_of_both_streams_however_they_come(tmp_path: Path, *, at_once: bool) -> None:
    recorder = opened(tmp_path)
    recorder.write(mark(1, "b 0"))
    frames = [err(2, b"first\n"), out(3, b"second\n"), out(4, b"third\n"), err(5, b"last\n")]
    for part in [frames] if at_once else [[frame] for frame in frames]:
        recorder.write(part)
    recorder.close()
    assert [(step.first_line, step.last_line) for step in recorder.steps] == [(1, 4)]


def test_a_line_belongs_to_the_step_its_own_stream_is_in(tmp_path: Path) -> None:
    begin, begin_err = mark(1, "b 0")
    recorder = opened(tmp_path)
    recorder.write([begin, err(2, b"before\n"), out(3, b"inside\n"), begin_err, err(4, b"inside too\n")])
    recorder.close()
    assert [line.step for line in lines_of(tmp_path)] == [None, 0, 0]


def test_text_before_a_marker_on_its_line_is_a_line_of_the_step_that_ends(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([*mark(1, "b 0"), *mark(2, "e 0 3", before=b"no newline")])
    recorder.close()
    assert [(line.text, line.step) for line in lines_of(tmp_path)] == [("no newline", 0)]
    assert recorder.steps[0].last_line == 1


@pytest.mark.parametrize("length", [16_300, 16_380, 65_500, 65_530, 65_536, 65_537, 131_060])
def test_a_marker_split_by_the_16_kib_border_is_still_a_marker(tmp_path: Path, length: int) -> None:
    whole = b"x" * length + mark(1, "e 0 3")[0].body
    recorder = opened(tmp_path)
    recorder.write([out(1, whole[start : start + 16_384]) for start in range(0, len(whole), 16_384)])
    recorder.close()
    assert "".join(texts_of(tmp_path)) == "x" * length
    assert [step.exit_code for step in recorder.steps] == [3]


@pytest.mark.parametrize(
    "body",
    [
        b"\x1e" + b"f" * 32 + b" b 0 1.0\n",
        b"\x1e" + TOKEN.encode() + b" b 0 1.0 and more\n",
        b"\x1e" + TOKEN.encode() + b" b 1000 1.0\n",
        b"\x1e" + TOKEN.encode() + b" e 0 1.0\n",
        b"\x1e" + TOKEN.encode() + b"\n",
        TOKEN.encode() + b" b 0 1.0\n",
        b"\x1e\n",
    ],
)
@pytest.mark.hostile("B83")
def test_any_other_line_with_that_character_is_data(tmp_path: Path, body: bytes) -> None:
    recorder = opened(tmp_path)
    recorder.write([out(1, body)])
    recorder.close()
    assert texts_of(tmp_path) == [body[:-1].decode()]
    assert recorder.steps == ()


def test_without_a_token_nothing_is_a_marker(tmp_path: Path) -> None:
    recorder = opened(tmp_path, token="")
    recorder.write([out(1, b"\x1e b 0 1.0\n")])
    recorder.close()
    assert texts_of(tmp_path) == ["\x1e b 0 1.0"]


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_the_limit_in_lines_keeps_exactly_the_first_ones(tmp_path: Path, batch: int) -> None:
    frames = [out(number, b"line %d\n" % number) for number in range(1000)]
    recorder = opened(tmp_path, max_lines=300)
    taken = [recorder.write(frames[start : start + batch]) for start in range(0, 1000, batch)]
    assert taken[0] is (batch < 300)
    assert not taken[-1]
    recorder.close()
    assert texts_of(tmp_path) == [f"line {number}" for number in range(300)]
    assert recorder.summary() == LogSummary(lines=300, size=2590, truncated=True, gap_after=300)


def test_a_log_of_exactly_the_limit_is_not_truncated(tmp_path: Path) -> None:
    recorder = opened(tmp_path, max_lines=2, max_bytes=8)
    assert recorder.write([out(1, b"one\n"), out(2, b"two\n")])
    recorder.close()
    assert recorder.summary() == LogSummary(lines=2, size=8)


def test_the_limit_in_bytes_keeps_whole_lines_and_is_known_after_reopening(tmp_path: Path) -> None:
    recorder = opened(tmp_path, max_bytes=1024)
    assert not recorder.write([out(number, b"x" * 99 + b"\n") for number in range(20)])
    recorder.close()
    again = opened(tmp_path, max_bytes=1024)
    assert again.is_full
    assert not again.write([out(50, b"more\n")])
    assert again.summary() == LogSummary(lines=10, size=1000, truncated=True, gap_after=10)
    again.close()


def test_markers_count_against_the_limit_so_that_forging_them_cannot_fill_the_disk(tmp_path: Path) -> None:
    recorder = opened(tmp_path, max_bytes=1024)
    taken = [recorder.write(mark(number, "b 1")) for number in range(1000)]
    assert not taken[-1]
    recorder.close()
    assert (tmp_path / "1.log").stat().st_size < 1024 * 13


def test_the_tail_follows_a_line_that_names_the_gap(tmp_path: Path) -> None:
    frames = [out(number, b"line %d\n" % number) for number in range(1, 101)]
    recorder = opened(tmp_path, max_lines=3)
    recorder.write(frames)
    recorder.append_tail(frames[-2:])
    recorder.close()
    first, second, third, gap, *tail = lines_of(tmp_path)
    assert [line.text for line in (first, second, third)] == ["line 1", "line 2", "line 3"]
    assert gap.stream == "engine"
    assert gap.number == 4
    assert (gap.gap, first.gap, tail[0].gap) == (True, False, False)
    assert "after line 3" in gap.text
    assert at(4).decode() in gap.text
    assert at(99).decode() in gap.text
    assert [(line.number, line.text) for line in tail] == [(5, "line 99"), (6, "line 100")]
    summary = recorder.summary()
    assert (summary.truncated, summary.gap_after, summary.lines) == (True, 3, 6)


def test_a_gap_is_named_even_when_no_tail_could_be_had(tmp_path: Path) -> None:
    recorder = opened(tmp_path, max_lines=1)
    recorder.write([out(1, b"one\n"), out(2, b"two\n")])
    recorder.append_tail([])
    recorder.close()
    assert texts_of(tmp_path)[1] == f"[log limit reached: output after line 1 is not kept, from {at(2).decode()} on]"


def test_a_tail_that_overlaps_the_head_completes_the_log(tmp_path: Path) -> None:
    frames = [out(number, b"line %d\n" % number) for number in range(1, 8)]
    recorder = opened(tmp_path, max_lines=3)
    recorder.write(frames)
    recorder.append_tail(frames[1:])
    recorder.close()
    assert texts_of(tmp_path) == [f"line {number}" for number in range(1, 8)]
    assert not recorder.summary().truncated


def test_a_tail_appended_again_after_a_crash_is_there_once(tmp_path: Path) -> None:
    frames = [out(number, b"line %d\n" % number) for number in range(1, 101)]
    recorder = opened(tmp_path, max_lines=3)
    recorder.write(frames)
    recorder.append_tail(frames[-20:])
    recorder.close()
    whole = (tmp_path / "1.log").read_bytes()
    expected = texts_of(tmp_path)
    for cut in range(whole.index(b"line 3"), len(whole), 17):
        (tmp_path / "1.log").write_bytes(whole[:cut])
        again = opened(tmp_path, max_lines=3)
        again.write([frame for frame in frames if frame.at >= at(2)])
        again.append_tail(frames[-20:])
        again.close()
        assert texts_of(tmp_path) == expected


def test_lines_of_the_tail_belong_to_the_step_that_ends_in_it(tmp_path: Path) -> None:
    begin, end = mark(0, "b 4"), mark(200, "e 4 1")
    frames = [*begin, *(out(number, b"line %d\n" % number) for number in range(1, 101)), *end]
    recorder = opened(tmp_path, max_lines=3)
    recorder.write(frames)
    recorder.append_tail(frames[-4:])
    recorder.close()
    assert [(line.text[:4], line.step) for line in lines_of(tmp_path)] == [
        *[("line", 4)] * 3,
        ("[log", None),
        *[("line", 4)] * 2,
    ]
    assert [(step.first_line, step.last_line, step.exit_code) for step in recorder.steps] == [(1, 6, 1)]
    again = opened(tmp_path)
    assert again.steps == recorder.steps
    again.close()


def test_a_tail_without_markers_is_in_no_step(tmp_path: Path) -> None:
    frames = [*mark(0, "b 4"), *(out(number, b"line %d\n" % number) for number in range(1, 101))]
    recorder = opened(tmp_path, max_lines=1)
    recorder.write(frames)
    recorder.append_tail(frames[-1:])
    recorder.close()
    assert [line.step for line in lines_of(tmp_path)] == [4, None, None]


def test_a_tail_is_not_appended_to_a_log_that_is_not_full(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([out(1, b"one\n")])
    recorder.append_tail([out(9, b"nine\n")])
    recorder.close()
    assert texts_of(tmp_path) == ["one"]


def test_notes_are_lines_of_the_engine(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.note("resumed\nafter a restart", NOON)
    recorder.mark_incomplete("the container engine was away")
    recorder.close()
    assert [(line.stream, line.text) for line in lines_of(tmp_path)] == [
        ("engine", "resumed after a restart"),
        ("engine", "[output may be missing here: the container engine was away]"),
    ]
    assert lines_of(tmp_path)[0].at == NOON
    assert not recorder.summary().complete
    again = opened(tmp_path)
    assert again.summary() == recorder.summary()
    again.close()


def test_the_position_to_resume_at_is_the_older_of_both_streams(tmp_path: Path) -> None:
    recorder = opened(tmp_path)
    recorder.write([out(5, b"a\n")])
    assert recorder.resume_position() is None
    recorder.write([err(3, b"b\n"), out(7, b"c\n")])
    assert recorder.resume_position() == LogPosition(at(3))
    recorder.close()


def test_growth_is_told_after_each_write_that_added_lines_or_changed_steps(tmp_path: Path) -> None:
    told: list[LogGrowth] = []
    recorder = LogRecorder.open(tmp_path, 1, token=TOKEN, max_bytes=MAX, max_lines=MAX, on_growth=told.append)
    recorder.write([out(1, b"a\n"), out(2, b"b\n")])
    recorder.write([out(3, b"piece")])
    recorder.write(mark(4, "b 0"))
    recorder.close()
    assert told == [LogGrowth(2, steps_changed=False), LogGrowth(3, steps_changed=True)]


def test_files_and_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "job"
    opened(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.hostile("B85")
def test_secrets_are_masked_within_a_frame_and_across_pieces(tmp_path: Path) -> None:
    recorder = opened(tmp_path, secrets=[SECRET])
    recorder.write([out(1, b"it is correct horse battery!\n"), out(2, b"harmless\n")])
    recorder.write([out(3, b"x" * 16_378 + b"correc"), err(4, b"t horse battery\n"), out(3, b"t horse battery.\n")])
    recorder.close()
    assert texts_of(tmp_path) == ["it is ***!", "harmless", "t horse battery", "x" * 16_378 + "***."]
    assert SECRET.encode() not in (tmp_path / "1.log").read_bytes()


@pytest.mark.parametrize("before", range(65_530 - len(SECRET), 65_540, 3))
def test_secrets_are_masked_across_the_border_of_a_continued_line(tmp_path: Path, before: int) -> None:
    whole = b"x" * before + SECRET.encode() + b"y" * 200 + b"\n"
    recorder = opened(tmp_path, secrets=[SECRET])
    recorder.write([out(1, whole[start : start + 16_384]) for start in range(0, len(whole), 16_384)])
    recorder.close()
    assert "".join(texts_of(tmp_path)) == "x" * before + "***" + "y" * 200


@pytest.mark.hostile("B85")
def test_a_secret_of_several_lines_is_masked_line_by_line(tmp_path: Path) -> None:
    recorder = opened(tmp_path, secrets=["first line of it\nsecond line of it"])
    recorder.write([out(1, b"first line of it\n"), out(2, b"> second line of it\n")])
    recorder.close()
    assert texts_of(tmp_path) == ["***", "> ***"]


@pytest.mark.fault("F7")
def test_a_torn_last_record_is_cut_and_delivered_again(tmp_path: Path) -> None:
    frames = [out(1, b"one\n"), err(1, b"other\n"), out(2, b"two\n")]
    recorder = opened(tmp_path)
    recorder.write(frames)
    path = tmp_path / "1.log"
    path.write_bytes(path.read_bytes()[:-3])
    again = opened(tmp_path)
    position = again.resume_position()
    assert position == LogPosition(at(1))
    again.write(frames)
    again.close()
    assert texts_of(tmp_path) == ["one", "other", "two"]


def test_everything_from_a_malformed_record_on_is_delivered_again(tmp_path: Path) -> None:
    frames = [out(number, b"line %d\n" % number) for number in range(50)]
    recorder = opened(tmp_path)
    recorder.write(frames)
    recorder.close()
    path = tmp_path / "1.log"
    data = bytearray(path.read_bytes())
    data[1000:1010] = bytes(10)
    path.write_bytes(data)
    again = opened(tmp_path)
    assert 0 < again.lines < 50
    again.write(frames)
    again.close()
    assert texts_of(tmp_path) == [f"line {number}" for number in range(50)]


@pytest.mark.parametrize(
    ("sound", "damaged"),
    [
        (b"m" + at(1) + b" b 0", b"m" + at(1) + b" x 0"),
        (b"m" + at(1) + b" b 0", b"m" + at(1) + b" b X"),
        (b"o" + at(4), b"o9026-91-02T03:04:05.000000004Z"),
        (b"o" + at(4), b"o" + b"-" * 30),
        (b"o" + at(4), b"o" + b"2" * 30),
    ],
)
@pytest.mark.fault("F41")
def test_a_record_that_was_damaged_in_its_place_is_read_past_and_delivered_again(
    tmp_path: Path, sound: bytes, damaged: bytes
) -> None:
    frames = [*mark(1, "b 0"), *(out(number, b"line %d\n" % number) for number in range(3, 10)), *mark(20, "e 0 0")]
    recorder = opened(tmp_path)
    recorder.write(frames)
    recorder.close()
    path = tmp_path / "1.log"
    whole = path.read_bytes()
    assert sound in whole
    path.write_bytes(whole.replace(sound, damaged))
    assert texts_of(tmp_path) == [f"line {number}" for number in range(3, 10)]
    again = opened(tmp_path)
    position = again.resume_position()
    again.write([frame for frame in frames if position is None or frame.at >= position.at])
    again.close()
    assert path.read_bytes() == whole
    assert [step.exit_code for step in again.steps] == [0]


class _FullDisk:
    """Stands between the program and the disk, which takes so many bytes more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = MAX
        self._write = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, fd: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(fd, bytes(data[: self.room]))
        self.room -= written
        return written


@pytest.mark.fault("F41")
@pytest.mark.parametrize("room", [0, 1, 40])
def test_what_a_full_disk_does_not_take_is_written_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    disk = _FullDisk(monkeypatch)
    recorder = opened(tmp_path)
    recorder.write([out(1, b"one\n")])
    disk.room = room
    with pytest.raises(OSError, match="No space"):
        recorder.write([out(2, b"two\n"), err(3, b"three\n")])
    assert texts_of(tmp_path) == ["one"]
    with pytest.raises(OSError, match="No space"):
        recorder.write([out(4, b"not taken\n")])
    disk.room = MAX
    recorder.resume_position()
    recorder.write([out(2, b"two\n"), err(3, b"three\n"), out(4, b"four\n")])
    recorder.close(ended=True)
    assert texts_of(tmp_path) == ["one", "two", "three", "four"]


@pytest.mark.fault("F41")
def test_the_end_of_a_log_waits_for_room_and_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = _FullDisk(monkeypatch)
    recorder = opened(tmp_path)
    recorder.write([out(1, b"one\n"), out(2, b"a rest")])
    disk.room = 0
    recorder.mark_incomplete("the disk was full", NOON)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            recorder.close(ended=True)
    assert not recorder.is_closed
    disk.room = MAX
    recorder.close(ended=True)
    assert texts_of(tmp_path) == ["one", "[output may be missing here: the disk was full]", "a rest"]
    assert not recorder.summary().complete


def test_marks_of_steps_need_no_file_until_there_is_a_line(tmp_path: Path) -> None:
    def frame(body: str) -> LogFrame:
        return LogFrame(1, b"2026-01-02T03:04:05.000000001Z", body.encode())

    begins, ends = frame(f"\x1e{TOKEN} b 0 1.00\n"), frame(f"\x1e{TOKEN} e 0 0 1.00\n")
    recorder = LogRecorder.open(tmp_path, 1, token=TOKEN, max_bytes=20, max_lines=10, is_fresh=True)
    recorder.resume_position()
    for other in ("line\n", f"line\x1e{TOKEN} b 0\n", f"\x1e{TOKEN} b 0", f"\x1e{TOKEN} b x\n", "\x1eother b 0\n"):
        assert not recorder.take_marks([begins, frame(other)])
    assert not recorder.take_marks([begins] * 7)  # more than the limit
    assert not recorder.steps
    assert recorder.take_marks([begins])
    assert [mark.ended for mark in recorder.steps] == [False]
    assert not (tmp_path / "1.log").exists()

    assert recorder.write([frame("half a ")])
    assert not recorder.take_marks([ends])
    assert recorder.write([frame("line\n")])
    assert (tmp_path / "1.log").exists()
    assert not recorder.take_marks([ends])
    recorder.close()
    assert not recorder.take_marks([ends])


@pytest.mark.parametrize("line", ["", "a line\n"])
def test_marks_taken_at_once_are_recorded_as_those_that_are_written(tmp_path: Path, line: str) -> None:
    def frames(second: int, *texts: str) -> list[LogFrame]:
        at = f"2026-01-02T03:04:{second:02}.000000000Z".encode()
        return [LogFrame(stream, at, f"\x1e{TOKEN} {text}\n".encode()) for text in texts for stream in (1, 2)]

    told: dict[str, list[LogGrowth]] = {"at once": [], "written": []}
    records: list[object] = []
    for way, growths in told.items():
        folder = tmp_path / way
        recorder = LogRecorder.open(
            folder, 1, token=TOKEN, max_bytes=100, max_lines=10, on_growth=growths.append, is_fresh=True
        )
        take = recorder.take_marks if way == "at once" else recorder.write
        recorder.resume_position()
        assert take(frames(1, "b 0 1.00", "e 0 3 1.00", "b 1 1.00"))
        assert take(frames(1, "e 1 0 2.00", "a 2 s 2.00"))
        resumed = recorder.resume_position()
        assert not recorder.take_marks(frames(1, "b 1 1.00"))  # known, which `write` counts off
        assert recorder.write(frames(1, "b 0 1.00", "e 0 3 1.00", "b 1 1.00"))
        recorder.write([LogFrame(1, b"2026-01-02T03:04:03.000000000Z", line.encode())] if line else [])
        recorder.close(ended=True)
        files = [path.read_bytes() for path in sorted(folder.glob("*"))]
        records.append((resumed, recorder.steps, recorder.summary(), recorder.is_silent, files))

    assert records[0] == records[1]
    assert told["at once"] == told["written"]
