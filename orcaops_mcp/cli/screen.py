"""A few lines of a terminal that are drawn over themselves."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orcaops_mcp.cli.output import Output


class ScreenLine(NamedTuple):
    """A line with the shape of a status before it.

    Attributes:
        status: The status; empty for a remark, which is painted faintly.
        text: What stands behind it, already fit for a terminal.
        depth: How far it stands to the right.
    """

    status: str
    text: str
    depth: int = 0


class Screen:
    """Draws lines over those that it drew before. Whoever draws keeps them fewer than `room`.

    Args:
        out: Where to.
    """

    def __init__(self, out: Output) -> None:
        self._out = out
        self._height = 0

    @property
    def room(self) -> int:
        """As many lines can be drawn without scrolling."""
        return max(2, shutil.get_terminal_size().lines - 1)

    def draw(self, lines: Iterable[ScreenLine]) -> None:
        """Put lines in the place of the last ones."""
        drawn = list(self.fitted(lines))
        back = f"\x1b[{self._height}A" if self._height else ""
        body = "".join(f"\r{line}\x1b[K\n" for line in drawn)
        sys.stdout.write(f"{back}{body}\x1b[J")
        sys.stdout.flush()
        self._height = len(drawn)

    def fitted(self, lines: Iterable[ScreenLine]) -> Iterator[str]:
        """The lines as wide as the terminal at most, with shapes and colours."""
        width = shutil.get_terminal_size().columns
        yield from (self._fitted(line, width) for line in lines)

    def _fitted(self, line: ScreenLine, width: int) -> str:
        from rich.cells import set_cell_size  # noqa: PLC0415 - there is a terminal, and wide characters have to be known

        margin = "  " * line.depth
        if not line.status:
            room = max(1, width - 1 - len(margin))
            return margin + self._out.paint(set_cell_size(line.text, room).rstrip(), "2")
        glyph = self._out.glyph(line.status)
        room = max(1, width - 2 - len(glyph) - len(margin))
        shape = self._out.paint(glyph, self._out.colour(line.status))
        return f"{margin}{shape} {set_cell_size(line.text, room).rstrip()}"
