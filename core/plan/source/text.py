"""A file's text, and where its characters stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from core.plan.findings import Place

_BREAK: Final = re.compile(r"\r\n?|\n")


def line_starts(text: str) -> tuple[int, ...]:
    """The offset of each line's first character. Lines end as YAML 1.2 and editors say: LF, CR LF or CR."""
    return (0, *(found.end() for found in _BREAK.finditer(text)))


class SourceText:
    """Text with its lines.

    Args:
        content: The file without a byte order mark.
    """

    def __init__(self, content: str) -> None:
        self.content = content
        self._starts = line_starts(content)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends."""
        return tuple(_BREAK.split(self.content))

    def line(self, number: int) -> str:
        """The line with this number, counted from 1, without its end; empty beyond the file's end."""
        if not 0 < number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.content)
        return self.content[self._starts[number - 1] : end].rstrip("\r\n")

    def place(self, start: int, end: int) -> Place:
        """Where the characters from offset ``start`` up to ``end`` stand."""
        return Place(*self.position(start), *self.position(max(start, end)))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column, both counted from 1."""
        return self._starts[line - 1] + column - 1
