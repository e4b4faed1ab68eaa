"""The log file: one line a record, a kind, a time and raw bytes.

::

    o2026-01-02T03:04:05.123456789Z compiling main.c
    e2026-01-02T03:04:05.123456790Z warning: unused variable
    m2026-01-02T03:04:05.200000000Z e 0 3

The kinds are below. A record of output is a whole line, or up to 64 KiB of a longer one; a body never contains a
newline and is otherwise as the container wrote it, secrets excepted. The file is only ever appended to, so that
whatever stands before its last newline is whole.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from core import portable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from core.records.log import Stream

STDOUT: Final = 1
STDERR: Final = 2

LINE: Final[Mapping[int, bytes]] = {STDOUT: b"o", STDERR: b"e"}
"""A line, or the last part of one."""
CONTINUED: Final[Mapping[int, bytes]] = {STDOUT: b"O", STDERR: b"E"}
"""64 KiB of a line that goes on in the next record of its stream."""
UNENDED: Final[Mapping[int, bytes]] = {STDOUT: b"u", STDERR: b"U"}
"""What stood without a newline when the recorder was closed. Cut again when the recorder is reopened."""
MARKER: Final[Mapping[int, bytes]] = {STDOUT: b"m", STDERR: b"M"}
"""A step begins (``b 0``) or ends (``e 0 3``), as this stream tells."""
UNENDED_MARKER: Final[Mapping[int, bytes]] = {STDOUT: b"p", STDERR: b"P"}
"""As `MARKER`, and stood without a newline when the recorder was closed. Cut again like `UNENDED`."""
MARKERS: Final = frozenset((*MARKER.values(), *UNENDED_MARKER.values()))
STEP: Final[Mapping[int, bytes]] = {STDOUT: b"s", STDERR: b"S"}
"""The stream is in this step from here on; written after a gap."""
NOTE: Final = b"n"
"""A line of the engine's own."""
INCOMPLETE: Final = b"i"
"""As `NOTE`; output may be missing here."""
GAP: Final = b"g"
"""As `NOTE`; output was left out here because of the limit."""
LIMIT: Final = b"t"
"""The limit was reached; the time is that of the first output left out."""
UNENDED_LIMIT: Final = b"T"
"""As `LIMIT`, reached by what stood without a newline when the recorder was closed. Cut again like `UNENDED`."""
JOINED: Final = b"j"
"""The tail after the limit follows on the head without a gap."""
END: Final = b"z"
"""Nothing will follow: the attempt is over."""

STREAM_OF: Final[Mapping[bytes, int]] = {
    kind: stream for kinds in (LINE, CONTINUED, MARKER) for stream, kind in kinds.items()
}
"""Records made of output, by their stream: those that count for the place to resume at."""
NAME_OF: Final[Mapping[bytes, Stream]] = {
    b"o": "stdout",
    b"O": "stdout",
    b"u": "stdout",
    b"e": "stderr",
    b"E": "stderr",
    b"U": "stderr",
    NOTE: "engine",
    INCOMPLETE: "engine",
    GAP: "engine",
}
"""Records that are numbered lines, by what readers call their stream."""

HEADER: Final = 32
"""Bytes of a record before its body."""
TIME: Final = 30
"""Bytes of a time, ``2026-01-02T03:04:05.123456789Z``."""
MAX_LINE: Final = 64 * 1024
"""Longest body, in bytes; a longer line becomes several."""
NO_TIME: Final = b"0001-01-01T00:00:00.000000000Z"

_NO_MOMENT: Final = datetime(1, 1, 1, tzinfo=UTC)
_TIMES: Final = re.compile(rb"(?:[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{9}Z)*")
_BLOCK: Final = 256 * 1024
_FIRST_BLOCK: Final = 32 * 1024  # who wants a few lines should not read many
_RECORD: Final = re.compile(rb"([a-zA-Z])([0-9T:.Z-]{30}) ([^\n]*)\n")


class Record(NamedTuple):
    """One record of the file."""

    kind: bytes
    at: bytes
    body: bytes


class Block(NamedTuple):
    """Some whole records that stand one after another in the file."""

    start: int
    """Offset of the first."""
    end: int
    """Offset after the last."""
    records: list[tuple[bytes, bytes, bytes]]
    """Kind, time and body of each, as in `Record`; plain tuples, because there are millions."""


def log_path(folder: Path, attempt: int) -> Path:
    """The file with an attempt's records."""
    return folder / f"{attempt}.log"


def index_path(folder: Path, attempt: int) -> Path:
    """The sparse index beside it."""
    return folder / f"{attempt}.idx"


def encode(kind: bytes, at: bytes, body: bytes) -> bytes:
    """A record as it stands in the file."""
    return b"%b%b %b\n" % (kind, at, body)


def to_datetime(at: bytes) -> datetime:
    """A record's time, cut to microseconds; the beginning of all time for one that a damaged file holds."""
    try:
        if at.endswith(b"Z"):
            return datetime.fromisoformat(at.decode("ascii"))
    except ValueError:
        pass
    return _NO_MOMENT


def are_times(ats: Iterable[bytes]) -> bool:
    """Whether all of these have the form of a time."""
    return _TIMES.fullmatch(b"".join(ats)) is not None


def from_datetime(moment: datetime) -> bytes:
    """A time as records have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").rjust(TIME, "0").encode("ascii")


def blocks(fd: int, start: int, end: int | None = None) -> Iterator[Block]:
    """The file's records from an offset on, up to the first that is torn or malformed.

    Args:
        fd: The file, open for reading.
        start: Offset of a record.
        end: Stop at this offset, which is that of a record; None reads on to the end of the file.
    """
    size = _FIRST_BLOCK
    while end is None or start < end:
        data = portable.read_at(fd, size if end is None else min(size, end - start), start)
        whole = data.rfind(b"\n") + 1
        if not whole and size < _BLOCK:
            size = _BLOCK
            continue
        records: list[tuple[bytes, bytes, bytes]] = _RECORD.findall(data, 0, whole)
        sound = sum([len(body) for _, _, body in records]) + (HEADER + 1) * len(records) == whole
        if not sound:
            records, whole = _sound_part(data)
        if whole:
            yield Block(start, start + whole, records)
        if not (whole and sound):
            return
        start += whole
        size = min(size * 2, _BLOCK)


def _sound_part(data: bytes) -> tuple[list[tuple[bytes, bytes, bytes]], int]:
    records: list[tuple[bytes, bytes, bytes]] = []
    end = 0
    while match := _RECORD.match(data, end):
        records.append((match[1], match[2], match[3]))
        end = match.end()
    return records, end
