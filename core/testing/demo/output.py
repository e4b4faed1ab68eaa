"""What the jobs of the demo home printed: a few lines for most, a million for one, and what no page may fall for."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from core.logs.recorder import LogRecorder
from core.records.log import LogFrame
from core.testing.demo.history import last_lines
from core.testing.demo.story import token_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from core.logs.markers import StepMarks
    from core.records.log import LogSummary
    from core.testing.demo.story import Story

_OUT: Final = 1
_ERR: Final = 2
_TOGETHER: Final = 20_000
_MOST_BYTES: Final = 2**40
_MOST_LINES: Final = 100_000_000
_A_SECOND: Final = 1400
"""Lines that the long job prints in one."""
_LONG_LINE: Final = 1024 * 1024
_GROUP: Final = 50_000
"""Lines from one group's beginning to the next one's end."""


def _cycle() -> tuple[bytes, bytes]:
    """Fifty lines of the long job, each with a place for its number, and the stream of each."""
    lines: list[bytes] = []
    streams = bytearray()
    for place in range(1, 51):
        module = ("engine", "loader", "cache", "http", "index", "worker", "merge")[place % 7].encode()
        line = (
            b"\x1b[32mPASS\x1b[0m  test_case_%%d (0.%03d s)" % (place * 17),
            b"\x1b[36mINFO\x1b[0m  \x1b[2mcore/%b.py:%d\x1b[0m processed batch %%d" % (module, place * 7),
            b"\x1b[90mDEBUG\x1b[0m cache hit for key \x1b[38;5;%dmitem:%%d\x1b[0m" % (16 + place * 4),
            b"\x1b[33mWARN\x1b[0m  \x1b[1mslow query\x1b[0m %%d took %d ms" % (place * 21),
            b"\x1b[38;2;%d;120;200mtrace\x1b[0m span %%d ended" % (place * 5),
        )[place % 5]
        if place == 33:
            line = b"\x1b[31mERROR\x1b[0m FAIL test_case_%d - AssertionError: expected 200, got 503"
        elif place == 7:
            line = b"loading  10%%\rloading  55%%\rloading 100%% of part %d"
        lines.append(line)
        streams.append(_ERR if place in {33, 43} else _OUT)
    return b"\n".join(lines), bytes(streams)


_CYCLE, _STREAMS = _cycle()
_SECOND: Final = b"\n".join([_CYCLE] * (_A_SECOND // len(_STREAMS)))
_FRACTIONS: Final = tuple(b"%09dZ" % (place * 714_000) for place in range(_A_SECOND))


def write_log(folder: Path, story: Story, frames: Iterable[LogFrame]) -> tuple[LogSummary, tuple[StepMarks, ...]]:
    """Record what a job printed, by the engine's own recorder; in a thread, since it blocks.

    Args:
        folder: The job's log folder.
        story: The job; the log is that of its last attempt.
        frames: What it printed.

    Returns:
        What the job's record says of its log, and what the log tells of the steps.
    """
    token = token_of(story.job_id) if story.spec.has_steps else ""
    attempt = len(story.earlier) + 1
    recorder = LogRecorder.open(folder, attempt, token=token, max_bytes=_MOST_BYTES, max_lines=_MOST_LINES)
    try:
        source = iter(frames)
        while some := list(islice(source, _TOGETHER)):
            recorder.write(some)
        return recorder.summary(), recorder.steps
    finally:
        recorder.close(ended=True)


def ordinary_output(story: Story) -> Iterator[LogFrame]:
    """Some lines a step, and why it failed if it did."""
    token = token_of(story.job_id)
    for step in story.steps:
        if step.started_at is None or step.finished_at is None:
            continue
        title = step.title.encode()
        yield from marked(step.started_at, token, f"b {step.index}")
        lines = [b"+ " + title, *(b"  %b: part %d of 6 done" % (title.split()[0], part) for part in range(1, 7))]
        span = (step.finished_at - step.started_at) / (len(lines) + 2)
        for number, line in enumerate(lines, 1):
            yield LogFrame(_OUT, time_of(step.started_at + span * number), line + b"\n")
        end = step.finished_at - span / 2
        for line in last_lines(story) if step.status == "failed" else ():
            yield LogFrame(_ERR, time_of(end), b"\x1b[31m%b\x1b[0m\n" % line.encode())
        yield from marked(step.finished_at, token, f"e {step.index} {step.exit_code or 0}")


def long_output(lines: int, began_at: datetime) -> Iterator[LogFrame]:
    """So many lines: colours of every kind, groups, progress over itself, warnings and errors, both streams."""
    streams = _STREAMS * (_A_SECOND // len(_STREAMS))
    for first in range(1, lines + 1, _A_SECOND):
        second = time_of(began_at + timedelta(seconds=first // _A_SECOND))[:20]
        texts = (_SECOND % tuple(range(first, first + _A_SECOND))).split(b"\n")
        for number in range(first + -first % _GROUP, first + _A_SECOND, _GROUP):
            ends = b"::endgroup::" if number % (2 * _GROUP) == 0 else b"::group::part %d" % number
            texts[number - first] = ends
        left = lines - first + 1
        told = streams
        if left <= _A_SECOND:
            told = streams[: left - 1] + bytes([_ERR])
            texts[left - 1] = b"\x1b[1;31mFAILED\x1b[0m: %d of %d cases" % (lines // 50, lines)
        ats, lines_of_it = map(second.__add__, _FRACTIONS), (text + b"\n" for text in texts)
        yield from map(LogFrame._make, zip(told, ats, lines_of_it, strict=False))


def hostile_output(began_at: datetime) -> Iterator[LogFrame]:
    """What a page has to show as text and must not follow."""
    texts = (
        b"<script>document.title = 'taken'</script>",
        b'<img src=x onerror="document.title = 1">',
        b"\x1b]0;a title from the log\x07 sets the title of a terminal",
        b"\x1b]8;;https://example.invalid/\x1b\\a link from the log\x1b]8;;\x1b\\",
        b"\x1b[2J\x1b[H clears a screen, \x1b[?1049h takes another one",
        "a right-to-left override: \u202egnp.exe".encode(),
        "a zero width\u200bspace and a soft\u00adhyphen".encode(),
        b"bytes that are no text: \xff\xfe\x80",
        b"::error file=app.js,line=1::a workflow command from the log",
        b"{{ 7 * 7 }} ${{ secrets.TOKEN }} {% include 'x' %}",
        b"a line of a mebibyte: " + b"0123456789abcdef" * (_LONG_LINE // 16),
        b"the last line",
    )
    for number, text in enumerate(texts):
        yield LogFrame(_OUT, time_of(began_at + timedelta(seconds=number)), text + b"\n")


def marked(at: datetime, token: str, words: str) -> Iterator[LogFrame]:
    """What the program that runs steps prints to both streams when one begins or ends."""
    for stream in (_OUT, _ERR):
        yield LogFrame(stream, time_of(at), f"\x1e{token} {words}\n".encode())


def time_of(moment: datetime) -> bytes:
    """A moment as frames have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode("ascii")
