"""The results table: each figure beside its peer's or the floor's, measured in the same run."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        what: What was measured.
        ours: Our figure, with its unit.
        peer: Who it is compared with.
        theirs: Their figure, with its unit.
        ratio: The figure the limit is about.
        limit: What the ratio must not pass.
        at_least: Whether the limit is a floor instead of a ceiling.
    """

    what: str
    ours: str
    peer: str
    theirs: str
    ratio: float
    limit: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the ratio keeps its limit."""
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| what | OrcaOps | beside | figure | ratio | limit | met |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        met = "yes" if row.is_met else "NO"
        figures = f"{row.ours} | {row.peer} | {row.theirs} | {row.ratio:.2f} | {sign} {row.limit:.2f}"
        lines.append(f"| {row.what} | {figures} | {met} |")
    return "\n".join(lines)


def machine() -> str:
    """What this was measured on, in one line."""
    load = os.getloadavg()[0]
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, Linux {platform.release()}, load {load:.1f}"
