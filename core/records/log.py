"""Output as it arrives, one line of a job's log, and where a reader stands in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from core.errors import InvalidArgumentError
from core.frozen import quickly_made

if TYPE_CHECKING:
    from datetime import datetime

Stream = Literal["stdout", "stderr", "engine"]
"""Where a line came from; ``engine`` lines are our own notes, such as a named gap."""

_CURSOR: Final = re.compile(r"([1-9][0-9]{0,3})-([1-9][0-9]{0,14})")


class LogFrame(NamedTuple):
    """A piece of output as the container engine hands it out.

    A line of up to 16 KiB is one frame that ends in a newline; a longer one comes in pieces that share one
    timestamp, of which only the last ends in a newline.
    """

    stream: int
    """1 for stdout, 2 for stderr."""
    at: bytes
    """When the engine took it: 30 characters, ``2026-01-02T03:04:05.123456789Z``."""
    body: bytes


class LogPosition(NamedTuple):
    """Where to take up a stream again: frames at or after this time are delivered."""

    at: bytes
    """As in `LogFrame`."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a job's log.

    Attributes:
        number: 1 for the first line of the attempt; consecutive over both streams.
        at: When Docker took the line, aware UTC, cut to microseconds.
        stream: Where it came from.
        step: The step (from 0) that was running, or None outside steps.
        text: The line without its end; bytes that are not UTF-8 became U+FFFD.
        continued: Whether the line was longer than 64 KiB and goes on in the next `LogLine` of its stream.
        gap: Whether this is a line of ours that says that output is, or may be, missing here.
    """

    number: int
    at: datetime
    stream: Stream
    step: int | None
    text: str
    continued: bool = False
    gap: bool = False


def service_log_id(owner_id: str, service_id: str) -> str:
    """What the log of a service is called: ``job_…/db``, or ``wf_…/db`` for one that a run's jobs share."""
    return f"{owner_id}/{service_id}"


class LogPart(NamedTuple):
    """Some lines of one attempt's log, in order."""

    attempt: int
    lines: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True, order=True)
class LogCursor:
    """The next line a reader wants: ``2-1042`` is line 1042 of the second attempt."""

    attempt: int
    line: int

    def __str__(self) -> str:
        """The cursor's form on the wire."""
        return f"{self.attempt}-{self.line}"

    @classmethod
    def parse(cls, text: str) -> LogCursor:
        """Read a cursor.

        Raises:
            InvalidArgumentError: The text is not one.
        """
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise InvalidArgumentError(
                "cursor: not a log cursor", hint="Use next_cursor of an earlier answer, or leave it out."
            )
        return cls(int(match[1]), int(match[2]))


@quickly_made
@dataclass(frozen=True, slots=True)
class LogSummary:
    """What the record says of an attempt's log.

    Attributes:
        lines: Lines kept.
        size: Bytes of text kept.
        truncated: Whether the limit was reached, so that a gap stands between head and tail.
        gap_after: The last line of the head when truncated.
        complete: False when the container engine was away meanwhile and output may be missing.
    """

    lines: int = 0
    size: int = 0
    truncated: bool = False
    gap_after: int | None = None
    complete: bool = True
