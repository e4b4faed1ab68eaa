"""What a log file holds when it is opened again, after whatever happened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from core import portable
from core.logs import index
from core.logs.framing import (
    END,
    HEADER,
    LINE,
    NO_TIME,
    UNENDED,
    UNENDED_LIMIT,
    UNENDED_MARKER,
    are_times,
    blocks,
    encode,
    index_path,
    log_path,
)
from core.logs.markers import is_sound
from core.logs.state import LogState

if TYPE_CHECKING:
    from pathlib import Path

    from core.logs.index import IndexEntry

_PROVISIONAL: Final = frozenset((END, UNENDED_LIMIT, *UNENDED.values(), *UNENDED_MARKER.values()))
_AT_ONCE: Final = 256
_LINES: Final = b"".join(LINE.values())
_STREAMS: Final = bytes.maketrans(_LINES, bytes(LINE))


def recover(folder: Path, attempt: int) -> tuple[int, LogState]:
    """Bring an attempt's log to a state from which it can be continued, and tell what it holds.

    Cuts a torn last record, what `END` and the kinds that are called unended say of an earlier end, and everything
    from the first malformed record on: the container engine still has that output. Writes the index anew.

    Args:
        folder: The job's log folder; made with mode 0700.
        attempt: The attempt's number; its file may be absent.

    Returns:
        The log file, open for appending, and what it holds.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | portable.OPEN
    fd = os.open(log_path(folder, attempt), flags, 0o600)
    try:
        state = LogState()
        offset, entries = _tell(fd, state)
        if offset != os.fstat(fd).st_size:
            os.ftruncate(fd, offset)
        _replace_index(index_path(folder, attempt), entries)
    except BaseException:
        os.close(fd)
        raise
    return fd, state


def is_ended(folder: Path, attempt: int) -> bool:
    """Whether an attempt's log says that nothing will follow."""
    try:
        fd = os.open(log_path(folder, attempt), os.O_RDONLY | portable.OPEN)
    except FileNotFoundError:
        return False
    try:
        return _says_end(fd)
    finally:
        os.close(fd)


def seal(folder: Path, attempt: int) -> None:
    """Write into an attempt's log that nothing will follow; makes an empty log if there is none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | portable.OPEN
    fd = os.open(log_path(folder, attempt), flags, 0o600)
    try:
        if _says_end(fd):
            return
        size = os.fstat(fd).st_size
        tail = portable.read_at(fd, 1 << 18, max(0, size - (1 << 18)))
        os.ftruncate(fd, size - len(tail) + tail.rfind(b"\n") + 1)
        os.write(fd, encode(END, NO_TIME, b""))
        os.fsync(fd)
    finally:
        os.close(fd)


def _says_end(fd: int) -> bool:
    end = encode(END, NO_TIME, b"")
    tail = portable.read_at(fd, len(end) + 1, max(0, os.fstat(fd).st_size - len(end) - 1))
    return tail in (end, b"\n" + end)


def _tell(fd: int, state: LogState) -> tuple[int, list[IndexEntry]]:
    """Tell the state all that stands; returns where it ends, and the index."""
    entries: list[IndexEntry] = []
    offset = 0
    for block in blocks(fd, 0):
        for start in range(0, len(block.records), _AT_ONCE):
            part = block.records[start : start + _AT_ONCE]
            kinds = b"".join(kind for kind, _, _ in part)
            ats = [at for _, at, _ in part]
            if not kinds.strip(_LINES) and are_times(ats):
                size = sum(len(body) + 1 for _, _, body in part)
                state.take_lines(kinds.translate(_STREAMS), ats, size)
                offset += size + HEADER * len(part)
                _mark_place(state, offset, entries)
                continue
            for kind, at, body in part:
                if kind in _PROVISIONAL or not (are_times((at,)) and is_sound(kind, body)):
                    return offset, entries
                state.take(kind, at, body)
                offset += HEADER + len(body) + 1
                _mark_place(state, offset, entries)
    return offset, entries


def _mark_place(state: LogState, offset: int, entries: list[IndexEntry]) -> None:
    entry = state.entry_due(offset)
    if entry is not None:
        entries.append(entry)


def _replace_index(path: Path, entries: list[IndexEntry]) -> None:
    fresh = path.with_suffix(".idx-fresh")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | portable.OPEN, 0o600)
    try:
        os.write(fd, index.encode(entries))
    finally:
        os.close(fd)
    fresh.replace(path)
