"""What an address of a log asks for: which log, which of its lines, what is sought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from core import InvalidArgumentError, LineChoice, LogPlace, Sought

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import QueryParams

    from core import Stream

_MOST: Final = 10**12
_STREAMS: Final[Mapping[str, frozenset[Stream]]] = {
    "stdout": frozenset({"stdout"}),
    "stderr": frozenset({"stderr"}),
}


@dataclass(frozen=True, slots=True)
class LogAsk:
    """Which lines of which log.

    Attributes:
        place: The log.
        stream: Only this stream; empty for all.
        step: Only this step, from 0; None for all.
        sought: What is searched for; None for nothing.
        is_narrowed: Whether only lines that hold what is sought are shown.
    """

    place: LogPlace
    stream: str
    step: int | None
    sought: Sought | None
    is_narrowed: bool

    @classmethod
    def read(cls, job_id: str, query: QueryParams) -> LogAsk:
        """From the address; what is empty was not asked.

        Raises:
            InvalidArgumentError: Something is not valid.
        """
        stream = query.get("stream", "")
        if stream and stream not in _STREAMS:
            raise InvalidArgumentError(f"stream: {stream[:40]!r} is none; there are stdout and stderr")
        sought = None
        if text := query.get("q", ""):
            sought = Sought(text, is_expression=bool(query.get("regex")), ignore_case=not query.get("case"))
        return cls(
            place=LogPlace(job_id, attempt=whole_number(query, "attempt"), service=query.get("service") or None),
            stream=stream,
            step=whole_number(query, "step", least=0),
            sought=sought,
            is_narrowed=bool(query.get("only")) and sought is not None,
        )

    @property
    def lines(self) -> LineChoice:
        """The lines that are searched."""
        return LineChoice(streams=_STREAMS.get(self.stream), step=self.step)

    @property
    def shown(self) -> LineChoice:
        """The lines that are shown."""
        lines = self.lines
        return LineChoice(lines.streams, lines.step, self.sought if self.is_narrowed else None)

    def address(self, path: str, **more: str | int | None) -> str:
        """An address of the same log and lines."""
        place = self.place
        facts: dict[str, str | int | None] = {
            "attempt": place.attempt,
            "service": place.service,
            "stream": self.stream or None,
            "step": self.step,
            **more,
        }
        asked = urlencode({name: value for name, value in facts.items() if value is not None})
        return f"{path}?{asked}" if asked else path


def whole_number(query: QueryParams, name: str, *, least: int = 1) -> int | None:
    """A number of an address; None if it is not there.

    Raises:
        InvalidArgumentError: It is no whole number, or out of range.
    """
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= _MOST):
        raise InvalidArgumentError(f"{name}: a whole number from {least} on")
    return int(text)
