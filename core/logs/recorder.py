"""Writes an attempt's log: every line once, up to a limit, whatever is cut off or comes again."""

from __future__ import annotations

import threading
from contextlib import suppress
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from core.logs.attachment import Attachment
from core.logs.framing import (
    END,
    GAP,
    HEADER,
    INCOMPLETE,
    JOINED,
    LIMIT,
    LINE,
    MARKERS,
    MAX_LINE,
    NO_TIME,
    NOTE,
    STDERR,
    STDOUT,
    STEP,
    UNENDED_LIMIT,
    Record,
    encode,
    from_datetime,
)
from core.logs.log_file import LogFile
from core.logs.markers import MarkerGrammar
from core.logs.recovery import recover
from core.logs.state import LogState
from core.logs.unwritten import Unwritten
from core.records.log import LogPosition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from core.logs.markers import StepMarks
    from core.records.log import LogFrame, LogSummary

_SLICE: Final = 256
_CLOSE_LOOK: Final = 8  # frames taken one by one when there is something among them that is no plain line
_SLICE_BYTES: Final = 96 * 1024
_MAX_NOTE: Final = 4000
_KINDS: Final = (b"", LINE[STDOUT], LINE[STDERR])
_NEWLINE: Final = ord("\n")
_last_byte: Final = itemgetter(-1)


class LogGrowth(NamedTuple):
    """Told after a write that changed something."""

    lines: int
    """Lines there are now."""
    steps_changed: bool
    """Whether a step began or ended."""


def _ignore_growth(growth: LogGrowth) -> None:
    """For a recorder nobody watches."""


class LogRecorder:
    """Appends an attempt's output to its file. Made by `open`.

    May be used from several threads; frames come from one. An `OSError` while writing (a full disk) loses nothing: what
    could not be written is kept, and goes before what comes next.

    An attachment to the container's output begins with `resume_position`, whose answer says from where the container
    engine must deliver; `write` passes over what was recorded before.
    """

    def __init__(
        self,
        file: LogFile,
        state: LogState,
        *,
        grammar: MarkerGrammar,
        limits: tuple[int, int],
        needles: frozenset[bytes],
        on_growth: Callable[[LogGrowth], None],
    ) -> None:
        """Use `open`."""
        self._file = file
        self._state = state
        self._grammar = grammar
        self._max_bytes, self._max_lines = limits
        self._needles = tuple(needles)
        self._on_growth = on_growth
        self._unwritten = Unwritten(file, state)
        self._told_lines = state.lines
        self._steps_changed = False
        self._is_ending = False
        self._closed = False
        self._writing = threading.Lock()
        self._begins = False
        self._is_silent = not file.is_open
        self._attachment = self._attach()

    @classmethod
    def open(
        cls,
        folder: Path,
        attempt: int,
        *,
        token: str = "",
        max_bytes: int,
        max_lines: int,
        needles: frozenset[bytes] = frozenset(),
        on_growth: Callable[[LogGrowth], None] = _ignore_growth,
        is_fresh: bool = False,
    ) -> LogRecorder:
        """Open an attempt's log to write it, or to go on writing it after a crash.

        Args:
            folder: The job's log folder; made with mode 0700.
            attempt: The attempt's number.
            token: Marks the attempt's step lines; empty for a job without steps.
            max_bytes: Bytes of output kept from the start.
            max_lines: Lines kept from the start.
            needles: Secrets, as `core.redaction.needles` makes them.
            on_growth: Called after each write that added lines or changed steps, in the writing thread.
            is_fresh: Nothing was ever written of this attempt: then nothing is looked for, and no file is made before
                there is something to write.
        """
        fd, state = (None, LogState()) if is_fresh else recover(folder, attempt)
        file, grammar, limits = LogFile(folder, attempt, fd), MarkerGrammar(token), (max_bytes, max_lines)
        return cls(file, state, grammar=grammar, limits=limits, needles=needles, on_growth=on_growth)

    @property
    def lines(self) -> int:
        """Lines there are."""
        return self._state.lines

    @property
    def is_full(self) -> bool:
        """Whether the limit was reached, so that only `append_tail` and notes can add lines."""
        return self._state.limited

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def is_silent(self) -> bool:
        """Whether there was nothing to write but marks of steps: without a line no file is made for them."""
        return self._is_silent

    @property
    def steps(self) -> tuple[StepMarks, ...]:
        """What the log tells of the steps that began so far."""
        return self._state.steps.marks()

    def summary(self) -> LogSummary:
        """What the job's record says of this log."""
        return self._state.summary()

    def resume_position(self) -> LogPosition | None:
        """Begin an attachment: from where output must be delivered now, None for its very start.

        Call it before each attachment and only then: the next frames are taken to begin at this position.
        """
        self._begins = True
        cursors = tuple(self._state.cursors.values())
        return LogPosition(min(cursor.at for cursor in cursors)) if len(cursors) == 2 else None

    def write(self, frames: Sequence[LogFrame]) -> bool:
        """Record frames in the order they were delivered.

        Returns:
            Whether more can be taken; False once the limit is reached or the recorder is closed.

        Raises:
            OSError: The disk is full or failing. Nothing was taken, or all of it and then it is kept until it can be
                written: an attachment that goes on from `resume_position` is right in either case.
        """
        with self._writing:
            if self.is_full or self._closed:
                return False
            self._flush()
            self._begin_attachment()
            frames = self._attachment.fresh(frames)
            for start in range(0, len(frames), _SLICE):
                if not self._write_slice(frames[start : start + _SLICE]):
                    break
            self._flush()
            return not self.is_full

    def take_marks(self, frames: Sequence[LogFrame]) -> bool:
        """Do at once, in memory, what `write` would: with a few marks of steps in a log without a line.

        Returns:
            Whether they are recorded; otherwise nothing was done, and they are for `write`.
        """
        if not self._is_silent or len(frames) > _CLOSE_LOOK or not self._writing.acquire(blocking=False):
            return False
        try:
            if self.is_full or self._closed:
                return False
            self._begin_attachment()
            records = self._attachment.marks_alone(frames)
            if not records or not self._fits(0, sum([len(body) for _, _, body in records])):
                return False
            for record in records:
                self._put(record)
            self._tell_growth()
            return True
        finally:
            self._writing.release()

    def note(self, text: str, at: datetime) -> None:
        """Add a line of the engine's own.

        Args:
            text: What it says; on one line, at most 4,000 bytes of it.
            at: When.
        """
        self._put_note(NOTE, from_datetime(at), text)

    def mark_incomplete(self, why: str, at: datetime | None = None) -> None:
        """Add a line saying that output may be missing here, and say so in the summary.

        Args:
            why: Such as ``the container engine was restarted``.
            at: When; None takes the time of the latest output.
        """
        moment = from_datetime(at) if at else self._state.latest
        self._put_note(INCOMPLETE, moment, f"[output may be missing here: {why}]")

    def append_tail(self, frames: Sequence[LogFrame]) -> None:
        """Add the last output of an attempt that has ended and whose log is full; nothing if it is not full.

        What was recorded before is passed over. A line tells what is left out between head and tail, unless nothing
        is. May be called again after a crash, with the same frames.

        Args:
            frames: The last frames of the container's output.
        """
        with self._writing:
            if self._state.limited:
                self._attachment = self._attach()
                self._put_tail(frames)
                self._flush_if_possible()

    def close(self, *, ended: bool = False) -> None:
        """Write out everything and close the files; more than once is the same as once.

        Output without a final newline is recorded as it stands. If the log is opened again, that is undone, and the
        container engine must deliver it again.

        Args:
            ended: The attempt is over and all its output was written: followers end here.

        Raises:
            OSError: The disk is full or failing. With ``ended`` the recorder stays open: close it again.
        """
        with self._writing:
            if self._closed:
                return
            is_done = not ended
            try:
                self._end(ended=ended)
                self._flush()
                self._file.sync()
                is_done = True
            finally:
                if is_done:
                    self._closed = True
                    self._file.close()

    def _end(self, *, ended: bool) -> None:
        """Put what is left of the output, once."""
        if self._is_ending:
            return
        self._is_ending = True
        for record in self._attachment.rests():
            if self.is_full:
                self._put(record)
            else:
                self._admit(record, limit=UNENDED_LIMIT)
        if ended:
            self._unwritten.add(encode(END, NO_TIME, b""))

    def _attach(self) -> Attachment:
        return Attachment(self._state.cursors, self._grammar, self._needles)

    def _begin_attachment(self) -> None:
        if self._begins:
            self._begins, self._attachment = False, self._attach()

    def _write_slice(self, frames: Sequence[LogFrame]) -> bool:
        streams, ats, bodies = zip(*frames, strict=True)
        if sum(map(len, bodies)) <= _SLICE_BYTES or len(frames) == 1:
            is_small = len(frames) <= _CLOSE_LOOK
            if not (is_small and self._grammar.may_be_in(bodies)) and self._write_lines(bytes(streams), ats, bodies):
                return True
            if is_small:
                return all(self._admit(record) for frame in frames for record in self._attachment.records(frame))
        half = len(frames) // 2
        return self._write_slice(frames[:half]) and self._write_slice(frames[half:])

    def _write_lines(self, streams: bytes, ats: Sequence[bytes], bodies: Sequence[bytes]) -> bool:
        """Record whole lines all at once; False, with nothing done, when some need a closer look."""
        blob = b"".join(chain.from_iterable(zip(map(_KINDS.__getitem__, streams), ats, repeat(b" "), bodies)))
        count = len(streams)
        size = len(blob) - HEADER * count
        if (
            blob.count(b"\n") != count
            or not all(bodies)
            or set(map(_last_byte, bodies)) != {_NEWLINE}
            or (size > MAX_LINE and max(map(len, bodies)) > MAX_LINE)
            or not self._fits(count, size)
            or not all(map(self._attachment.is_plain, set(streams)))
            or self._grammar.may_be_in((blob,))
            or any(needle in blob for needle in self._needles)
        ):
            return False
        self._is_silent = False
        self._state.take_lines(streams, ats, size)
        self._unwritten.add(blob)
        return True

    def _fits(self, lines: int, size: int) -> bool:
        return self._state.lines + lines <= self._max_lines and self._state.charged + size <= self._max_bytes

    def _admit(self, record: Record, *, limit: bytes = LIMIT) -> bool:
        """Record it if it is within the limit; else record, as ``limit``, that this was reached."""
        is_marker = record.kind in MARKERS
        fits = self._fits(0, len(record.body)) if is_marker else self._fits(1, len(record.body) + 1)
        if fits:
            self._put(record)
        else:
            self._put(Record(limit, record.at, b""))
            self._attachment = self._attach()
        return fits

    def _put(self, record: Record) -> None:
        self._state.take(*record)
        self._unwritten.add(encode(*record))
        is_mark = record.kind in MARKERS
        self._steps_changed |= is_mark
        self._is_silent &= is_mark

    def _put_tail(self, frames: Sequence[LogFrame]) -> None:
        state, fresh = self._state, self._attachment.fresh(frames)
        if not (state.gap or state.joined):
            if self._attachment.overlaps(frames):
                self._put(Record(JOINED, state.latest, b""))
            else:
                self._put_gap(fresh)
        for frame in fresh:
            for record in self._attachment.records(frame):
                self._put(record)

    def _put_gap(self, tail: Sequence[LogFrame]) -> None:
        state = self._state
        since, number = state.limit_at, state.limit_line
        until = f"to {tail[0].at.decode()}; the last lines follow" if tail else "on"
        text = f"[log limit reached: output after line {number} is not kept, from {since.decode()} {until}]"
        self._put(Record(GAP, since, text.encode()))
        for stream, step in self._grammar.steps_ending_in(tail).items():
            self._put(Record(STEP[stream], since, b"b " + step))

    def _put_note(self, kind: bytes, at: bytes, text: str) -> None:
        body = b" ".join(text.encode("utf-8", "replace").splitlines())
        with self._writing:
            self._put(Record(kind, at, body[:_MAX_NOTE]))
            self._flush_if_possible()

    def _flush_if_possible(self) -> None:
        """Write out what is pending, or leave it for the next call: what was put is not put again."""
        with suppress(OSError):
            self._flush()

    def _flush(self) -> None:
        """Write out what is pending and tell the watcher.

        Raises:
            OSError: The disk is full or failing; it is still pending.
            ValueError: The recorder is closed.
        """
        if self._closed:
            raise ValueError("the log recorder is closed")
        if not self._is_silent:
            self._unwritten.write()
        self._tell_growth()

    def _tell_growth(self) -> None:
        """Tell the watcher what changed since it was told last."""
        if self.lines != self._told_lines or self._steps_changed:
            growth = LogGrowth(self.lines, self._steps_changed)
            self._told_lines, self._steps_changed = self.lines, False
            self._on_growth(growth)
