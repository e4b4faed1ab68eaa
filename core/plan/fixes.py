"""Carrying out the fixes of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.source.text import line_starts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.plan.findings import Edit, Place, SourceFinding


def mended(text: str, findings: Iterable[SourceFinding]) -> str:
    """The text with every fix carried out; of fixes that touch the same characters, the first alone.

    Args:
        text: The file as it was read, without a byte order mark.
        findings: Those of this very text.
    """
    starts = line_starts(text)
    taken: list[tuple[int, int, str]] = []
    for finding in findings:
        if finding.fix is None:
            continue
        edits = [_offsets(edit, starts) for edit in finding.fix.edits]
        if not any(_clash(edit, other) for edit in edits for other in taken):
            taken += edits
    for start, end, replacement in sorted(taken, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _offsets(edit: Edit, starts: tuple[int, ...]) -> tuple[int, int, str]:
    place: Place = edit.place
    return starts[place.line - 1] + place.column - 1, starts[place.end_line - 1] + place.end_column - 1, edit.text


def _clash(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    if one == other:
        return True
    return (one[0] < other[1] and other[0] < one[1]) or one[0] == other[0]
