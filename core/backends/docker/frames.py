"""Cutting a container's output into frames, as fast as Python can.

The engine sends frames of an 8 byte header (stream, three zeros, length) and a payload ``TIMESTAMP BODY``; with
HTTP/1.1 each comes in a chunk of its own. Whole lines in that shape are taken apart by one expression, all of a buffer
at once; what is split or shaped otherwise goes a slower way. A body holds no newline but its last byte, so nothing that
a container prints can look like the end of its frame.
"""

from __future__ import annotations

import logging
import re
import struct
from itertools import repeat
from typing import TYPE_CHECKING, Final, cast

from core.records.log import LogFrame

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG: Final = logging.getLogger(__name__)
_LINES: Final = re.compile(rb"([0-9a-f]{2,4})\r\n([\x01\x02])\0\0\0((?s:.{4}))([0-9T:.-]{29}Z) ([^\n]*\n)\r\n")
"""A chunk with a frame with a whole line: the chunk's size, stream, the frame's length, time and body."""
_AROUND: Final = 2 + 8 + 30 + 1 + 2
"""Bytes of such a chunk beside its size and its body."""
_HEADER: Final = struct.Struct(">BxxxL").unpack_from
_STAMP: Final = 30
_SPACE: Final = ord(" ")


_FRAME: Final = cast("Callable[[type[LogFrame], tuple[int, bytes, bytes]], LogFrame]", tuple.__new__)
"""As ``LogFrame(stream, at, body)``, without a call of Python's for each."""


class FrameCutter:
    """Takes bytes as they come, gives whole frames.

    Args:
        chunked: Whether the bytes still have HTTP's chunk framing.

    Attributes:
        ended: Whether the last chunk was seen.
    """

    def __init__(self, *, chunked: bool) -> None:
        self.ended = False
        self._chunked = chunked
        self._rest = b""
        self._part = b""

    def feed(self, data: bytes) -> list[LogFrame]:
        """The frames that ``data`` completes.

        Raises:
            ValueError: The bytes are not what an engine sends.
        """
        if not self._chunked:
            return self._cut(data)
        buffer = self._rest + data if self._rest else data
        frames, at = ([], 0) if self._part else _whole_lines(buffer)
        append, find, header = frames.append, buffer.find, _HEADER
        length = len(buffer)
        while (line_end := find(b"\r\n", at)) >= 0:
            start = line_end + 2
            size = int(buffer[at:line_end], 16)
            end = start + size
            if end + 2 > length:
                break
            at = end + 2
            if size >= 39 and not self._part:
                stream, body = header(buffer, start)
                if body == size - 8 and buffer[start + 38] == _SPACE and stream in {1, 2}:
                    append(LogFrame(stream, buffer[start + 8 : start + 38], buffer[start + 39 : end]))
                    continue
            if not size:
                self.ended = True
                break
            frames += self._cut(buffer[start:end])
        self._rest = buffer[at:]
        return frames

    def _cut(self, data: bytes) -> list[LogFrame]:
        buffer = self._part + data if self._part else data
        frames: list[LogFrame] = []
        at = 0
        while len(buffer) - at >= 8:
            stream, size = _HEADER(buffer, at)
            end = at + 8 + size
            if end > len(buffer):
                break
            payload = buffer[at + 8 : end]
            if stream in {1, 2} and payload[_STAMP : _STAMP + 1] == b" ":
                frames.append(LogFrame(stream, payload[:_STAMP], payload[_STAMP + 1 :]))
            else:
                _LOG.warning("the container engine wrote into a log stream: %r", payload[:200])
            at = end
        self._part = buffer[at:]
        return frames


def _whole_lines(buffer: bytes) -> tuple[list[LogFrame], int]:
    """The frames that ``buffer`` begins with as long as each is a whole line, and where the rest begins."""
    found: list[tuple[bytes, bytes, bytes, bytes, bytes]] = _LINES.findall(buffer)
    if not found:
        return [], 0
    sizes, streams, lengths, ats, bodies = zip(*found, strict=True)
    end = sum(map(len, sizes)) + sum(map(len, bodies)) + _AROUND * len(found)
    closing = _LINES.match(buffer, end - _AROUND - len(sizes[-1]) - len(bodies[-1]))
    if closing is None or closing.end() != end:
        return [], 0  # something else stands between them
    told = struct.unpack(f">{len(found)}L", b"".join(lengths))
    if any(map(int.__sub__, told, map((_STAMP + 1).__add__, map(len, bodies)))):
        return [], 0  # chunks that are not frames
    return list(map(_FRAME, repeat(LogFrame), zip(b"".join(streams), ats, bodies, strict=True))), end
