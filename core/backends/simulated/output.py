"""A container's output, cut into frames as Docker's json-file driver does."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Final

from core.backends.base import LogFrame

PIECE: Final = 16 * 1024
"""A longer line comes in pieces of this many bytes."""

RECENT_FRAMES: Final = 10_000
RECENT_BYTES: Final = 8 * 1024 * 1024
_SECOND: Final = 1_000_000_000


class Output:
    """What a container printed: everything up to the quota, and beyond it the last frames.

    Args:
        max_bytes: The quota in bytes.
        max_lines: The quota in frames.
    """

    __slots__ = (
        "_bytes",
        "_dropped",
        "_head",
        "_head_is_full",
        "_last",
        "_max_bytes",
        "_max_lines",
        "_open",
        "_piece_at",
        "_recent",
        "_recent_bytes",
    )

    def __init__(self, max_bytes: int, max_lines: int) -> None:
        self._max_bytes, self._max_lines = max_bytes, max_lines
        self._head: list[LogFrame] = []
        self._head_is_full = False
        self._bytes = 0
        self._recent: deque[LogFrame] = deque()
        self._recent_bytes = 0
        self._dropped = 0
        self._open: dict[int, bytearray] = {}
        self._piece_at: dict[int, bytes] = {}
        self._last = 0

    @property
    def count(self) -> int:
        """How many frames there have been."""
        return len(self._head) + self._dropped + len(self._recent)

    def at_moment(self, nanoseconds: int) -> None:
        """Frames from here on are taken at this time since the epoch, or just after the last one if that is later."""
        self._last = max(self._last, nanoseconds - 1)

    def write(self, stream: int, data: bytes) -> None:
        """Take what a process wrote; a line becomes a frame once it is whole or fills a piece."""
        rest = self._open.pop(stream, None) if self._open else None
        if rest:
            data = bytes(rest) + data
        start = 0
        while (end := data.find(b"\n", start) + 1) > 0:
            if end - start > PIECE:
                start = self._pieces(stream, data, start, end)
            at = self._piece_at.pop(stream, None) if self._piece_at else None
            self._keep(LogFrame(stream, at or self._stamp(), data[start:end]))
            start = end
        if start < len(data):
            start = self._pieces(stream, data, start, len(data) + 1)
            self._open[stream] = bytearray(data[start:])

    def end(self) -> None:
        """No more comes: what is left of unfinished lines becomes frames."""
        for stream, rest in sorted(self._open.items()):
            self._keep(LogFrame(stream, self._piece_at.pop(stream, None) or self._stamp(), bytes(rest)))
        self._open.clear()

    def read(self, start: int, most: int) -> tuple[list[LogFrame], int]:
        """Frames from number ``start`` on, at most ``most``, and the number that follows them."""
        head = self._head
        if start < len(head):
            frames = head[start : start + most]
            return frames, start + len(frames)
        first = len(head) + self._dropped
        start = max(start, first)
        frames = list(islice(self._recent, start - first, start - first + most))
        return frames, start + len(frames)

    def tail(self, lines: int) -> list[LogFrame]:
        """The last frames, at most ``lines``."""
        if lines <= 0:
            return []
        recent = list(self._recent)[-lines:]
        if self._dropped or len(recent) == lines:
            return recent
        return self._head[len(recent) - lines :] + recent

    def _pieces(self, stream: int, data: bytes, start: int, end: int) -> int:
        """Cut pieces off while more than one is left before ``end``; returns where the rest begins."""
        while end - start > PIECE:
            at = self._piece_at.get(stream) or self._piece_at.setdefault(stream, self._stamp())
            self._keep(LogFrame(stream, at, data[start : start + PIECE]))
            start += PIECE
        return start

    def _keep(self, frame: LogFrame) -> None:
        if not self._head_is_full:
            self._head.append(frame)
            self._bytes += len(frame.body)
            self._head_is_full = self._bytes >= self._max_bytes or len(self._head) >= self._max_lines
            return
        self._recent.append(frame)
        self._recent_bytes += len(frame.body)
        while len(self._recent) > RECENT_FRAMES or self._recent_bytes > RECENT_BYTES:
            self._recent_bytes -= len(self._recent.popleft().body)
            self._dropped += 1

    def _stamp(self) -> bytes:
        self._last += 1
        second, fraction = divmod(self._last, _SECOND)
        return b"%b.%09dZ" % (_text_of(second), fraction)


@lru_cache(maxsize=64)
def _text_of(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).isoformat().encode()[:19]
