"""Lines from a stream, of bounded length: of one that is too long only its beginning and its end are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import ByteReceiveStream

_CHUNK: Final = 64 * 1024
_KEPT: Final = 512


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line that was left out.

    Attributes:
        head: Its first bytes.
        tail: Its last bytes.
        length: How long it was.
    """

    head: bytes
    tail: bytes
    length: int


class LineReader:
    """Reads lines without their ends; bytes after the last newline are no line.

    Args:
        stream: Where bytes come from.
        longest: Bytes a line may have.
    """

    def __init__(self, stream: ByteReceiveStream, longest: int) -> None:
        self._stream = stream
        self._longest = longest
        self._buffer = bytearray()
        self._searched = 0

    async def line(self, longest: int) -> bytes | None:
        """The next line; None at the end, or if it is longer than this: nothing can be read after that."""
        while (end := self._end()) < 0:
            if len(self._buffer) > longest or not await self._more():
                return None
        return self._take(end) if end <= longest else None

    async def lines(self) -> AsyncIterator[bytes | LongLine]:
        """All lines, one after the other."""
        while True:
            end = self._end()
            if 0 <= end <= self._longest:
                yield self._take(end)
            elif end >= 0 or len(self._buffer) > self._longest:
                long = await self._skip()
                if long is None:
                    return
                yield long
            elif not await self._more():
                return

    def _end(self) -> int:
        end = self._buffer.find(b"\n", self._searched)
        self._searched = len(self._buffer) if end < 0 else 0
        return end

    def _take(self, end: int) -> bytes:
        line = bytes(memoryview(self._buffer)[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return line

    async def _skip(self) -> LongLine | None:
        """Read to the end of the present line without keeping it."""
        head, tail, length = bytes(self._buffer[:_KEPT]), b"", 0
        self._searched = 0
        while (end := self._end()) < 0:
            length += len(self._buffer)
            tail = (tail + self._buffer[-_KEPT:])[-_KEPT:]
            self._buffer.clear()
            self._searched = 0
            if not await self._more():
                return None
        length += end
        tail = (tail + self._take(end)[-_KEPT:])[-_KEPT:]
        return LongLine(head, tail, length)

    async def _more(self) -> bool:
        try:
            self._buffer += await self._stream.receive(_CHUNK)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return False
        return True
