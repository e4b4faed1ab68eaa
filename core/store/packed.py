"""Large files that compress well, kept as gzip that can be read from the middle.

One ordinary gzip stream, so that a client that accepts gzip can be sent the file as it lies. It is flushed fully at the
end of each block of the original, and where the blocks begin stands in a field of the header (RFC 1952, FEXTRA), which
other readers pass over.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX: Final = ".gz"

SAMPLE: Final = 64 * 1024
"""Bytes that are looked at to see whether a file compresses well."""

_LEAST: Final = 128 * 1024
_WORTH_IT: Final = 0.8
_LEVEL: Final = 1
"""The fastest: a job waits for its files to be kept."""

_BLOCK: Final = 1024 * 1024
_MOST_BLOCKS: Final = 8000
_RAW: Final = -zlib.MAX_WBITS
_HEADER: Final = struct.Struct("<4sI2sH2sHI")
_OFFSET: Final = struct.Struct("<Q")
_MAGIC: Final = b"\x1f\x8b\x08\x04"  # gzip, deflate, with an extra field
_FIELD: Final = b"OR"

_COMPRESSED: Final = (
    b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"7z\xbc\xaf",
    b"Rar!", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"OggS", b"fLaC", b"ID3", b"wOFF", b"wOF2",
)  # fmt: skip
"""How files begin that are compressed already."""


def is_worth_packing(size: int, sample: bytes) -> bool:
    """Whether a file is large and compresses well.

    Args:
        size: Of the whole file, in bytes.
        sample: Its first `SAMPLE` bytes.
    """
    if size < _LEAST or sample.startswith(_COMPRESSED) or sample[4:8] == b"ftyp":
        return False
    return len(zlib.compress(sample, _LEVEL)) < _WORTH_IT * len(sample)


class Packer:
    """Compresses a file of known size.

    Args:
        size: In bytes; exactly so many have to be fed.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._block = max(_BLOCK, -(-size // _MOST_BLOCKS))
        self._offsets = [0] * -(-size // self._block)
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        self._crc = 0
        self._taken = 0
        self._written = len(self.header())

    def header(self) -> bytes:
        """The file's first bytes; put there again at the end, when it is known where the blocks begin."""
        table = b"".join(map(_OFFSET.pack, self._offsets))
        field = 4 + len(table)
        return _HEADER.pack(_MAGIC, 0, b"\x00\xff", 4 + field, _FIELD, field, self._block) + table

    def feed(self, data: bytes | bytearray) -> bytes:
        """The next bytes, compressed as far as they are ready."""
        out = bytearray()
        rest = memoryview(data)
        while rest:
            into_block = self._taken % self._block
            if not into_block:
                out += self._deflate.flush(zlib.Z_FULL_FLUSH) if self._taken else b""
                self._offsets[self._taken // self._block] = self._written + len(out)
            piece, rest = rest[: self._block - into_block], rest[self._block - into_block :]
            self._crc = zlib.crc32(piece, self._crc)
            self._taken += len(piece)
            out += self._deflate.compress(piece)
        self._written += len(out)
        return bytes(out)

    def finish(self) -> bytes:
        """The file's last bytes.

        Raises:
            ValueError: Not as many bytes were fed as were announced.
        """
        if self._taken != self._size:
            raise ValueError(f"{self._taken} bytes came of {self._size}")
        return self._deflate.flush() + struct.pack("<II", self._crc, self._size & 0xFFFFFFFF)


def read_packed(path: Path, offset: int, size: int) -> bytes:
    """Bytes of the original.

    Args:
        path: The packed file.
        offset: Where to begin, in bytes of the original.
        size: At most this many bytes; -1 for all.

    Raises:
        OSError: It cannot be read, or is not what `Packer` writes.
    """
    with path.open("rb") as file:
        block, offsets = _table(file)
        index = offset // block
        if index >= len(offsets):
            return b""
        file.seek(offsets[index])
        wanted = -1 if size < 0 else offset - index * block + size
        return b"".join(_inflated(file, wanted))[offset - index * block :]


def _table(file: BinaryIO) -> tuple[int, list[int]]:
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size or not head.startswith(_MAGIC):
        raise OSError(None, "a packed file is damaged")
    *_, field, block = _HEADER.unpack(head)
    return block, [offset for (offset,) in _OFFSET.iter_unpack(file.read(field - 4))]


def _inflated(file: BinaryIO, wanted: int) -> Iterator[bytes]:
    """The original's bytes from a block's beginning on, at most ``wanted``, or all if that is negative."""
    inflate, left = zlib.decompressobj(_RAW), wanted
    while left and not inflate.eof:
        data = inflate.unconsumed_tail or file.read(SAMPLE)
        if not data:
            raise OSError(None, "a packed file is cut off")
        try:
            piece = inflate.decompress(data, max(left, 0))
        except zlib.error as error:
            raise OSError(None, "a packed file is damaged") from error
        left -= len(piece) if left > 0 else 0
        yield piece
