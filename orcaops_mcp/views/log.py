"""What a search of a whole log found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import clean_text, time_text

if TYPE_CHECKING:
    from core import LogHits, LogWindow


def search_view(window: LogWindow) -> dict[str, Any]:
    """Some of the lines that hold what was sought, and how many there are.

    Args:
        window: Of a view whose rows are these lines.
    """
    following = window.first + len(window.lines)
    return {
        "items": [
            {
                "n": line.number,
                "ts": time_text(line.at),
                "stream": line.stream,
                "step": line.step,
                "text": clean_text(line.text),
                "cut": line.cut,
            }
            for line in window.lines
        ],
        "matches": window.rows,
        "whole": window.is_whole,
        "next_first": following if window.lines and following <= window.rows else None,
        "attempt": window.attempt,
        "total_lines": window.total_lines,
    }


def matches_told(hits: LogHits) -> int | str:
    """How many lines hold what was sought; in words while the rest has yet to be looked at."""
    return hits.total if hits.is_whole else f"at least {hits.total}"
