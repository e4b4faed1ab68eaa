"""From the pieces of one stream to records: joins what belongs to a line, masks secrets, takes markers out.

What comes out depends only on the bytes that went in, from the start of a line on, not on how they were cut. Resuming
rests on that: the frames of a line that was recorded in part are fed again, and the records there are already are
counted off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.logs.framing import CONTINUED, LINE, MARKER, MAX_LINE, UNENDED, UNENDED_MARKER, Record
from core.logs.markers import MAX_MARKER
from core.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.logs.markers import MarkerGrammar


class LineAssembler:
    """Makes records of the frames of one stream; holds little more than 64 KiB.

    Args:
        stream: 1 for stdout, 2 for stderr.
        grammar: Knows the attempt's markers.
        needles: What to mask.
    """

    def __init__(self, stream: int, grammar: MarkerGrammar, needles: Iterable[bytes]) -> None:
        self._stream = stream
        self._grammar = grammar
        self._redactor = Redactor(needles)
        self.open_since: bytes | None = None
        """Time of the first piece of the line that has not ended; None between lines."""
        self._raw = b""  # the line's last bytes: a marker may begin here
        self._text = bytearray()  # what precedes them, masked, as far as it is no record yet

    def feed(self, at: bytes, body: bytes) -> Iterator[Record]:
        """Take a frame and yield the records it completes.

        Args:
            at: The frame's time. A line has the time of its first piece.
            body: The frame's bytes.
        """
        *ended, rest = body.split(b"\n")
        for piece in ended:
            self.open_since = self.open_since or at
            yield from self._end(self._raw + piece)
        if rest:
            self.open_since = self.open_since or at
            self._raw += rest
            if len(self._raw) > MAX_MARKER:
                settled = len(self._raw) - MAX_MARKER
                self._text += self._redactor.feed(self._raw[:settled])
                self._raw = self._raw[settled:]
                yield from self._overflow()

    def rest(self) -> list[Record]:
        """What stands without a newline, as the records that say so; the line is given up."""
        if self.open_since is None:
            return []
        at, marker = self.open_since, self._settle(self._raw)
        text = bytes(self._text)
        starts = range(0, len(text), MAX_LINE)
        records = [Record(UNENDED[self._stream], at, text[start : start + MAX_LINE]) for start in starts]
        if marker is not None:
            records.append(Record(UNENDED_MARKER[self._stream], at, marker))
        self._reset()
        return records

    def _end(self, raw: bytes) -> Iterator[Record]:
        marker = self._settle(raw)
        yield from self._overflow()
        at = self.open_since or b""
        if self._text or marker is None:
            yield Record(LINE[self._stream], at, bytes(self._text))
        if marker is not None:
            yield Record(MARKER[self._stream], at, marker)
        self._reset()

    def _settle(self, raw: bytes) -> bytes | None:
        """The line ends with ``raw``: complete its text, and return its marker."""
        text, marker = self._grammar.split(raw)
        self._text += self._redactor.feed(text, final=True)
        return marker

    def _overflow(self) -> Iterator[Record]:
        while len(self._text) > MAX_LINE:
            yield Record(CONTINUED[self._stream], self.open_since or b"", bytes(self._text[:MAX_LINE]))
            del self._text[:MAX_LINE]

    def _reset(self) -> None:
        self.open_since = None
        self._raw = b""
        self._text.clear()
