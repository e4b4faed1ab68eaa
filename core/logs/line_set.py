"""Which lines of a log pass a choice: their numbers, found once and kept while somebody looks.

A reader that shows only some lines needs to know how many there are and which is the thousandth, and one that searches
needs a true count. So the whole log is passed over, as far as time allows; what was found stays, and what the log has
grown by is looked at next time.
"""

from __future__ import annotations

import re
import threading
import time
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from core import portable
from core.logs.framing import GAP, HEADER, NAME_OF
from core.logs.markers import StreamSteps
from core.logs.reader import open_log
from core.logs.search import ESCAPES
from core.logs.sought import expression_pattern, lines_that_may_hold, plain_lines

if TYPE_CHECKING:
    from pathlib import Path

    from core.logs.sought import Pattern, Sought
    from core.records.log import Stream

_RECORD: Final = re.compile(rb"([a-zA-Z])([0-9T:.Z-]{30}) ([^\n]*)\n")
_BLOCK: Final = 1024 * 1024
_FEW: Final = 300
"""So many finds in a block are looked at one by one; where there are more, the whole block is."""
_LAST_BYTES: Final = 128
_EVERY_LINE: Final = b"".join(NAME_OF)
_first_byte: Final = itemgetter(0)
_LINES: Final = b"".join(kind for kind in NAME_OF if kind != GAP)
"""Kinds of records that are lines and change nothing about the steps of those that follow."""


@dataclass(frozen=True, slots=True)
class LineChoice:
    """Which lines of a log are wanted; what is not given does not restrict.

    Attributes:
        streams: Only lines of these.
        step: Only lines of this step, from 0.
        sought: Only lines that hold this.
    """

    streams: frozenset[Stream] | None = None
    step: int | None = None
    sought: Sought | None = None

    @property
    def takes_all(self) -> bool:
        """Whether every line passes."""
        return self.streams is None and self.step is None and self.sought is None


@dataclass(frozen=True, slots=True)
class ChosenLines:
    """The lines of a log that pass a choice, as far as it was looked at.

    Attributes:
        is_whole: Whether the log was passed over to its present end.
    """

    is_whole: bool
    _numbers: array[int]
    _count: int

    def __len__(self) -> int:
        """How many were found."""
        return self._count

    def at(self, first: int, count: int) -> tuple[int, ...]:
        """Numbers of lines by their place among the chosen, from 1 on."""
        return tuple(self._numbers[max(0, first - 1) : min(first - 1 + count, self._count)])

    def place_of(self, line: int) -> int:
        """The place, from 1, of the first chosen line at or after a line; one more than there are if there is none."""
        return bisect_left(self._numbers, line, 0, self._count) + 1

    def after(self, line: int) -> int | None:
        """The first chosen line after a line."""
        place = bisect_right(self._numbers, line, 0, self._count)
        return self._numbers[place] if place < self._count else None

    def before(self, line: int) -> int | None:
        """The last chosen line before a line."""
        place = bisect_left(self._numbers, line, 0, self._count)
        return self._numbers[place - 1] if place else None


class LineSet:
    """Finds the lines of one attempt's log that pass a choice. Calls block: they are made in worker threads.

    Args:
        folder: The job's log folder.
        attempt: The attempt's number.
        choice: Which lines.
    """

    def __init__(self, folder: Path, attempt: int, choice: LineChoice) -> None:
        self._folder, self._attempt, self._choice = folder, attempt, choice
        self._patterns: dict[bytes, Pattern] = {}
        self._growing = threading.Lock()
        self._begin()

    @property
    def lines(self) -> int:
        """How many were found so far."""
        return len(self._numbers)

    def grow(self, budget_s: float) -> ChosenLines:
        """Look at what was not looked at yet.

        Args:
            budget_s: Stop after so many seconds; the next call goes on from there.
        """
        until = time.monotonic() + budget_s
        with self._growing, open_log(self._folder, self._attempt) as (fd, _):
            is_whole = fd is None or self._look(fd, until)
            return ChosenLines(is_whole, self._numbers, len(self._numbers))

    def _begin(self) -> None:
        self._numbers = array("I")
        self._offset: int = 0
        self._next_line: int = 1
        self._steps = StreamSteps()
        self._last = b""

    def _look(self, fd: int, until: float) -> bool:
        if portable.read_at(fd, len(self._last), self._offset - len(self._last)) != self._last:
            self._begin()  # the log was cut back when it was opened again
        while True:
            data = portable.read_at(fd, _BLOCK, self._offset)
            whole = data.rfind(b"\n") + 1
            used = self._take(data, whole)
            if used:
                self._offset += used
                self._last = data[max(0, used - _LAST_BYTES) : used]
            if used < whole or len(data) < _BLOCK:
                return True
            if time.monotonic() > until:
                return False

    def _take(self, data: bytes, whole: int) -> int:
        """Take the records before ``whole``; returns where the first malformed one begins."""
        place = 0
        while place < whole:
            lines = plain_lines(_LINES).match(data, place, whole)
            if lines is not None:
                self._take_lines(data, place, lines.end())
                place = lines.end()
                continue
            record = _RECORD.match(data, place, whole)
            if record is None:
                return place
            if record[1] in NAME_OF:
                self._take_lines(data, place, record.end())
            self._steps.take(record[1], record[3])
            place = record.end()
        return whole

    def _take_lines(self, data: bytes, start: int, end: int) -> None:
        """Take whole records that are lines, all in the steps that the streams now are in."""
        kinds, sought = self._kinds(), self._choice.sought
        if not kinds:
            self._next_line += data.count(b"\n", start, end)
        elif sought is None:
            self._take_kinds(data[start:end], kinds)
        elif sought.is_expression:
            self._take_expression(data[start:end], kinds, sought)
        else:
            self._take_words(data[start:end], kinds, sought)

    def _take_kinds(self, records: bytes, kinds: bytes) -> None:
        found = bytes(map(_first_byte, records.split(b"\n")[:-1]))
        self._numbers.extend([number for number, kind in enumerate(found, self._next_line) if kind in kinds])
        self._next_line += len(found)

    def _take_words(self, records: bytes, kinds: bytes, sought: Sought) -> None:
        pattern, end, place, few = self._pattern(kinds, sought), len(records), 0, _FEW
        while found := pattern.search(records, place, end):
            begin = records.rfind(b"\n", 0, found.start()) + 1
            self._next_line += records.count(b"\n", place, begin)
            if sought.is_in(ESCAPES.sub(b"", records[begin + HEADER : found.end()])):
                self._numbers.append(self._next_line)
            self._next_line += 1
            place, few = found.end(), few - 1
            if not few and (sought.text.isascii() or not sought.ignore_case):
                self._take_many(records[place:], kinds, sought)
                return
        self._next_line += records.count(b"\n", place)

    def _take_many(self, records: bytes, kinds: bytes, sought: Sought) -> None:
        """Find words that are compared byte by byte; costs the same however many lines hold them."""
        words = sought.text.encode("utf-8", "replace")
        if b"\x1b" in records:
            records = ESCAPES.sub(b"", records)
        text = records
        if sought.ignore_case:
            words, text = words.lower(), records.lower()
        lines = text.split(b"\n")[:-1]
        found = [number for number, line in enumerate(lines) if line.find(words, HEADER) >= 0]
        if kinds != _EVERY_LINE:
            as_written = records.split(b"\n")
            found = [number for number in found if as_written[number][0] in kinds]
        self._numbers.extend([self._next_line + number for number in found])
        self._next_line += len(lines)

    def _take_expression(self, records: bytes, kinds: bytes, sought: Sought) -> None:
        numbers = array("I")
        bodies: list[bytes] = []
        number = self._next_line
        for kind, _, body in _RECORD.findall(records):
            if kind in kinds:
                numbers.append(number)
                bodies.append(body)
            number += 1
        self._next_line = number
        text = b"\n".join(bodies)
        if b"\x1b" in text:
            text = ESCAPES.sub(b"", text)
        pattern = self._pattern(kinds, sought)
        row = place = 0
        while bodies and (found := pattern.search(text, place, len(text))):
            row += text.count(b"\n", place, found.start())
            self._numbers.append(numbers[row])
            place = text.find(b"\n", found.start()) + 1
            row += 1
            if not place:
                break

    def _kinds(self) -> bytes:
        """Kinds of records that are wanted while the streams are in the steps they are in."""
        streams, step = self._choice.streams, self._choice.step
        return b"".join(
            kind
            for kind, name in NAME_OF.items()
            if (streams is None or name in streams) and (step is None or self._steps.of.get(kind) == step)
        )

    def _pattern(self, kinds: bytes, sought: Sought) -> Pattern:
        if kinds not in self._patterns:
            self._patterns[kinds] = (
                expression_pattern(sought) if sought.is_expression else lines_that_may_hold(kinds, sought)
            )
        return self._patterns[kinds]


class LineSets:
    """The sets that were asked for lately. To be used from one thread.

    Args:
        max_sets: At most so many.
        max_lines: At most so many numbers in all of them; the one in use stays.
    """

    def __init__(self, max_sets: int = 16, max_lines: int = 8_000_000) -> None:
        self._max_sets, self._max_lines = max_sets, max_lines
        self._sets: OrderedDict[tuple[Path, int, LineChoice], LineSet] = OrderedDict()

    def of(self, folder: Path, attempt: int, choice: LineChoice) -> LineSet:
        """The set of a log and a choice; those that were not asked for the longest go."""
        key = (folder, attempt, choice)
        wanted = self._sets.pop(key, None) or LineSet(folder, attempt, choice)
        self._sets[key] = wanted
        while len(self._sets) > 1 and (
            len(self._sets) > self._max_sets or sum(one.lines for one in self._sets.values()) > self._max_lines
        ):
            self._sets.popitem(last=False)
        return wanted

    def forget(self, folder: Path) -> None:
        """Let go of those of a folder."""
        for key in [key for key in self._sets if key[0] == folder]:
            del self._sets[key]
