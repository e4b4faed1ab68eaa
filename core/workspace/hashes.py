"""SHA-256 of files, remembered for as long as the file stays what it was."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from core import portable
from core.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_PIECE: Final = 1024 * 1024
_TRIES: Final = 3
_TICK_NS: Final = 50_000_000
"""Two changes within one tick of the file system's clock look like one."""
_COARSE_TICK_NS: Final = 2_000_000_000
"""The tick where times are whole seconds."""
_SECOND_NS: Final = 1_000_000_000
_AGAIN: Final = "Send the folder again once nothing writes to it, or leave the file out with .gitignore."


class FileStamp(NamedTuple):
    """What tells whether a file is still what it was, without reading it."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStamp:
        """The stamp in what `os.stat` says."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class HashCache:
    """Hashes by path and stamp; the longest unused go first. Not for several threads at once.

    Args:
        entries: How many are kept.
        now_ns: The file system's clock, in nanoseconds since the epoch.
    """

    def __init__(self, entries: int = 200_000, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._entries = entries
        self._now_ns = now_ns
        self._known: OrderedDict[str, tuple[FileStamp, str]] = OrderedDict()
        self.reads = 0
        """Files that had to be read."""

    def look_up(self, path: str, listed: FileStamp) -> tuple[str, FileStamp]:
        """The file's hash and the stamp it has with it; it is read only if it was never read under that stamp.

        Args:
            path: Absolute.
            listed: Its stamp when it was listed; another file in its place is never read.

        Raises:
            BusyError: It changes while it is read, or is another file by now.
            OSError: It cannot be read.
        """
        known = self._known.get(path)
        if known is not None and known[0] == listed:
            self._known.move_to_end(path)
            return known[1], listed
        began = self._now_ns()
        stamp, sha256 = self._read(path, listed)
        if not _could_hide_a_change(stamp, began):
            self._known[path] = (stamp, sha256)
            self._known.move_to_end(path)
            if len(self._known) > self._entries:
                self._known.popitem(last=False)
        return sha256, stamp

    def _read(self, path: str, listed: FileStamp) -> tuple[FileStamp, str]:
        for _ in range(_TRIES):
            self.reads += 1
            digest = hashlib.sha256()
            with opened(path, listed) as descriptor:
                before = FileStamp.of(os.fstat(descriptor))
                for piece in pieces(descriptor):
                    digest.update(piece)
                if FileStamp.of(os.fstat(descriptor)) == before:
                    return before, digest.hexdigest()
        raise BusyError(f"workspace: {path} changes while it is read", hint=_AGAIN)


@contextmanager
def opened(path: str, listed: FileStamp) -> Generator[int]:
    """A descriptor of the very file that was listed under this path.

    A link or another file that was put in its place meanwhile, at any level of the path, is not read.

    Raises:
        BusyError: It is another file by now.
        OSError: It cannot be opened.
    """
    descriptor = portable.open_as_it_is(path)
    try:
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != listed[:2] or not stat.S_ISREG(status.st_mode):
            raise BusyError(f"workspace: {path} was replaced while the folder was read", hint=_AGAIN)
        yield descriptor
    finally:
        os.close(descriptor)


def pieces(descriptor: int) -> Iterator[bytes]:
    """The file's bytes from where it stands, piece by piece."""
    while piece := os.read(descriptor, _PIECE):
        yield piece


def _could_hide_a_change(stamp: FileStamp, now_ns: int) -> bool:
    """Whether the file changed so lately that another change might leave the stamp as it is."""
    latest = max(stamp.mtime_ns, stamp.ctime_ns)
    return now_ns - latest < (_TICK_NS if stamp.ctime_ns % _SECOND_NS else _COARSE_TICK_NS)
