"""Reads an attempt's log, finished or growing, by line, by time or by pattern.

Every call opens the file, finds its place through the sparse index and reads no more than it needs; nothing is held
between calls. Calls block: they are made in worker threads.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import portable
from core.clock import to_microseconds
from core.logs.framing import (
    CONTINUED,
    END,
    GAP,
    INCOMPLETE,
    NAME_OF,
    blocks,
    from_datetime,
    index_path,
    log_path,
    to_datetime,
)
from core.logs.index import last_entry
from core.logs.markers import StreamSteps
from core.logs.recovery import is_ended
from core.records.log import LogLine

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from core.logs.index import IndexEntry
    from core.logs.search import LogPattern
    from core.records.log import Stream

SCAN_BYTES: Final = 16 * 1024 * 1024
"""A call reads no more than this much text in search of lines that were asked for."""
_CONTINUED: Final = frozenset(CONTINUED.values())
_GAPS: Final = frozenset({GAP, INCOMPLETE})


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Some lines of a log.

    Attributes:
        lines: In order.
        next_line: Where to read on.
        at_end: Whether nothing stood beyond them when they were read; False also when the call had read enough.
        ended: Whether nothing will ever stand beyond them.
    """

    lines: tuple[LogLine, ...]
    next_line: int
    at_end: bool
    ended: bool = False


@dataclass(frozen=True, slots=True)
class LogMatches:
    """What a search found.

    Attributes:
        lines: Lines that match and the lines around them, in order, each once.
        matched: Numbers of those that match.
        next_line: Where to search on.
        at_end: Whether the search came to the present end of the log.
    """

    lines: tuple[LogLine, ...]
    matched: tuple[int, ...]
    next_line: int
    at_end: bool


RawLine = tuple[int, bytes, bytes, bytes, int | None]
"""Number, kind, time, body and step of a line; a plain tuple, because a search passes millions."""


class _Wanted:
    """Which lines are asked for."""

    def __init__(self, streams: Collection[Stream] | None, step: int | None) -> None:
        self._kinds = frozenset(kind for kind, name in NAME_OF.items() if streams is None or name in streams)
        self._step = step

    def takes(self, line: RawLine) -> bool:
        return line[1] in self._kinds and (self._step is None or line[4] == self._step)


class LineScan:
    """The lines from an index entry on.

    Args:
        fd: The log file.
        entry: Where to begin.
        end: Offset to stop at; None reads to the end.
        first_line: Lines before this one are passed over.
    """

    def __init__(self, fd: int, entry: IndexEntry, end: int | None = None, first_line: int = 1) -> None:
        self._fd, self._entry, self._end, self._first_line = fd, entry, end, first_line
        self.next_line = entry.line
        """One more than the number of the last line passed."""
        self.ended = False
        """Whether the last record passed said that nothing follows."""

    def __iter__(self) -> Iterator[RawLine]:
        steps = StreamSteps(self._entry.stdout_step, self._entry.stderr_step)
        step_of, number = steps.of, self._entry.line
        for block in blocks(self._fd, self._entry.offset, self._end):
            for kind, at, body in block.records:
                if kind in step_of:
                    number += 1
                    if number > self._first_line:
                        yield number - 1, kind, at, body, step_of[kind]
                    continue
                steps.take(kind, body)
                if kind in NAME_OF:
                    number += 1
                    if number > self._first_line:
                        yield number - 1, kind, at, body, None
            self.next_line = number
            self.ended = block.records[-1][0] == END


class LogReader:
    """Reads the log of one attempt; a log that does not exist is an empty one.

    Args:
        folder: The job's log folder.
        attempt: The attempt's number.
    """

    def __init__(self, folder: Path, attempt: int) -> None:
        self._folder = folder
        self._attempt = attempt
        self._index = index_path(folder, attempt)

    def total_lines(self) -> int:
        """How many lines there are now."""
        with self._open() as (fd, size):
            if fd is None:
                return 0
            scan = LineScan(fd, last_entry(self._index, size))
            deque(scan, maxlen=0)
            return scan.next_line - 1

    def is_ended(self) -> bool:
        """Whether nothing will be added any more."""
        return is_ended(self._folder, self._attempt)

    def read(
        self,
        first_line: int,
        *,
        max_lines: int = 1000,
        max_bytes: int = 1024 * 1024,
        streams: Collection[Stream] | None = None,
        step: int | None = None,
    ) -> LogSlice:
        """Lines from a number on.

        Args:
            first_line: The first to read; 1 is the log's first.
            max_lines: At most so many.
            max_bytes: At most so many bytes of text; a longer single line is returned all the same.
            streams: Only lines of these.
            step: Only lines of this step.
        """
        wanted = _Wanted(streams, step)
        taken: list[RawLine] = []
        size = passed = 0
        with self._open() as (fd, log_size):
            if fd is None:
                return LogSlice((), first_line, at_end=True)
            scan = LineScan(
                fd, last_entry(self._index, log_size, lambda entry: entry.line <= first_line), first_line=first_line
            )
            for line in scan:
                if passed > SCAN_BYTES:
                    return LogSlice(_decoded(taken), line[0], at_end=False)
                if not wanted.takes(line):
                    passed += len(line[3])
                    continue
                size += len(line[3])
                if len(taken) >= max_lines or (taken and size > max_bytes):
                    return LogSlice(_decoded(taken), line[0], at_end=False)
                taken.append(line)
        return LogSlice(_decoded(taken), max(first_line, scan.next_line), at_end=True, ended=scan.ended)

    def tail(
        self,
        lines: int,
        *,
        max_bytes: int = 1024 * 1024,
        streams: Collection[Stream] | None = None,
        step: int | None = None,
    ) -> LogSlice:
        """The last lines.

        Args:
            lines: At most so many.
            max_bytes: At most so many bytes of text; a longer last line is returned all the same.
            streams: Only lines of these.
            step: Only lines of this step.
        """
        wanted = _Wanted(streams, step)
        parts: list[list[RawLine]] = []
        missing, passed, end = lines, 0, None
        with self._open() as (fd, size):
            if fd is None:
                return LogSlice((), 1, at_end=True)
            before, last = size, None
            while last is None or (missing > 0 and before > 0 and passed < SCAN_BYTES):
                entry = last_entry(self._index, before)
                scan = LineScan(fd, entry, end)
                part = [line for line in scan if wanted.takes(line)]
                part = part[max(0, len(part) - missing) :]
                last = last or scan
                missing -= len(part)
                passed += before - entry.offset
                end = before = entry.offset
                parts.append(part)
        kept = [line for part in reversed(parts) for line in part]
        return LogSlice(_decoded(_last(kept, max_bytes)), last.next_line, at_end=True, ended=last.ended)

    def first_line_at_or_after(self, moment: datetime) -> int:
        """Number of the first line that was not written before a moment; the next line's if there is none."""
        since, since_us = from_datetime(moment), to_microseconds(moment)
        with self._open() as (fd, size):
            if fd is None:
                return 1
            scan = LineScan(fd, last_entry(self._index, size, lambda entry: entry.latest_us < since_us))
            for line in scan:
                if line[2] >= since:
                    return line[0]
            return scan.next_line

    def search(
        self,
        pattern: LogPattern,
        *,
        first_line: int = 1,
        max_matches: int = 100,
        context: int = 0,
        max_bytes: int = 64 * 1024,
        streams: Collection[Stream] | None = None,
        step: int | None = None,
    ) -> LogMatches:
        """Lines that match a pattern.

        Args:
            pattern: What to search for.
            first_line: Where to begin.
            max_matches: At most so many matching lines.
            context: Lines to show before and after each.
            max_bytes: At most so many bytes of text; the first match is returned all the same.
            streams: Only lines of these.
            step: Only lines of this step.
        """
        wanted = _Wanted(streams, step)
        found = _Found(context, max_bytes)
        passed = 0
        with self._open() as (fd, size):
            if fd is None:
                return LogMatches((), (), first_line, at_end=True)
            scan = LineScan(
                fd, last_entry(self._index, size, lambda entry: entry.line <= first_line), first_line=first_line
            )
            for line in scan:
                if passed > SCAN_BYTES:
                    return found.result(line[0], at_end=False)
                passed += len(line[3])
                if not wanted.takes(line):
                    continue
                is_match = pattern.matches(line[3])
                if (is_match and len(found.matched) >= max_matches) or not found.take(line, is_match=is_match):
                    return found.result(line[0], at_end=False)
        return found.result(max(first_line, scan.next_line), at_end=True)

    def _open(self) -> AbstractContextManager[tuple[int | None, int]]:
        return open_log(self._folder, self._attempt)


@contextmanager
def open_log(folder: Path, attempt: int) -> Generator[tuple[int | None, int]]:
    """An attempt's log file and its size; None if there is no file."""
    try:
        fd = os.open(log_path(folder, attempt), os.O_RDONLY | portable.OPEN)
    except FileNotFoundError:
        yield None, 0
        return
    try:
        yield fd, os.fstat(fd).st_size
    finally:
        os.close(fd)


class _Found:
    """Gathers matches and the lines around them."""

    def __init__(self, context: int, max_bytes: int) -> None:
        self._context = context
        self._room = max_bytes
        self._before: deque[RawLine] = deque(maxlen=context)
        self._after = 0
        self._lines: list[RawLine] = []
        self.matched: list[int] = []

    def take(self, line: RawLine, *, is_match: bool) -> bool:
        """Take a line; False if there is no room for it."""
        if not (is_match or self._after):
            self._before.append(line)
            return True
        group = [*self._before, line]
        size = sum(len(member[3]) for member in group)
        if self.matched and size > self._room:
            return False
        self._room -= size
        self._lines += group
        self._before.clear()
        self._after = self._context if is_match else self._after - 1
        if is_match:
            self.matched.append(line[0])
        return True

    def result(self, next_line: int, *, at_end: bool) -> LogMatches:
        """What was found."""
        return LogMatches(_decoded(self._lines), tuple(self.matched), next_line, at_end)


def _decoded(lines: Collection[RawLine]) -> tuple[LogLine, ...]:
    return tuple(
        LogLine(
            number=number,
            at=to_datetime(at),
            stream=NAME_OF[kind],
            step=step,
            text=body.decode("utf-8", "replace"),
            continued=kind in _CONTINUED,
            gap=kind in _GAPS,
        )
        for number, kind, at, body, step in lines
    )


def _last(lines: list[RawLine], max_bytes: int) -> list[RawLine]:
    """As many of the last lines as fit, but at least one."""
    room = max_bytes
    for place in range(len(lines) - 1, -1, -1):
        room -= len(lines[place][3])
        if room < 0 and place < len(lines) - 1:
            return lines[place + 1 :]
    return lines
