"""Whatever is cut off and delivered again, the log has every line once."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from core.logs.reader import LogReader
from core.logs.recorder import LogRecorder
from core.records.log import LogFrame, LogLine, LogPosition
from core.redaction import needles

if TYPE_CHECKING:
    from core.logs.markers import StepMarks
    from core.records.log import LogSummary

TOKEN = b"f" * 32
SECRET = b"open sesame, please"
MARKERS = (b"b 0 1.00", b"e 0 0 2.00", b"b 1 3.00", b"e 1 7 4.00")
BODIES = (
    b"",
    b"ordinary line",
    b"\xff\xfe not utf-8 \x80",
    b"10%\r20%\r",
    b"\x1e forged",
    b"\x1e" + TOKEN + b" b 0 1.00 trailing",
    b"it says " + SECRET + b"!",
    SECRET[:7],
    b"l" * 20_000,
    b"x" * 65_530 + SECRET + b"y" * 70_000,
    *(b"\x1e" + TOKEN + b" " + marker for marker in MARKERS),
    *(b"text\x1e" + TOKEN + b" " + marker for marker in MARKERS),
)


@dataclass(frozen=True)
class Story:
    """What a container wrote, as its engine delivers it, and how it reaches us."""

    frames: tuple[LogFrame, ...]
    seed: int

    def since(self, position: LogPosition | None) -> list[LogFrame]:
        """What is delivered from a position on."""
        return [frame for frame in self.frames if position is None or frame.at >= position.at]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Two streams with their own order of times, cut at 16 KiB, merged any way."""
    queues: list[list[LogFrame]] = []
    for stream in (1, 2):
        lines = draw(st.lists(st.tuples(st.sampled_from(BODIES), st.integers(0, 2)), max_size=12))
        unended = draw(st.booleans())
        tick, queue = 0, list[LogFrame]()
        for place, (body, step) in enumerate(lines):
            tick += step
            whole = body if unended and place == len(lines) - 1 else body + b"\n"
            at = b"2026-01-02T03:04:05.%09dZ" % tick
            queue += [LogFrame(stream, at, whole[cut : cut + 16_384]) for cut in range(0, len(whole), 16_384)]
        queues.append(queue)
    seed = draw(st.integers(0, 1 << 32))
    chooser = random.Random(seed)  # noqa: S311 - replayed, not secret
    order = [0] * len(queues[0]) + [1] * len(queues[1])
    chooser.shuffle(order)
    iterators = [iter(queue) for queue in queues]
    return Story(tuple(next(iterators[which]) for which in order), seed)


Told = tuple[tuple[LogLine, ...], "tuple[StepMarks, ...]", "LogSummary"]


def opened(folder: Path, limits: tuple[int, int]) -> LogRecorder:
    return LogRecorder.open(
        folder,
        1,
        token=TOKEN.decode(),
        max_bytes=limits[0],
        max_lines=limits[1],
        needles=needles([SECRET]),
    )


def deliver(recorder: LogRecorder, frames: list[LogFrame], chooser: random.Random) -> None:
    while frames:
        size = chooser.choice((1, 2, 5, 1000))
        if not recorder.write(frames[:size]):
            return
        frames = frames[size:]


def told(folder: Path, recorder: LogRecorder) -> Told:
    lines = LogReader(folder, 1).read(1, max_lines=1 << 20, max_bytes=1 << 30).lines
    return lines, recorder.steps, recorder.summary()


def uninterrupted(folder: Path, story: Story, limits: tuple[int, int]) -> tuple[Told, bytes]:
    recorder = opened(folder, limits)
    deliver(recorder, list(story.frames), random.Random(story.seed))  # noqa: S311 - replayed, not secret
    crashed = (folder / "1.log").read_bytes()
    recorder.close(ended=True)
    return told(folder, recorder), crashed


@given(
    story=stories(),
    cuts=st.lists(st.floats(0, 1), min_size=1, max_size=3),
    gently=st.booleans(),
    limits=st.sampled_from([(1 << 30, 1 << 20), (3000, 1 << 20), (1 << 30, 4)]),
)
@settings(deadline=None, max_examples=100)
def test_cut_anywhere_and_delivered_again_the_log_is_as_if_never_interrupted(
    story: Story, cuts: list[float], gently: bool, limits: tuple[int, int]
) -> None:
    chooser = random.Random(story.seed)  # noqa: S311 - replayed, not secret
    with tempfile.TemporaryDirectory() as name:
        expected, crashed = uninterrupted(Path(name, "whole"), story, limits)
        folder = Path(name, "cut")
        folder.mkdir()
        data = crashed
        for cut in cuts:
            (folder / "1.log").write_bytes(data[: round(cut * len(data))])
            recorder = opened(folder, limits)
            rest = story.since(recorder.resume_position())
            deliver(recorder, rest[: chooser.randrange(len(rest) + 1)], chooser)
            data = (folder / "1.log").read_bytes()
            recorder.close(ended=gently)
            if gently:
                data = (folder / "1.log").read_bytes()
        (folder / "1.log").write_bytes(data)
        recorder = opened(folder, limits)
        deliver(recorder, story.since(recorder.resume_position()), chooser)
        recorder.close(ended=True)
        assert told(folder, recorder) == expected


@given(story=stories(), breaks=st.lists(st.floats(0, 1), min_size=1, max_size=4))
@settings(deadline=None, max_examples=50)
def test_attachments_that_break_off_are_continued_by_the_same_recorder(story: Story, breaks: list[float]) -> None:
    chooser = random.Random(story.seed)  # noqa: S311 - replayed, not secret
    limits = (1 << 30, 1 << 20)
    with tempfile.TemporaryDirectory() as name:
        expected, _ = uninterrupted(Path(name, "whole"), story, limits)
        recorder = opened(Path(name, "broken"), limits)
        for share in breaks:
            frames = story.since(recorder.resume_position())
            deliver(recorder, frames[: round(share * len(frames))], chooser)
        deliver(recorder, story.since(recorder.resume_position()), chooser)
        recorder.close(ended=True)
        assert told(Path(name, "broken"), recorder) == expected


@given(story=stories())
@settings(deadline=None, max_examples=50)
def test_no_secret_reaches_the_file_however_it_was_cut(story: Story) -> None:
    with tempfile.TemporaryDirectory() as name:
        uninterrupted(Path(name), story, (1 << 30, 1 << 20))
        assert SECRET not in Path(name, "1.log").read_bytes()
