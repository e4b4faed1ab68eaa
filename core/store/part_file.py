"""One file on its way into a folder of files named by their hashes."""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from core import portable
from core.store.packed import SUFFIX, Packer

if TYPE_CHECKING:
    from pathlib import Path


class Blob(NamedTuple):
    """A stored file."""

    sha256: str
    size: int


class PartFile:
    """A file being written, as a worker thread sees it.

    Args:
        folder: Where it will lie; made with mode 0700.
        parts: Where it is while it is written.
        packed_size: Pack it; so many bytes will come.
    """

    def __init__(self, folder: Path, parts: Path, packed_size: int | None = None) -> None:
        self._folder = folder
        self._path = parts / f".part-{secrets.token_hex(8)}"
        self._hash = hashlib.sha256()
        self._size = 0
        self._file: BinaryIO | None = None
        self._packer = None if packed_size is None else Packer(packed_size)

    @property
    def is_open(self) -> bool:
        """Whether it lies among the parts."""
        return self._file is not None

    def append(self, data: bytes | bytearray) -> BinaryIO:
        """Take the next bytes; makes the file when there is none yet."""
        if self._file is None:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | portable.OPEN, 0o600)
            self._file = os.fdopen(descriptor, "wb", buffering=0)
            _write(self._file, self._packer.header() if self._packer else b"")
        _write(self._file, self._packer.feed(data) if self._packer else data)
        self._hash.update(data)
        self._size += len(data)
        return self._file

    def finish(self, data: bytes | bytearray, expected: str | None = None) -> Blob:
        """Take the last bytes and make it durable under its hash.

        Raises:
            ValueError: It has another hash than ``expected``.
        """
        self.append(data)
        if expected not in {None, self._hash.hexdigest()}:
            raise ValueError("the bytes have another hash")
        self.sync()
        blob = self.place()
        portable.sync_folder(self._folder)
        return blob

    def sync(self) -> None:
        """Make the bytes whole and durable."""
        file = self.append(b"")
        if self._packer:
            _write(file, self._packer.finish())
            file.seek(0)
            _write(file, self._packer.header())
        os.fsync(file.fileno())

    def place(self) -> Blob:
        """Give it its name, which is durable once the folder is synced."""
        blob = Blob(self._hash.hexdigest(), self._size)
        place = self._folder / blob.sha256
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._file is not None:
            self._file.close()
        self._path.replace(packed_name(place) if self._packer else place)
        self._file = None
        return blob

    def discard(self) -> None:
        """Remove it, unless it has its name."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)


def packed_name(path: Path) -> Path:
    """Where a file lies packed."""
    return path.with_name(path.name + SUFFIX)


def _write(file: BinaryIO, data: bytes | bytearray) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
