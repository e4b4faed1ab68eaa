"""The lines of many logs in one order: by time, as far as they are there, and each log's own order kept.

No more than a piece of each log that is under way is held. A log is opened when the order comes to the start of its
job, so that a run of thousands of jobs costs what a few at a time cost.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, NamedTuple

from core.engine.unread import Unread
from core.records.log import LogCursor
from core.records.workflow_log import NodeLine, WorkflowLogCursor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from core.logs.hub import LogHub
    from core.logs.search import LogPattern
    from core.records.log import Stream

_PIECE_LINES: Final = 500
_PIECE_BYTES: Final = 64 * 1024
_SCAN_BYTES: Final = 16 * 1024 * 1024
"""A call looks through no more than this much text in search of lines that were asked for."""


@dataclass(slots=True)
class Source:
    """One log among those of a run.

    Attributes:
        number: Of the job in the run; 0 for a service of the run itself.
        log_id: What the log is called.
        node_id: Whose it is.
        job_id: The job that writes it.
        attempts: How many attempts there are so far.
        is_final: Whether no further line and no further attempt can come.
        started_at: When it began; None if it has not.
        finished_at: When it ended.
        attempt: Of the line to read next.
        line: The line to read next.
        is_drained: Whether nothing more was there when it was read.
        ahead: Lines read and not yet taken.
        is_noted: Whether its start is known to the order.
    """

    number: int
    log_id: str
    node_id: str
    job_id: str | None
    attempts: int
    is_final: bool
    started_at: datetime | None
    finished_at: datetime | None = None
    attempt: int = 1
    line: int = 1
    is_drained: bool = False
    ahead: deque[NodeLine] = field(default_factory=deque[NodeLine])
    is_noted: bool = False

    @property
    def is_over(self) -> bool:
        """Whether everything was taken that will ever come."""
        return self.is_final and self.is_drained and not self.ahead

    @property
    def place(self) -> LogCursor:
        """Of the line to take next."""
        if self.ahead:
            return LogCursor(self.ahead[0].attempt, self.ahead[0].line.number)
        return LogCursor(self.attempt, self.line)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was taken of it; of a service of the run itself the place is always told."""
        return self.number > 0 and self.place == LogCursor(1, 1)

    def take_notice(self, *, attempts: int, is_final: bool, started_at: datetime | None) -> None:
        """Its job changed: there may be more to read."""
        self.attempts, self.is_final, self.started_at = attempts, is_final, started_at
        self.is_drained = False


class LinesTaken(NamedTuple):
    """What was taken."""

    lines: tuple[NodeLine, ...]
    at_end: bool
    """Whether that was all there is now."""


class MergedLines:
    """Lines of many logs.

    Args:
        logs: Where they are.
        attempt: Of the run.
        streams: Only these; None for all.
        pattern: Only lines that contain this.
        since: Only lines from this moment on.
    """

    def __init__(
        self,
        logs: LogHub,
        attempt: int,
        *,
        streams: Collection[Stream] | None = None,
        pattern: LogPattern | None = None,
        since: datetime | None = None,
    ) -> None:
        self._logs, self._attempt = logs, attempt
        self._streams, self._pattern, self._since = streams, pattern, since
        self._open: dict[str, Source] = {}
        self._waiting: dict[str, Source] = {}
        self._by_start: list[tuple[datetime, int, Source]] = []
        self._heads: list[tuple[datetime, int, Source]] = []
        self._unread = Unread()
        self._seen = 0

    # --- which logs there are

    def add(self, source: Source, place: LogCursor | None = None) -> None:
        """A log, known now, to be read from its start or from a place in it; in the order of their numbers."""
        self._unread.add(source.number, is_read=place is not None or not source.number)
        if place is None:
            self._waiting[source.log_id] = source
            self._note_start(source)
        else:
            source.attempt, source.line = place.attempt, place.line
            self._open[source.log_id] = source

    def pass_over(self, number: int) -> None:
        """A log that is wanted and was read to its end before."""
        self._unread.add(number, is_read=True)

    def see(self, number: int) -> None:
        """All jobs up to this one are known, and were added if they are wanted; a cursor says so."""
        self._seen = max(self._seen, number)

    def changed(self, log_id: str, *, attempts: int, is_final: bool, started_at: datetime | None) -> None:
        """The job of a log changed; nothing happens if it is not among those that are read."""
        source = self._open.get(log_id) or self._waiting.get(log_id)
        if source is not None:
            source.take_notice(attempts=attempts, is_final=is_final, started_at=started_at)
            if log_id in self._waiting:
                self._note_start(source)

    def grew(self, log_id: str) -> None:
        """A log has more lines than before."""
        if log_id in self._open:
            self._open[log_id].is_drained = False

    @property
    def is_over(self) -> bool:
        """Whether everything was taken that will ever come of the logs that are known."""
        return not self._open and not self._waiting

    @property
    def cursor(self) -> WorkflowLogCursor:
        """Where the reader stands who has all that was taken."""
        known = [*self._open.values(), *(each for each in self._waiting.values() if not each.number)]
        places = {each.number: each.place for each in known if not each.is_untouched}
        return WorkflowLogCursor(self._attempt, self._seen, places, self._unread.stretches())

    # --- taking lines

    async def take(self, max_lines: int, max_bytes: int, cursors: list[str] | None = None) -> LinesTaken:
        """The next lines.

        Args:
            max_lines: At most so many.
            max_bytes: At most so many bytes of text; a longer single line is returned all the same.
            cursors: For each line the cursor of whoever has it is put in here.
        """
        taken: list[NodeLine] = []
        room, passed = max_bytes, 0
        for source in list(self._open.values()):
            await self._fill(source)
        while True:
            await self._open_what_began()
            if not self._heads:
                return LinesTaken(tuple(taken), at_end=True)
            line = self._heads[0][2].ahead[0]
            size = len(line.line.text)
            passed += size
            if passed > _SCAN_BYTES:
                return LinesTaken(tuple(taken), at_end=False)
            is_wanted = self._pattern is None or line.line.gap or self._pattern.matches(line.line.text)
            if is_wanted and (len(taken) >= max_lines or (taken and size > room)):
                return LinesTaken(tuple(taken), at_end=False)
            await self._advance()
            if is_wanted:
                room -= size
                taken.append(line)
                if cursors is not None:
                    cursors.append(str(self.cursor))

    async def _advance(self) -> None:
        """Pass the line that is next."""
        source = heappop(self._heads)[2]
        self._unread.strike(source.number)
        source.ahead.popleft()
        if source.ahead:
            heappush(self._heads, (source.ahead[0].line.at, source.number, source))
        else:
            await self._fill(source)

    async def last(self, lines: int, max_bytes: int) -> tuple[NodeLine, ...]:
        """The last lines of all; the reader stands behind them then.

        Args:
            lines: At most so many.
            max_bytes: At most so many bytes of text; a longer last line is returned all the same.
        """
        found: list[tuple[datetime, int, int, int, NodeLine]] = []
        begun = [each for each in self._waiting.values() if each.started_at is not None]
        for source in sorted(begun, key=_ended_last):
            if (
                source.finished_at is not None
                and len(found) >= lines
                and (not lines or found[0][0] > source.finished_at)
            ):
                self._drop(source)
                continue
            for each in await self._tail_of(source, lines, max_bytes):
                heappush(found, (each.line.at, source.number, each.attempt, each.line.number, each))
                if len(found) > lines:
                    heappop(found)
        return _fitting([entry[-1] for entry in sorted(found)], max_bytes)

    async def _open_what_began(self) -> None:
        """Open the logs whose jobs began no later than the next line, and at least one if there is none."""
        while self._by_start and (not self._heads or self._by_start[0][0] <= self._heads[0][0]):
            source = heappop(self._by_start)[2]
            if self._waiting.pop(source.log_id, None) is None:
                continue
            self._open[source.log_id] = source
            await self._fill(source)

    async def _fill(self, source: Source) -> None:
        """Read the next piece of a log if nothing of it is ahead."""
        if source.ahead:
            return
        while not source.ahead and not source.is_drained:
            if source.attempt > source.attempts:
                source.is_drained = True
                break
            await self._skip_to_moment(source)
            part = await self._logs.read(
                source.log_id,
                source.attempt,
                source.line,
                max_lines=_PIECE_LINES,
                max_bytes=_PIECE_BYTES,
                streams=self._streams,
            )
            source.ahead.extend(NodeLine(source.node_id, source.job_id, source.attempt, line) for line in part.lines)
            source.line = part.next_line
            if part.at_end:
                self._come_to_end(source)
        if source.ahead:
            heappush(self._heads, (source.ahead[0].line.at, source.number, source))
        elif source.is_over:
            self._open.pop(source.log_id, None)
            self._unread.strike(source.number)

    def _come_to_end(self, source: Source) -> None:
        if source.attempt < source.attempts:
            source.attempt, source.line = source.attempt + 1, 1
        else:
            source.is_drained = True

    async def _skip_to_moment(self, source: Source) -> None:
        if self._since is not None and source.line == 1:
            source.line = await self._logs.first_line_at_or_after(source.log_id, source.attempt, self._since)

    async def _tail_of(self, source: Source, lines: int, max_bytes: int) -> Iterable[NodeLine]:
        """The last lines of one log, which is read to its end by that."""
        del self._waiting[source.log_id]
        found: list[NodeLine] = []
        for attempt in range(source.attempts, 0, -1):
            part = await self._logs.tail(
                source.log_id, attempt, lines - len(found), max_bytes=max_bytes, streams=self._streams
            )
            found = [NodeLine(source.node_id, source.job_id, attempt, line) for line in part.lines] + found
            if attempt == source.attempts:
                source.attempt, source.line = attempt, part.next_line
            if len(found) >= lines:
                break
        if not source.is_final:
            self._open[source.log_id] = source
        if source.is_final or not source.is_untouched:
            self._unread.strike(source.number)
        return found

    def _note_start(self, source: Source) -> None:
        if source.started_at is None or source.is_noted:
            return
        source.is_noted = True
        if self._since is not None and source.finished_at is not None and source.finished_at < self._since:
            self._drop(source)
        else:
            heappush(self._by_start, (source.started_at, source.number, source))

    def _drop(self, source: Source) -> None:
        """Nothing more is wanted of a log, as far as it was there."""
        del self._waiting[source.log_id]
        self._unread.strike(source.number)


def _ended_last(source: Source) -> tuple[bool, float]:
    """Sorts what goes on to the front, then what ended last."""
    end = source.finished_at
    return (True, -end.timestamp()) if end is not None else (False, 0.0)


def _fitting(lines: list[NodeLine], max_bytes: int) -> tuple[NodeLine, ...]:
    """As many of the last lines as fit, but at least one."""
    room = max_bytes
    for place in range(len(lines) - 1, -1, -1):
        room -= len(lines[place].line.text)
        if room < 0 and place < len(lines) - 1:
            return tuple(lines[place + 1 :])
    return tuple(lines)
