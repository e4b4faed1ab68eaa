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
    from collections.abc import Iterable

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

    def feed(self, at: bytes, body: bytes) -> list[Record]:
        """Take a frame; the records it completes.

        Args:
            at: The frame's time. A line has the time of its first piece.
            body: The frame's bytes.
        """
        records: list[Record] = []
        *ended, rest = body.split(b"\n")
        for piece in ended:
            self.open_since = self.open_since or at
            self._end(self._raw + piece, self.open_since, records)
        if rest:
            self.open_since = self.open_since or at
            self._raw += rest
            if len(self._raw) > MAX_MARKER:
                settled = len(self._raw) - MAX_MARKER
                self._text += self._redactor.feed(self._raw[:settled])
                self._raw = self._raw[settled:]
                self._overflow(self.open_since, records)
        return records

    def rest(self) -> list[Record]:
        """What stands without a newline, as the records that say so; the line is given up."""
        if self.open_since is None:
            return []
        at = self.open_since
        settled, marker = self._settled(self._raw)
        text = bytes(self._text) + settled
        starts = range(0, len(text), MAX_LINE)
        records = [Record(UNENDED[self._stream], at, text[start : start + MAX_LINE]) for start in starts]
        if marker is not None:
            records.append(Record(UNENDED_MARKER[self._stream], at, marker))
        self._reset()
        return records

    def _end(self, raw: bytes, at: bytes, records: list[Record]) -> None:
        """The line ends with ``raw``."""
        text, marker = self._settled(raw)
        if self._text or len(text) > MAX_LINE:
            self._text += text
            self._overflow(at, records)
            text = bytes(self._text)
        if text or marker is None:
            records.append(Record(LINE[self._stream], at, text))
        if marker is not None:
            records.append(Record(MARKER[self._stream], at, marker))
        self._reset()

    def _settled(self, raw: bytes) -> tuple[bytes, bytes | None]:
        """The end of a line's text, masked, and the marker that follows it."""
        text, marker = self._grammar.split(raw)
        return self._redactor.feed(text, final=True), marker

    def _overflow(self, at: bytes, records: list[Record]) -> None:
        while len(self._text) > MAX_LINE:
            records.append(Record(CONTINUED[self._stream], at, bytes(self._text[:MAX_LINE])))
            del self._text[:MAX_LINE]

    def _reset(self) -> None:
        self.open_since = None
        self._raw = b""
        self._text.clear()
