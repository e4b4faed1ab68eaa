"""What POSIX has and Windows spells otherwise: locks, reads at a place, folders opened without following links.

The rest of the engine calls these and knows no platform. Linux and macOS are what it is run on; on Windows it serves
one chat in that chat's own process.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

IS_WINDOWS: Final = sys.platform == "win32"

OPEN: Final = (
    getattr(os, "O_CLOEXEC", 0)  # no container or command of ours inherits it
    | getattr(os, "O_BINARY", 0)  # Windows would translate line ends
    | getattr(os, "O_NOINHERIT", 0)
)
"""Goes into the flags of every `os.open`."""

_AS_IT_IS: Final = OPEN | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FOLDER: Final = OPEN | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0)
_LOCKED_BYTE: Final = 1 << 30
_REPARSE_POINT: Final = 0x400

_seeking = threading.Lock()


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """At most ``size`` bytes of a file from an offset on; where the file stands is not for others to rely on.

    Raises:
        OSError: It cannot be read.
    """
    if not IS_WINDOWS:
        return os.pread(descriptor, size, offset)
    with _seeking:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)


def lock(descriptor: int, *, waits: bool = False) -> None:
    """Lock a file for this process until it is closed; ends with the process, however that ends.

    Args:
        descriptor: The file.
        waits: Whether to wait until another lets go of it, on Windows for ten seconds.

    Raises:
        BlockingIOError: Another has it.
        OSError: It cannot be locked.
    """
    if not IS_WINDOWS:
        import fcntl  # noqa: PLC0415 - Windows has none

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        return
    import msvcrt  # noqa: PLC0415 - only Windows has it

    # far beyond the content: Windows forbids others to read what is locked, and they shall see who has it
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        way = msvcrt.LK_LOCK if waits else msvcrt.LK_NBLCK  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
        msvcrt.locking(descriptor, way, 1)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    except PermissionError as error:
        raise BlockingIOError(error.errno, error.strerror) from None
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)


def sync_folder(folder: Path) -> None:
    """Make a rename durable: the name lies in the folder, not in the file.

    Raises:
        OSError: The disk is failing.
    """
    if IS_WINDOWS:  # folders cannot be synced there; NTFS keeps its own journal of names
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | OPEN)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all() -> None:
    """Make all that was written durable, where the platform offers it for many files at once."""
    if not IS_WINDOWS:
        os.sync()


def host_memory() -> int | None:
    """Bytes of memory that this machine has; None where it does not tell."""
    if IS_WINDOWS:
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def open_as_it_is(path: str | Path) -> int:
    """A file for reading, not the one that a link in its place points at.

    Raises:
        OSError: It cannot be opened; ELOOP or EMLINK for a link.
    """
    if IS_WINDOWS:
        _refuse_link(path)
    return os.open(path, os.O_RDONLY | _AS_IT_IS)


class OpenFolder:
    """A folder whose entries are reached from it, never through a link put into its place meanwhile.

    Windows has no such handles: there every step looks whether it is a link and goes by the path then.

    Args:
        path: The folder.
        above: The folder it lies in, if it is to be opened from there; ``path`` is its name there.

    Raises:
        OSError: It cannot be opened, is a link or no folder.
    """

    def __init__(self, path: str | Path, above: OpenFolder | None = None) -> None:
        self._path = os.fspath(path) if above is None else f"{above._path}{os.sep}{path}"  # noqa: SLF001 - its own kind
        if IS_WINDOWS:
            _refuse_link(self._path)
            if not stat.S_ISDIR(os.stat(self._path).st_mode):  # noqa: PTH116 - a text, as below
                raise NotADirectoryError(self._path)
            self._descriptor = -1
        else:
            place = None if above is None else above._descriptor  # noqa: SLF001 - same
            self._descriptor = os.open(path, os.O_RDONLY | _FOLDER, dir_fd=place)

    def folder(self, name: str) -> OpenFolder:
        """A folder in it.

        Raises:
            OSError: It cannot be opened, is a link or no folder.
        """
        return OpenFolder(name, self)

    def file(self, name: str) -> int:
        """A descriptor of an entry in it, for reading; a pipe does not hold it up.

        Raises:
            OSError: It cannot be opened, or is a link.
        """
        if IS_WINDOWS:
            return open_as_it_is(f"{self._path}{os.sep}{name}")
        return os.open(name, os.O_RDONLY | _AS_IT_IS, dir_fd=self._descriptor)

    def status(self, name: str) -> os.stat_result:
        """What an entry in it is, itself and not what it points at.

        Raises:
            OSError: There is none.
        """
        if IS_WINDOWS:
            return os.lstat(f"{self._path}{os.sep}{name}")
        return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """What is in it, in no order.

        Raises:
            OSError: It cannot be read.
        """
        with os.scandir(self._path if IS_WINDOWS else self._descriptor) as found:
            yield from found

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _refuse_link(path: str | Path) -> None:
    """Windows' links and junctions are both reparse points."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_file_attributes", 0) & _REPARSE_POINT:
        raise OSError(f"{path} is a link")
