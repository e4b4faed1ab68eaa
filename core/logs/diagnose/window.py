"""Slides over the lines of one stream and shows readers the ones that concern them.

Streams are read apart because their lines interleave in the log: a traceback on stderr stays whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.logs.diagnose.finding import Finding, Tally, Weight
from core.logs.diagnose.registry import NEEDLES, RECOGNISERS

if TYPE_CHECKING:
    from collections.abc import Callable

_BEHIND: Final = 100
"""Lines kept for looking back."""
_AHEAD: Final = 400
"""Lines that stand ready for looking ahead."""
_FULL: Final = 2048
_BATCHES: Final = (64, 8, 1)
"""Lines looked at for needles at once: most batches of most logs hold none, the others are split."""
_WORK: Final = 400_000
"""Lines one reader may look at in a stream, so that a hostile log cannot make it read the same lines forever."""
_ENOUGH: Final = 50
"""Findings of one reader after which it is not asked again, those aside that a program may survive."""
_CONTEXT: Final = 2
_BEFORE_FOCUS: Final = 60
_AFTER_FOCUS: Final = 25


class Candidate(NamedTuple):
    """A finding with the numbers of its lines in the log.

    Attributes:
        finding: What was found.
        line: Number of the line that says it best.
        numbers: Numbers of the complaint's lines and of a little context, in order.
        texts: Their texts.
    """

    finding: Finding
    line: int
    numbers: list[int]
    texts: list[str]


class Window:
    """A bounded stretch of one stream."""

    def __init__(self, *, found: Callable[[Candidate], None], counted: Callable[[Tally], None]) -> None:
        self._found = found
        self._counted = counted
        self._numbers: list[int] = []
        self._texts: list[str] = []
        self._next = 0
        self._dropped = 0
        self._work = [0] * len(RECOGNISERS)
        self._findings = [0] * len(RECOGNISERS)
        self._resume = [0] * len(RECOGNISERS)

    def add(self, number: int, text: str) -> None:
        """Take the stream's next line."""
        self._numbers.append(number)
        self._texts.append(text)
        if len(self._texts) >= _FULL:
            self._scan(len(self._texts) - _AHEAD)
            surplus = max(self._next - _BEHIND, 0)
            del self._numbers[:surplus], self._texts[:surplus]
            self._next -= surplus
            self._dropped += surplus

    def finish(self) -> None:
        """Scan what is left; the stream has ended."""
        self._scan(len(self._texts))

    def _scan(self, end: int) -> None:
        self._search(self._next, end, 0)
        self._next = max(end, self._next)

    def _search(self, begin: int, end: int, level: int) -> None:
        """Find the lines that concern a reader, batch by batch."""
        step = _BATCHES[level]
        for start in range(begin, end, step):
            stop = min(start + step, end)
            concerned = NEEDLES.groups_in("\n".join(self._texts[start:stop]))
            if concerned and step > 1:
                self._search(start, stop, level + 1)
            else:
                for index in concerned:
                    if self._dropped + start >= self._resume[index] and self._work[index] < _WORK:
                        self._show(index, start)

    def _show(self, index: int, at: int) -> None:
        """Show a line to one reader, which then has read as far as its finding goes."""
        recogniser = RECOGNISERS[index]
        self._work[index] += recogniser.reach
        found = recogniser.read(self._texts, at)
        if isinstance(found, Tally):
            self._counted(found)
        elif found is not None:
            self._resume[index] = self._dropped + max(found.last, at) + 1
            if found.weight is not Weight.SURVIVABLE:
                self._findings[index] += 1
                if self._findings[index] == _ENOUGH:
                    self._work[index] = _WORK
            self._found(self._candidate(found))

    def _candidate(self, finding: Finding) -> Candidate:
        focus = finding.focus
        first = max(finding.first - _CONTEXT, focus - _BEFORE_FOCUS, 0)
        stop = min(finding.last + _CONTEXT, focus + _AFTER_FOCUS) + 1
        return Candidate(finding, self._numbers[focus], self._numbers[first:stop], self._texts[first:stop])
