"""Files named by the SHA-256 of their bytes, written so that a name always means whole contents.

Bytes go to a part file first; it is synced and renamed once its hash is known. A crash leaves at most a part behind,
which `sweep_parts` removes. A file may lie packed (`core.store.packed`); its name, size and hash are the original's.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

import anyio
import anyio.to_thread

from core import portable
from core.errors import StoreError
from core.store.faults import file_error
from core.store.packed import SAMPLE, is_worth_packing, read_packed
from core.store.part_file import Blob, PartFile, packed_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
    from pathlib import Path

T = TypeVar("T")

_HELD_BYTES: Final = 1024 * 1024
"""Kept in memory before a thread is asked to write them: most files need one hop only."""
_READ_BYTES: Final = 1024 * 1024
"""What one hop to a thread reads of a file that is sent on: a packed one is kept in blocks of this size."""
_THREADS: Final = 4
_SYNCING_THREADS: Final = 16
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class StoredFile(NamedTuple):
    """How a file lies on the disk.

    Attributes:
        path: Where.
        encoding: ``gzip`` when it lies packed.
        size: What it takes there, in bytes.
    """

    path: Path
    encoding: Literal["gzip"] | None
    size: int


class BlobFolder:
    """One folder of such files.

    Args:
        folder: Made with mode 0700 when the first file comes.
        parts: Where files are while they are written; in the same file system.
    """

    def __init__(self, folder: Path, parts: Path) -> None:
        self._folder = folder
        self._parts = parts
        self._limiter = anyio.CapacityLimiter(_THREADS)
        self._syncing = anyio.CapacityLimiter(_SYNCING_THREADS)

    def path(self, sha256: str) -> Path:
        """Where the file with that hash is, if it is there.

        Raises:
            ValueError: The text is not a SHA-256 in lower-case hexadecimal.
        """
        if _SHA256.fullmatch(sha256) is None:
            raise ValueError("not a SHA-256 in hexadecimal")
        return self._folder / sha256

    async def put(self, data: bytes) -> Blob:
        """Store bytes that are in memory.

        Raises:
            StoreError: The disk is full or failing.
        """
        async with self.writing() as writer:
            await writer.write(data)
            return await writer.keep()

    def put_pieces(self, pieces: Iterable[bytes], size: int | None = None) -> Blob:
        """Store bytes that come in pieces; for a worker thread, since it blocks.

        Args:
            pieces: The bytes.
            size: How many they are: a large file that compresses well is then packed. None stores it as it is.

        Raises:
            StoreError: The disk is full or failing. What the pieces raise passes through, and nothing stays.
        """
        if size is not None:
            sample, pieces = _sampled(iter(pieces))
            size = size if is_worth_packing(size, sample) else None
        part = PartFile(self._folder, self._parts, size)
        try:
            for piece in pieces:
                part.append(piece)
            return part.finish(b"")
        except OSError as error:
            raise file_error(error, "a file could not be stored") from error
        finally:
            part.discard()

    async def put_many(self, files: Iterable[Iterable[bytes]]) -> list[Blob]:
        """Store some files at once, all or none.

        They are synced at the same time, which the file system does in one go: twenty times as fast as one by one.

        Args:
            files: The pieces of each, taken in a worker thread.

        Raises:
            StoreError: The disk is full or failing. What the pieces raise passes through, and nothing stays.
        """
        parts: list[PartFile] = []
        try:
            await _on_thread(partial(self._write_all, files, parts), self._limiter)
            failed: list[StoreError] = []

            async def sync(part: PartFile) -> None:
                try:
                    await _on_thread(part.sync, self._syncing)
                except StoreError as error:
                    failed.append(error)

            async with anyio.create_task_group() as tasks:
                for part in parts:
                    tasks.start_soon(sync, part)
            if failed:
                raise failed[0]
            return await _on_thread(partial(self._place_all, parts), self._limiter)
        finally:
            with anyio.CancelScope(shield=True):
                await _on_thread(lambda: [part.discard() for part in parts], self._limiter)

    def _write_all(self, files: Iterable[Iterable[bytes]], parts: list[PartFile]) -> None:
        for pieces in files:
            part = PartFile(self._folder, self._parts)
            parts.append(part)
            part.append(b"")
            for piece in pieces:
                part.append(piece)

    def _place_all(self, parts: Iterable[PartFile]) -> list[Blob]:
        blobs = [part.place() for part in parts]
        if blobs:
            portable.sync_folder(self._folder)
        return blobs

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[BlobWriter]:
        """A writer for a file that comes in pieces; without `BlobWriter.keep` nothing of it stays."""
        part = PartFile(self._folder, self._parts)
        try:
            yield BlobWriter(part, self._limiter)
        finally:
            if part.is_open:
                with anyio.CancelScope(shield=True):
                    await _on_thread(part.discard, self._limiter)

    async def read(self, sha256: str, offset: int = 0, size: int = -1) -> bytes:
        """Bytes of a file.

        Args:
            sha256: Which file.
            offset: Where to begin, in bytes.
            size: At most this many bytes; -1 for all.

        Raises:
            StoreError: There is no such file, or it cannot be read.
        """
        return await _on_thread(partial(_read, self.path(sha256), offset, size), self._limiter)

    async def chunks(self, sha256: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Bytes of a file from ``start`` up to but without ``stop``, piece by piece.

        Raises:
            StoreError: There is no such file, or it cannot be read.
        """
        while start < stop:
            data = await self.read(sha256, start, min(stop - start, _READ_BYTES - start % _READ_BYTES))
            if not data:
                return
            start += len(data)
            yield data

    async def find(self, sha256: str) -> StoredFile:
        """How the file lies on the disk.

        Raises:
            StoreError: There is no such file.
        """
        return await _on_thread(partial(_find, self.path(sha256)), self._limiter)

    async def find_many(self, hashes: Sequence[str]) -> dict[str, StoredFile]:
        """How each of these files lies on the disk, without those that are not there."""
        return await _on_thread(partial(_find_all, [self.path(sha256) for sha256 in hashes]), self._limiter)

    async def sizes(self, hashes: Sequence[str]) -> dict[str, int]:
        """The size of each of these files that is here as it is; not for folders with packed ones.

        Their times are set to now: whoever asks is about to count on them, and what is old may be swept.
        """
        return await _on_thread(partial(_sizes, [self.path(sha256) for sha256 in hashes]), self._limiter)

    async def has(self, sha256: str) -> bool:
        """Whether a file with that hash is here."""
        path = self.path(sha256)
        return await _on_thread(lambda: path.is_file() or packed_name(path).is_file(), self._limiter)

    async def remove(self, sha256: str) -> None:
        """Remove the file; nothing happens if it is not there."""
        for path in (self.path(sha256), packed_name(self.path(sha256))):
            await _on_thread(partial(path.unlink, missing_ok=True), self._limiter)

    async def remove_all(self) -> None:
        """Remove the folder with all files in it; nothing happens if it is not there."""
        await _on_thread(partial(shutil.rmtree, self._folder, ignore_errors=True), self._limiter)


class BlobWriter:
    """Takes a file in pieces; made by `BlobFolder.writing`."""

    def __init__(self, part: PartFile, limiter: anyio.CapacityLimiter) -> None:
        self._part = part
        self._limiter = limiter
        self._held = bytearray()
        self.size = 0
        """Bytes taken so far."""

    async def write(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            StoreError: The disk is full or failing.
        """
        self.size += len(data)
        self._held += data
        if len(self._held) >= _HELD_BYTES:
            held, self._held = self._held, bytearray()
            await _on_thread(partial(self._part.append, held), self._limiter)

    async def keep(self, expected: str | None = None) -> Blob:
        """Make the file durable under its hash.

        Args:
            expected: The hash that it has to have.

        Raises:
            ValueError: It has another; nothing of the file stays.
            StoreError: The disk is full or failing.
        """
        return await _on_thread(partial(self._part.finish, self._held, expected), self._limiter)


async def sweep_parts(parts: Path) -> int:
    """Remove what a crash left half-written; called at a start, before anything is written.

    Returns:
        How many files that were.
    """
    return await _on_thread(partial(_sweep, parts), anyio.CapacityLimiter(1))


def _sweep(parts: Path) -> int:
    count = 0
    for path in parts.glob(".part-*"):
        path.unlink(missing_ok=True)
        count += 1
    return count


def _read(path: Path, offset: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
    except FileNotFoundError:
        return read_packed(packed_name(path), offset, size)


def _find(path: Path) -> StoredFile:
    try:
        return StoredFile(path, None, path.stat().st_size)
    except FileNotFoundError:
        packed = packed_name(path)
        return StoredFile(packed, "gzip", packed.stat().st_size)


def _find_all(paths: Iterable[Path]) -> dict[str, StoredFile]:
    found: dict[str, StoredFile] = {}
    for path in paths:
        try:
            found[path.name] = _find(path)
        except FileNotFoundError:
            continue
    return found


def _sizes(paths: Iterable[Path]) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in paths:
        try:
            os.utime(path)
            found[path.name] = path.stat().st_size
        except FileNotFoundError:
            continue
    return found


def _sampled(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of some pieces, and all of the pieces."""
    first: list[bytes] = []
    while sum(map(len, first)) < SAMPLE and (piece := next(pieces, b"")):
        first.append(piece)
    return b"".join(first)[:SAMPLE], chain(first, pieces)


async def _on_thread(function: Callable[[], T], limiter: anyio.CapacityLimiter) -> T:
    try:
        return await anyio.to_thread.run_sync(function, limiter=limiter)
    except OSError as error:
        raise file_error(error, "a stored file could not be read or written") from error
