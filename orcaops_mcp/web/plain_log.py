"""Lines of a log for a page without scripts: plain text, a line each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from core import time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core import ShownLine

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST: Final = 2000


def plain_rows(lines: Sequence[ShownLine]) -> list[dict[str, Any]]:
    """What a page shows of each line, without colours and cut at 2,000 characters."""
    return [_row(line) for line in lines]


def _row(line: ShownLine) -> dict[str, Any]:
    text = _COLOUR.sub("", line.text)
    return {
        "number": line.number,
        "at": time_text(line.at),
        "stream": line.stream,
        "text": text[:_LONGEST],
        "cut": line.cut + max(0, len(text) - _LONGEST),
    }
