"""An attempt's log file and the index beside it, for appending: they are made with the first thing to write."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from core import portable
from core.logs import index
from core.logs.framing import index_path, log_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.logs.index import IndexEntry

_SYNC_EVERY_S: Final = 1.0
_APPEND: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | portable.OPEN
_sync: Final = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class LogFile:
    """The two files of one attempt. Used by one thread at a time.

    Args:
        folder: The job's log folder; made with mode 0700.
        attempt: The attempt's number.
        fd: The log file, if it is open already.

    Attributes:
        size: Bytes of the log file.
    """

    def __init__(self, folder: Path, attempt: int, fd: int | None = None) -> None:
        self.size = 0 if fd is None else os.fstat(fd).st_size
        self._folder = folder
        self._attempt = attempt
        self._fd = fd
        self._index_fd: int | None = None
        self._synced = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether the log file is there, and open."""
        return self._fd is not None

    def append(self, data: bytes, entries: Sequence[IndexEntry] = ()) -> None:
        """Write what follows, all of it or nothing; a second's worth is at most lost when the machine goes down.

        Raises:
            OSError: The disk is full or failing; the files are as they were.
        """
        if self._fd is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(log_path(self._folder, self._attempt), _APPEND, 0o600)
        _write_whole(self._fd, data)
        self.size += len(data)
        if entries:
            with suppress(OSError):  # what the index lacks is found by reading the log from further back
                self._append_index(index.encode(entries))
        moment = time.monotonic()
        if moment - self._synced >= _SYNC_EVERY_S:
            _sync(self._fd)
            self._synced = moment

    def _append_index(self, data: bytes) -> None:
        if self._index_fd is None:
            self._index_fd = os.open(index_path(self._folder, self._attempt), _APPEND, 0o600)
        _write_whole(self._index_fd, data)

    def sync(self) -> None:
        """Return once all that was written is on the disk."""
        if self._fd is not None:
            _sync(self._fd)

    def close(self) -> None:
        """Close the files; more than once is the same as once."""
        for fd in (self._fd, self._index_fd):
            if fd is not None:
                os.close(fd)
        self._fd = self._index_fd = None


def _write_whole(fd: int, data: bytes) -> None:
    """Append all of it, or leave the file as it was: a disk may be full after half."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError:
        written = len(data) - len(view)
        if written:
            with suppress(OSError):
                os.ftruncate(fd, os.fstat(fd).st_size - written)
        raise
