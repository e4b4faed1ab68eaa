"""Lines of a log in their wire forms."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from core import LogCursor, LogPattern, clean_text, time_text
from orcaops_mcp.views.compact import compact_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core import LogLine, LogPart, Stream

_KEPT: Final = 64


class LineFilter:
    """Which lines a reader wants.

    Args:
        streams: Only these; None for all.
        step: Only this one.
        pattern: Only lines that contain this.
    """

    def __init__(self, streams: frozenset[Stream] | None, step: int | None, pattern: LogPattern | None) -> None:
        self._streams = streams
        self._step = step
        self._pattern = pattern

    @property
    def takes_all(self) -> bool:
        """Whether nothing is left out."""
        return self._streams is None and self._step is None and self._pattern is None

    def chosen(self, lines: Sequence[LogLine]) -> Sequence[LogLine]:
        """Those of the lines that are wanted; what names a gap always is."""
        return [line for line in lines if line.gap or self._wants(line)]

    def _wants(self, line: LogLine) -> bool:
        return (
            (self._streams is None or line.stream in self._streams)
            and (self._step is None or line.step == self._step)
            and (self._pattern is None or self._pattern.matches(line.text))
        )


class LineFrames:
    """Server-sent events of lines, made once for all readers that are given the same lines."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[int, int], tuple[LogPart, bytes]] = OrderedDict()

    def of(self, part: LogPart, wanted: LineFilter) -> bytes:
        """The events of a part of a log; empty when none of its lines is wanted."""
        if not wanted.takes_all:
            return _events(part.attempt, wanted.chosen(part.lines))
        key = (id(part.lines), part.attempt)
        known = self._made.get(key)
        if known is None or known[0].lines is not part.lines:
            known = part, _events(part.attempt, part.lines)
            self._made[key] = known  # holds the lines, so that their id stays theirs
            if len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return known[1]


def line_view(line: LogLine) -> dict[str, Any]:
    """A line: number, time, stream, step and text as the container wrote it."""
    return {"n": line.number, "ts": time_text(line.at), "stream": line.stream, "step": line.step, "text": line.text}


def after(attempt: int, line: LogLine) -> str:
    """The cursor of whoever has this line."""
    return str(LogCursor(attempt, line.number + 1))


def plain_text(lines: Sequence[LogLine], *, raw: bool, timestamps: bool) -> bytes:
    """Lines to be read by people.

    Args:
        lines: In order.
        raw: Leave the text as the container wrote it; else control codes are taken out.
        timestamps: Begin every line with its time.
    """
    texts = [
        (f"{time_text(line.at)} " if timestamps else "") + (line.text if raw else clean_text(line.text))
        for line in lines
    ]
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace")


def event(name: str, content: dict[str, Any], event_id: str | None = None) -> bytes:
    """One server-sent event; its data is JSON on one line, so that no text can end it early."""
    place = f"id: {event_id}\n" if event_id is not None else ""
    return f"event: {name}\n{place}data: {compact_json(content)}\n\n".encode()


def _events(attempt: int, lines: Sequence[LogLine]) -> bytes:
    return b"".join(event("gap" if line.gap else "log", line_view(line), after(attempt, line)) for line in lines)
