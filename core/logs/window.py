"""Lines of a log as they are shown, any of them, in the colours that hold where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.logs.colours import Colours
from core.logs.display import display_text
from core.logs.framing import CONTINUED, GAP, INCOMPLETE, NAME_OF, index_path, to_datetime
from core.logs.index import last_entry
from core.logs.reader import LineScan, open_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from core.logs.reader import RawLine
    from core.records.log import Stream

MAX_SHOWN: Final = 16 * 1024
"""Bytes of a line that are shown, as long as there is room …"""
CROWDED: Final = 512
"""… and once there is none."""
_ROOM: Final = 2 * 1024 * 1024
_LOOK_BACK: Final = 100
"""So many lines before those that are shown are read for the colours they leave on."""
_SKIP: Final = 2000
"""Lines further apart than this are looked up anew rather than read up to."""
_CONTINUED: Final = frozenset(CONTINUED.values())
_GAPS: Final = frozenset({GAP, INCOMPLETE})


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as it is shown.

    Attributes:
        number: From 1 within its attempt.
        at: When Docker took it, aware UTC.
        stream: Where it came from.
        step: The step (from 0) that was running; None outside steps.
        text: Begins with the colours that earlier lines left on. No control characters but tabs and SGR sequences.
        cut: How many bytes of the line are not shown.
        continued: Whether it goes on in the next line of its stream, because it is longer than 64 KiB.
        gap: Whether it says that output is, or may be, missing here.
    """

    number: int
    at: datetime
    stream: Stream
    step: int | None
    text: str
    cut: int = 0
    continued: bool = False
    gap: bool = False


def read_shown(folder: Path, attempt: int, numbers: Sequence[int]) -> tuple[ShownLine, ...]:
    """Lines by their numbers.

    Args:
        folder: The job's log folder.
        attempt: The attempt's number.
        numbers: Ascending; those that the log does not have are passed over.
    """
    with open_log(folder, attempt) as (fd, size):
        if fd is None:
            return ()
        window = _Window(numbers)
        while (first := window.wanted) is not None:
            since = max(1, first - _LOOK_BACK)
            entry = last_entry(index_path(folder, attempt), size, lambda entry, since=since: entry.line <= since)
            if not window.take_from(LineScan(fd, entry, first_line=since)):
                break
        return tuple(window.lines)


class _Window:
    """Gathers the lines wanted."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self._room = _ROOM
        self.lines: list[ShownLine] = []
        self._place = 0

    @property
    def wanted(self) -> int | None:
        """The next number wanted."""
        return self._numbers[self._place] if self._place < len(self._numbers) else None

    def take_from(self, scan: LineScan) -> bool:
        """Take what is wanted as long as it is near; False if the log ended before."""
        colours = {stream: Colours() for stream in NAME_OF.values()}
        for line in scan:
            wanted = self.wanted
            if wanted is None or wanted > line[0] + _SKIP:
                return True
            on = colours[NAME_OF[line[1]]]
            if line[0] == wanted:
                self._place += 1
                self._show(line, on)
            if b"\x1b" in line[3]:
                on.take(line[3].decode("utf-8", "replace"))
        return self.wanted is None

    def _show(self, line: RawLine, colours: Colours) -> None:
        number, kind, at, body, step = line
        shown = body[: MAX_SHOWN if self._room > 0 else CROWDED]
        self._room -= len(shown)
        self.lines.append(
            ShownLine(
                number=number,
                at=to_datetime(at),
                stream=NAME_OF[kind],
                step=step,
                text=colours.sequence + display_text(shown.decode("utf-8", "replace")),
                cut=len(body) - len(shown),
                continued=kind in _CONTINUED,
                gap=kind in _GAPS,
            )
        )
