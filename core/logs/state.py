"""Everything that follows from a log file's records, told one by one or many at a time.

The recorder tells it what it writes, and on opening what it finds: so that both know the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.clock import to_microseconds
from core.logs.framing import (
    GAP,
    INCOMPLETE,
    JOINED,
    LIMIT,
    LINE,
    NAME_OF,
    NO_TIME,
    NOTE,
    STDERR,
    STDOUT,
    STREAM_OF,
    UNENDED_LIMIT,
    to_datetime,
)
from core.logs.index import IndexEntry
from core.logs.markers import StepTracker
from core.records.log import LogSummary

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIMITS: Final = frozenset({LIMIT, UNENDED_LIMIT})
_ENTRY_LINES: Final = 500
_ENTRY_BYTES: Final = 128 * 1024


@dataclass(slots=True)
class StreamCursor:
    """How far a stream has been recorded: some records whose time is ``at``, and all that is older."""

    at: bytes
    records: int


class LogState:
    """What is true of a log as far as it was told."""

    def __init__(self) -> None:
        self.lines = 0
        """Numbered lines so far."""
        self.size = 0
        """Bytes of output kept, a newline for each line included."""
        self.charged = 0
        """Bytes charged against the limit: `size` and what markers take."""
        self.latest = NO_TIME
        """The latest time of any record."""
        self.cursors: dict[int, StreamCursor] = {}
        """How far each stream has been recorded; without an entry, nothing was."""
        self.steps = StepTracker()
        self.complete = True
        self.limit_line: int | None = None
        """Lines there were when the limit was reached."""
        self.limit_at = NO_TIME
        """Time of the first output beyond the limit."""
        self.gap = False
        """Whether the gap after the limit has its line."""
        self.joined = False
        """Whether it turned out that there is no gap."""
        self._entry_offset = 0
        self._entry_lines = 0

    @property
    def limited(self) -> bool:
        """Whether the limit was reached."""
        return self.limit_line is not None

    def summary(self) -> LogSummary:
        """What the job's record says of this log."""
        truncated = self.limited and not self.joined
        return LogSummary(
            lines=self.lines,
            size=self.size,
            truncated=truncated,
            gap_after=self.limit_line if truncated else None,
            complete=self.complete,
        )

    def take(self, kind: bytes, at: bytes, body: bytes) -> None:
        """Take notice of a record."""
        self.latest = max(self.latest, at)
        stream = STREAM_OF.get(kind)
        if stream is not None:
            cursor = self.cursors.get(stream)
            if cursor is None:
                self.cursors[stream] = StreamCursor(at, 1)
            elif cursor.at == at:
                cursor.records += 1
            else:
                cursor.at, cursor.records = at, 1
        if kind in NAME_OF:
            self._take_line(kind, at, body)
        elif kind in _LIMITS:
            self.limit_line, self.limit_at = self.lines, at
        elif kind == JOINED:
            self.joined = True
        else:
            self.charged += len(body)
            self.steps.take(kind, at, body, self.lines + 1)

    def _take_line(self, kind: bytes, at: bytes, body: bytes) -> None:
        self.lines += 1
        if kind in self.steps.streams.of:
            self.size += len(body) + 1
            self.charged += len(body) + 1
            self.steps.lines(kind, self.lines, self.lines)
        elif kind != NOTE:
            self.complete = self.complete and kind != INCOMPLETE
            self.gap = self.gap or kind == GAP
            self.steps.take(kind, at, body, self.lines + 1)

    def take_lines(self, streams: bytes, ats: Sequence[bytes], size: int) -> None:
        """Take notice of whole lines of output, which were nothing but that.

        Args:
            streams: The stream of each.
            ats: The time of each.
            size: Their bytes, newlines included.
        """
        for stream in (STDOUT, STDERR):
            last = streams.rfind(stream)
            if last < 0:
                continue
            self._advance(stream, streams, ats, last)
            self.steps.lines(LINE[stream], self.lines + 1 + streams.find(stream), self.lines + 1 + last)
        self.latest = max(self.latest, *ats)
        self.lines += len(ats)
        self.size += size
        self.charged += size

    def entry_due(self, offset: int) -> IndexEntry | None:
        """The index entry to write for the place reached, if the last one is far enough back.

        Args:
            offset: Where the next record will stand.
        """
        if offset - self._entry_offset < _ENTRY_BYTES and self.lines - self._entry_lines < _ENTRY_LINES:
            return None
        self._entry_offset, self._entry_lines = offset, self.lines
        streams = self.steps.streams
        latest_us = to_microseconds(to_datetime(self.latest))
        return IndexEntry(offset, self.lines + 1, latest_us, streams.stdout, streams.stderr)

    def _advance(self, stream: int, streams: bytes, ats: Sequence[bytes], last: int) -> None:
        at, count, place = ats[last], 0, last
        while place >= 0 and ats[place] == at:
            count += 1
            place = streams.rfind(stream, 0, place)
        cursor = self.cursors.get(stream)
        if place < 0 and cursor and cursor.at == at:
            count += cursor.records
        self.cursors[stream] = StreamCursor(at, count)
