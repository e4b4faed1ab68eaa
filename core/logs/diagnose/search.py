"""The one pass over a log that ends in a diagnosis."""

from __future__ import annotations

from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Final

from core.logs.clean import clean_text
from core.logs.diagnose.excerpts import Line, choose
from core.logs.diagnose.exit_codes import cause_of, is_decisive
from core.logs.diagnose.finding import MAX_HEADLINE, MAX_TEST_NAME, Weight
from core.logs.diagnose.ranking import Shortlist, ranked
from core.logs.diagnose.report import Cause, Diagnosis
from core.logs.diagnose.window import Candidate, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.logs.diagnose.finding import Tally
    from core.logs.diagnose.report import TestCounts
    from core.records.log import LogLine

DEFAULT_MAX_BYTES: Final = 8192
_MATCHED: Final = 1000
"""Characters of a line that are looked at; no tool puts its verdict further right."""
_MAX_TESTS: Final = 50
_TAIL: Final = 60


class _Stream:
    """What is learnt of one stream: its findings, its failed tests, its last lines."""

    def __init__(self) -> None:
        self.shortlist = Shortlist()
        self.failed_tests: dict[str, None] = {}
        self.counts: TestCounts | None = None
        self.tail: deque[Line] = deque(maxlen=_TAIL)
        self._window = Window(found=self._found, counted=self._counted)
        self._in_long_line = False

    def add(self, line: LogLine, *, search: bool) -> None:
        text = clean_text(line.text)[:_MATCHED]
        self.tail.append((line.number, text))
        if search and not self._in_long_line:
            self._window.add(line.number, text)
        self._in_long_line = line.continued

    def finish(self) -> None:
        self._window.finish()

    def _found(self, candidate: Candidate) -> None:
        self.shortlist.add(candidate)
        self._name(candidate.finding.failed_tests)

    def _counted(self, tally: Tally) -> None:
        self._name(tally.failed_tests)
        if tally.counts is not None:
            self.counts = tally.counts if self.counts is None else self.counts + tally.counts

    def _name(self, tests: Sequence[str]) -> None:
        for test in tests:
            if len(self.failed_tests) < _MAX_TESTS:
                self.failed_tests.setdefault(test[:MAX_TEST_NAME])


class CauseSearch:
    """Says why a job failed, as far as its log tells, from lines that are given to it part by part.

    Reads each line once, in time linear in their text and in bounded memory, and never raises for what
    they say: they come from a container.

    Attributes:
        has_lines: Whether any line was read.
    """

    def __init__(self) -> None:
        self.has_lines = False
        self._streams = {"stdout": _Stream(), "stderr": _Stream(), "engine": _Stream()}

    def read(self, lines: Iterable[LogLine]) -> None:
        """Take the next lines of the attempt's log, as recorded."""
        for line in lines:
            self.has_lines = True
            self._streams[line.stream].add(line, search=line.stream != "engine")

    def finish(self, *, exit_code: int | None, max_bytes: int = DEFAULT_MAX_BYTES) -> Diagnosis:
        """Nothing more comes.

        Args:
            exit_code: What the job exited with, or None when it did not come to that.
            max_bytes: Upper limit of the excerpts' text in UTF-8 with a line end for each line.

        Returns:
            The cause when one was recognised, and always the lines most worth reading.
        """
        streams = self._streams.values()
        for stream in streams:
            stream.finish()
        candidates = ranked(*(stream.shortlist for stream in streams))
        cause = _cause(candidates, exit_code)
        return Diagnosis(
            cause=cause,
            excerpts=choose(candidates, _tail(streams), max_bytes),
            failed_tests=tuple(dict.fromkeys(chain.from_iterable(s.failed_tests for s in streams)))[:_MAX_TESTS],
            tests=_counts(streams),
            suggestions=_suggestions(cause, candidates, exit_code),
        )


def find_cause(lines: Iterable[LogLine], *, exit_code: int | None, max_bytes: int = DEFAULT_MAX_BYTES) -> Diagnosis:
    """What `CauseSearch` says of a whole log."""
    search = CauseSearch()
    search.read(lines)
    return search.finish(exit_code=exit_code, max_bytes=max_bytes)


def _cause(candidates: Sequence[Candidate], exit_code: int | None) -> Cause | None:
    by_code = cause_of(exit_code)
    if not candidates:
        return by_code
    best = candidates[0]
    if by_code is not None and best.finding.weight <= Weight.GENERIC and is_decisive(exit_code):
        return by_code
    finding = best.finding
    return Cause(
        kind=finding.kind,
        headline=_cut(finding.headline),
        line=best.line,
        file=finding.file,
        file_line=finding.file_line,
        hint=_cut(finding.hint),
    )


def _cut(text: str) -> str:
    return text if len(text) <= MAX_HEADLINE else f"{text[: MAX_HEADLINE - 1]}…"


def _tail(streams: Iterable[_Stream]) -> list[Line]:
    """The last lines of all streams in the order they came."""
    return sorted(chain.from_iterable(stream.tail for stream in streams))[-_TAIL:]


def _counts(streams: Iterable[_Stream]) -> TestCounts | None:
    total: TestCounts | None = None
    for stream in streams:
        if stream.counts is not None:
            total = stream.counts if total is None else total + stream.counts
    return total


def _suggestions(cause: Cause | None, candidates: Sequence[Candidate], exit_code: int | None) -> tuple[str, ...]:
    """The cause's hint, what the exit code suggests, then hints of other kinds of findings as weighty."""
    hints = [cause.hint] if cause else []
    by_code = cause_of(exit_code)
    if by_code is not None and is_decisive(exit_code):
        hints.append(by_code.hint)
    if candidates:
        best = candidates[0].finding
        others = [candidate.finding for candidate in candidates[1:6]]
        hints += [_cut(other.hint) for other in others if other.weight == best.weight and other.kind != best.kind]
    return tuple(dict.fromkeys(hint for hint in hints if hint))[:4]
