"""The sparse index beside a log file: where to begin reading for a line or a time.

Fixed-size binary entries with a checksum, in the order of the file. The index only saves reading: what it lacks or
got wrong is found by reading the log from an earlier entry, or from its start.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from core import portable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

MAX_LINES_APART: Final = 1000
"""No two neighbouring entries are further apart than this many lines …"""
MAX_BYTES_APART: Final = 256 * 1024
"""… or this many bytes of the log, however it was written."""

_BODY: Final = struct.Struct("<QQqhh")
_CHECKSUM: Final = struct.Struct("<I")
_SIZE: Final = _BODY.size + _CHECKSUM.size
_NO_STEP: Final = -1


class IndexEntry(NamedTuple):
    """What is true of a place in the log that is the beginning of a record."""

    offset: int
    """Of the place, in bytes."""
    line: int
    """Number of the first line that ends at or after it."""
    latest_us: int
    """The latest time of any record before it, in microseconds since the epoch."""
    stdout_step: int | None
    """The step stdout is in."""
    stderr_step: int | None
    """The step stderr is in."""


START: Final = IndexEntry(0, 1, -(1 << 63), None, None)
"""What is true of every log's beginning."""


def encode(entries: Iterable[IndexEntry]) -> bytes:
    """The entries as they stand in the file."""
    parts: list[bytes] = []
    for entry in entries:
        steps = (_NO_STEP if step is None else step for step in entry[3:])
        body = _BODY.pack(*entry[:3], *steps)
        parts += (body, _CHECKSUM.pack(zlib.crc32(body)))
    return b"".join(parts)


def last_entry(path: Path, before: int, holds: Callable[[IndexEntry], bool] = lambda _: True) -> IndexEntry:
    """The last entry for which ``holds`` is true; `START` if there is none.

    Args:
        path: The index file; it may be absent.
        before: Entries at or beyond this offset of the log are not used.
        holds: True for entries up to some place, False beyond it.
    """
    try:
        fd = os.open(path, os.O_RDONLY | portable.OPEN)
    except FileNotFoundError:
        return START
    try:
        low, high, best = 0, os.fstat(fd).st_size // _SIZE, START
        while low < high:
            middle = (low + high) // 2
            entry = _decode(portable.read_at(fd, _SIZE, middle * _SIZE))
            if entry is not None and entry.offset < before and holds(entry):
                low, best = middle + 1, entry
            else:
                high = middle
        return best
    finally:
        os.close(fd)


def _decode(data: bytes) -> IndexEntry | None:
    body = data[: _BODY.size]
    if len(data) < _SIZE or _CHECKSUM.unpack(data[_BODY.size :]) != (zlib.crc32(body),):
        return None
    offset, line, latest_us, stdout_step, stderr_step = _BODY.unpack(body)
    return IndexEntry(
        offset,
        line,
        latest_us,
        None if stdout_step == _NO_STEP else stdout_step,
        None if stderr_step == _NO_STEP else stderr_step,
    )
