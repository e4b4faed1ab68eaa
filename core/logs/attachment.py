"""One attachment to a container's output: what of it is fresh, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.logs.framing import MARKER, Record
from core.logs.lines import LineAssembler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.logs.markers import MarkerGrammar
    from core.logs.state import StreamCursor
    from core.records.log import LogFrame


@dataclass(slots=True)
class _Known:
    """What of a stream is recorded: all before ``at``, and so many records of that time."""

    at: bytes
    records: int


class Attachment:
    """Turns delivered frames into records and passes over those recorded before.

    All pieces of a line share one time, so that the frames of a time, taken together, begin at a line's start. They
    are delivered again from there and make the same records again, of which the known ones are counted off.

    Args:
        cursors: How far each stream has been recorded.
        grammar: Knows the attempt's markers.
        needles: What to mask.
    """

    def __init__(self, cursors: Mapping[int, StreamCursor], grammar: MarkerGrammar, needles: Iterable[bytes]) -> None:
        self._known = {stream: _Known(cursor.at, cursor.records) for stream, cursor in cursors.items()}
        self._grammar, self._needles = grammar, needles
        self._assemblers: dict[int, LineAssembler] = {}  # each with the first frame of its stream

    def is_plain(self, stream: int) -> bool:
        """Whether the stream is between lines and past all that is known."""
        assembler = self._assemblers.get(stream)
        return stream not in self._known and (assembler is None or assembler.open_since is None)

    def overlaps(self, frames: Iterable[LogFrame]) -> bool:
        """Whether some of these frames are recorded for certain."""
        return any(frame.at < known.at for frame in frames if (known := self._known.get(frame.stream)))

    def fresh(self, frames: Sequence[LogFrame]) -> Sequence[LogFrame]:
        """The frames less those that are recorded for certain."""
        if not self._known:
            return frames
        since = {stream: known.at for stream, known in self._known.items()}
        return [frame for frame in frames if frame[1] >= since.get(frame[0], b"")]

    def records(self, frame: LogFrame) -> list[Record]:
        """The fresh records that a frame completes."""
        stream = frame.stream
        assembler = self._assemblers.get(stream)
        if assembler is None:
            assembler = self._assemblers[stream] = LineAssembler(stream, self._grammar, self._needles)
        known = self._known.get(stream)
        if known and frame.at > known.at and assembler.open_since is None:
            del self._known[stream]
        records = assembler.feed(frame.at, frame.body)
        return self._less_known(stream, records) if self._known else records

    def marks_alone(self, frames: Iterable[LogFrame]) -> list[Record]:
        """The fresh records of frames that are marks of steps between lines, and past all that is known; else none."""
        records: list[Record] = []
        for stream, at, body in frames:
            mark = self._grammar.mark_alone(body)
            if mark is None or not self.is_plain(stream):
                return []
            records.append(Record(MARKER[stream], at, mark))
        return records

    def rests(self) -> list[Record]:
        """What stands without a newline, as records; those lines are given up."""
        records: list[Record] = []
        for stream, assembler in sorted(self._assemblers.items()):
            known = self._known.get(stream)
            if not (known and known.records and assembler.open_since == known.at):
                records += assembler.rest()
        return records

    def _less_known(self, stream: int, records: list[Record]) -> list[Record]:
        known = self._known.get(stream)
        if known is None:
            return records
        kept: list[Record] = []
        for record in records:
            if known.records and record.at == known.at:
                known.records -= 1
            else:
                kept.append(record)
        return kept
