"""What readers hand to the search.

A reader is a pure function over a window of cleaned lines: it is called with the index of a line that holds
one of its needles and may look a bounded way back and ahead. It must take time linear in what it looks at,
since the log is hostile until proven otherwise: patterns are anchored (`match`, `fullmatch`) and their
repeated classes exclude the character that ends them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from core.logs.diagnose.report import TestCounts


MAX_HEADLINE: Final = 300
MAX_TEST_NAME: Final = 200


class Weight(IntEnum):
    """How surely a finding explains the failure."""

    FOLLOW_UP = 1
    """Says only that something before it failed, such as ``make: *** Error 1``."""
    GENERIC = 2
    """Calls itself an error and nothing is known about it."""
    SURVIVABLE = 3
    """A specific complaint that programs often outlive: a logged exception, ``rm`` of a missing file."""
    FAILURE = 4
    """Ends the tool that printed it."""
    TESTS = 5
    """A test runner's verdict, which explains the exceptions printed around it."""
    FATAL = 6
    """The machine's verdict: the process was killed."""


class Finding(NamedTuple):  # made for every suspicious line: a tuple takes a fifth of a frozen dataclass's time
    """A complaint of one tool.

    Attributes:
        kind: As in `Cause`.
        headline: As in `Cause`; the search cuts it.
        weight: How surely it explains the failure.
        focus: Index of the line that says it best.
        first: Index of the first line of the complaint.
        last: Index of its last line.
        file: The source file at fault, or None.
        file_line: The line in it, or None.
        hint: What to do about it.
        failed_tests: Names of tests this finding reports as failed.
    """

    kind: str
    headline: str
    weight: Weight
    focus: int
    first: int
    last: int
    file: str | None = None
    file_line: int | None = None
    hint: str = ""
    failed_tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """Names and counts from a test runner that are no cause by themselves."""

    failed_tests: tuple[str, ...] = ()
    counts: TestCounts | None = None


Reader = Callable[[Sequence[str], int], Finding | Tally | None]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A reader and the strings without which a line is not worth showing to it.

    Attributes:
        needles: The reader is called for lines that contain one of these.
        read: The reader.
        reach: About how many lines one call may look at; what bounds the work on hostile logs.
    """

    needles: tuple[str, ...]
    read: Reader
    reach: int = 10


def located(message: str, file: str | None, line: int | None, function: str | None = None) -> str:
    """A headline with its place: ``message at app.py:12 in divide``."""
    if file is None:
        return message
    place = file if line is None else f"{file}:{line}"
    return f"{message} at {place} in {function}" if function else f"{message} at {place}"


def ahead(texts: Sequence[str], at: int, count: int) -> range:
    """Indices of up to ``count`` lines after ``at``."""
    return range(at + 1, min(at + 1 + count, len(texts)))


def behind(at: int, count: int) -> range:
    """Indices of up to ``count`` lines before ``at``, nearest first."""
    return range(at - 1, max(at - 1 - count, -1), -1)


def whole(number: str | None) -> int | None:
    """A line number a tool printed, or None when it printed none or nonsense."""
    return int(number) if number is not None and len(number) <= 9 else None
