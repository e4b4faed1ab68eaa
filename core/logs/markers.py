"""Where steps begin and end in the output.

The program that runs a job's steps prints a line to both streams when a step begins and when it ends: the
character RS, the attempt's token, and ``b STEP UPTIME`` or ``e STEP CODE UPTIME``. Each stream tells its own lines'
step, because the order between the two streams is not kept. ``a STEP STANDING UPTIME`` says that the program asks
whether a step is to run, and waits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.frozen import quickly_made
from core.logs.framing import (
    CONTINUED,
    GAP,
    LINE,
    MARKER,
    STDERR,
    STDOUT,
    STEP,
    UNENDED,
    UNENDED_MARKER,
    to_datetime,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.records.log import LogFrame

RS: Final = b"\x1e"
MAX_MARKER: Final = 128
"""No marker is longer than this, in bytes."""

_FORM: Final = re.compile(rb" (b [0-9]{1,3}|e [0-9]{1,3} [0-9]{1,3}|a [0-9]{1,3} [a-z])(?: [0-9.]{1,20})?")
"""What follows on a marker's lead."""

_WHOLE_LINE: Final = re.compile(_FORM.pattern + rb"\n")
"""The same of a line that is nothing but a marker."""

_BODY: Final = re.compile(rb"b [0-9]{1,3}|e [0-9]{1,3} [0-9]{1,3}|a [0-9]{1,3} [a-z]")
"""What a record of a marker holds."""

_LINES: Final = {stream: (LINE[stream], CONTINUED[stream], UNENDED[stream]) for stream in (STDOUT, STDERR)}
_MARKED: Final = {kind: stream for kinds in (MARKER, UNENDED_MARKER, STEP) for stream, kind in kinds.items()}


@quickly_made
@dataclass(frozen=True, slots=True)
class StepMarks:
    """What the log tells of a step.

    Attributes:
        index: From 0.
        began_line: The number the next line had when the step began.
        first_line: Its first line; None while it has printed nothing.
        last_line: Its last line so far.
        exit_code: Once it ended.
        ended: Whether its end was seen.
        began_at: When its beginning was seen; None if that was in a gap.
        ended_at: When its end was seen.
    """

    index: int
    began_line: int
    first_line: int | None
    last_line: int | None
    exit_code: int | None
    ended: bool
    began_at: datetime | None
    ended_at: datetime | None


class MarkerGrammar:
    """Finds the markers of one attempt.

    Args:
        token: 32 hexadecimal digits; empty for an attempt without steps, in which nothing is a marker.
    """

    def __init__(self, token: str) -> None:
        self.lead = RS + token.encode("ascii") if token else b""
        """How every marker begins; empty when there are none."""

    def split(self, line: bytes) -> tuple[bytes, bytes | None]:
        """Part a line (without its newline) in the text and the marker at its end, such as ``e 0 3``, if any."""
        if not self.lead:
            return line, None
        place = line.rfind(self.lead)
        match = _FORM.fullmatch(line, place + len(self.lead)) if place >= 0 else None
        return (line, None) if match is None else (line[:place], match[1])

    def may_be_in(self, bodies: Iterable[bytes]) -> bool:
        """Whether there is a marker among these for all that a quick look tells."""
        return bool(self.lead) and self.lead in b"".join(bodies)

    def mark_alone(self, body: bytes) -> bytes | None:
        """The marker, such as ``e 0 3``, of a frame's body that is a line of it and nothing else; None for others."""
        if not (self.lead and body.startswith(self.lead)):
            return None
        match = _WHOLE_LINE.fullmatch(body, len(self.lead))
        return None if match is None else match[1]

    def steps_ending_in(self, frames: Iterable[LogFrame]) -> dict[int, bytes]:
        """The step that each stream is in where these frames begin: the one that ends first in them."""
        firsts: dict[int, list[bytes]] = {}
        for frame in frames:
            marker = self.split(frame.body.rstrip(b"\n"))[1]
            if marker is not None:
                firsts.setdefault(frame.stream, marker.split(b" "))
        return {stream: words[1] for stream, words in firsts.items() if words[0] == b"e"}


@lru_cache(maxsize=512)  # the steps of most jobs are numbered alike
def _read(body: bytes) -> tuple[bytes, int, int | None] | None:
    """A marker's word, step and exit code; None for what holds none."""
    if _BODY.fullmatch(body) is None:
        return None
    word, number, *code = body.split(b" ")
    return word, int(number), int(code[0]) if word == b"e" else None


def is_sound(kind: bytes, body: bytes) -> bool:
    """Whether a record holds what one of its kind should: anything, but for markers."""
    return kind not in _MARKED or _read(body) is not None


def step_after(kind: bytes, body: bytes) -> int | None:
    """The step a stream is in after a record of kind `MARKER` or `STEP`; None outside steps."""
    told = _read(body) if kind in _MARKED else None
    return told[1] if told is not None and told[0] == b"b" else None


@dataclass(slots=True)
class _Marks:
    began_line: int
    began_at: bytes | None
    first_line: int | None = None
    last_line: int | None = None
    exit_code: int | None = None
    ended_at: bytes | None = None


class StreamSteps:
    """The step each stream is in, told record by record."""

    def __init__(self, stdout: int | None = None, stderr: int | None = None) -> None:
        self.of: dict[bytes, int | None] = {}
        """The step by the kind of a line's record."""
        self.enter(STDOUT, stdout)
        self.enter(STDERR, stderr)

    @property
    def stdout(self) -> int | None:
        """The step stdout is in."""
        return self.of[b"o"]

    @property
    def stderr(self) -> int | None:
        """The step stderr is in."""
        return self.of[b"e"]

    def take(self, kind: bytes, body: bytes) -> None:
        """Take notice of a record that is no line of output."""
        if kind in _MARKED:
            self.enter(_MARKED[kind], step_after(kind, body))
        elif kind == GAP:
            self.enter(STDOUT, None)
            self.enter(STDERR, None)

    def enter(self, stream: int, step: int | None) -> None:
        """From here on a stream is in a step, or in none."""
        for kind in _LINES[stream]:
            self.of[kind] = step


class StepTracker:
    """What all markers of a log tell.

    A job can forge markers of its own attempt; that deceives only about itself. Step numbers have at most three
    digits, so that no job can make this grow.
    """

    def __init__(self) -> None:
        self.streams = StreamSteps()
        self._steps: dict[int, _Marks] = {}

    def marks(self) -> tuple[StepMarks, ...]:
        """What is known of each step, by index; may be called from another thread than the rest."""
        return tuple(
            [
                StepMarks(
                    index=index,
                    began_line=step.began_line,
                    first_line=step.first_line,
                    last_line=step.last_line,
                    exit_code=step.exit_code,
                    ended=step.ended_at is not None,
                    began_at=to_datetime(step.began_at) if step.began_at else None,
                    ended_at=to_datetime(step.ended_at) if step.ended_at else None,
                )
                for index, step in sorted(self._steps.items())
            ]
        )

    def take(self, kind: bytes, at: bytes, body: bytes, next_line: int) -> None:
        """Take notice of a record that is no line of output.

        Args:
            kind: Its kind.
            at: Its time.
            body: Its body.
            next_line: The number the next line will have.
        """
        stream = _MARKED.get(kind)
        told = None if stream is None else _read(body)
        if stream is None or told is None:
            self.streams.take(kind, body)
            return
        word, index, code = told
        begins = word == b"b"
        self.streams.enter(stream, index if begins else None)
        step = self._steps.get(index)
        if step is None and word != b"a":
            seen = at if begins and kind not in STEP.values() else None
            step = self._steps[index] = _Marks(next_line, seen)
        if step is not None and word == b"e" and step.ended_at is None:
            step.exit_code, step.ended_at = code, at

    def lines(self, kind: bytes, first: int, last: int) -> None:
        """Lines of one stream, among those from ``first`` to ``last``, belong to the step that stream is in.

        Args:
            kind: Of their records.
            first: The first such line.
            last: The last such line.
        """
        index = self.streams.of[kind]
        if index is None:
            return
        step = self._steps[index]
        # both streams may be in one step, and lines that came together are told stream by stream
        step.first_line = first if step.first_line is None else min(step.first_line, first)
        step.last_line = last if step.last_line is None else max(step.last_line, last)
