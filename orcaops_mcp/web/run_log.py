"""Lines of all jobs of a run as a page shows them: which are wanted, and what each says."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from core import WorkflowLogQuery, clean_text, time_text

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from core import NodeLine

_LINES: Final = 500
_BYTES: Final = 512 * 1024
_LONGEST: Final = 2000
"""Characters of a line that are shown; the job's own log has all of it."""
_LONGEST_SEARCH: Final = 200
_SHADES: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesAsked:
    """Which lines of a run, and from where on.

    Attributes:
        node: Of this job or node; empty for all.
        service: Of this service instead.
        q: Only lines with this text, in capitals or not.
        errors: Only lines that look like errors.
        start: Whether from the beginning instead of the end.
        cursor: Where to go on.
    """

    node: str = ""
    service: str = ""
    q: str = ""
    errors: bool = False
    start: bool = False
    cursor: str = ""

    @classmethod
    def of(cls, query: QueryParams) -> LinesAsked:
        """What an address asks for."""
        return cls(
            node=query.get("node", ""),
            service=query.get("service", ""),
            q=query.get("q", "").strip()[:_LONGEST_SEARCH],
            errors=query.get("errors") == "1",
            start=query.get("from") == "start",
            cursor=query.get("cursor", ""),
        )

    def query(self, attempt: int) -> WorkflowLogQuery:
        """The same for the engine."""
        pattern = f"(?i){re.escape(self.q)}" if self.q else None
        takes_tail = not (pattern or self.errors or self.start or self.cursor)
        asked = WorkflowLogQuery(
            nodes=(self.node,) if self.node else (),
            service=self.service or None,
            cursor=self.cursor or None,
            pattern=pattern,
            errors_only=self.errors,
            max_lines=_LINES,
            max_bytes=_BYTES,
        )
        return replace(asked, tail=_LINES if takes_tail else None, attempt=None if self.cursor else attempt)

    def link(self, address: str, attempt: int | None, **changes: Any) -> str:
        """The address of the page or its data with something changed.

        Args:
            address: Without a query.
            attempt: Of the run; None for the present one.
            changes: Fields.
        """
        asked = replace(self, **{"cursor": "", **changes})
        told = {
            "attempt": attempt,
            "node": asked.node,
            "service": asked.service,
            "q": asked.q,
            "errors": "1" if asked.errors else "",
            "from": "start" if asked.start else "",
            "cursor": asked.cursor,
        }
        pairs = [(name, str(value)) for name, value in told.items() if value]
        return f"{address}?{urlencode(pairs)}" if pairs else address


def shown_line(each: NodeLine, service: str = "") -> dict[str, Any]:
    """A line for people: free of control codes and cut.

    Args:
        each: The line.
        service: Whose it is if no job printed it.
    """
    line = each.line
    text = clean_text(line.text)
    name = each.node_id or service or "service"
    return {
        "name": name,
        "shade": zlib.crc32(name.encode()) % _SHADES,
        "href": f"/jobs/{each.job_id}#L{line.number}" if each.job_id else None,
        "n": line.number,
        "at": time_text(line.at),
        "stream": line.stream,
        "text": text[:_LONGEST],
        "cut": max(0, len(text) - _LONGEST),
    }
