"""Log lines as doors show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orcaops_mcp.views.compact import time_text

if TYPE_CHECKING:
    from core import LogLine


def log_line_view(line: LogLine) -> dict[str, Any]:
    """One line, the same message for every live stream."""
    return {
        "n": line.number,
        "at": time_text(line.at),
        "stream": line.stream,
        "step": line.step,
        "text": line.text,
        "continued": line.continued or None,
    }
