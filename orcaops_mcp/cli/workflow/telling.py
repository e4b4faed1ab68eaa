"""Findings in words: a line each for programs, with the line of the file for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orcaops_mcp.cli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core import SourceFinding
    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.workflow.checking import Checked

_COLOURS: Final = {"error": "1;31", "warning": "33", "info": "36"}


def finding_line(finding: SourceFinding) -> str:
    """``FILE:LINE:COL: code message``, with the hint behind."""
    return shown(f"{finding} ({finding.hint})" if finding.hint else str(finding))


def show_findings(out: Output, checked: Checked) -> None:
    """Print a file's findings, on a terminal with the lines that they are about."""
    for finding in checked.findings:
        if not out.has_terminal:
            out.text(finding_line(finding))
            continue
        for line in _block(out, finding, checked.file.lines(finding.file)):
            out.text(line)


def count_text(findings: Sequence[SourceFinding]) -> str:
    """Such as ``2 errors, 1 warning``; empty without findings."""
    counts = {"error": 0, "warning": 0, "note": 0}
    for finding in findings:
        counts["note" if finding.severity == "info" else finding.severity] += 1
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts.items() if count)


def mendable(findings: Iterable[SourceFinding], file: str) -> list[SourceFinding]:
    """The findings that can be mended in a file. Notes are none: they find no fault."""
    return [finding for finding in findings if finding.fix and finding.file == file and finding.severity != "info"]


def _block(out: Output, finding: SourceFinding, lines: Sequence[str]) -> list[str]:
    """The finding as people read it, the severity and the mark in their colour, with an empty line behind."""
    colour = _COLOURS[finding.severity]
    first, *others = map(shown, finding.render(lines).split("\n"))
    word = f"{finding.severity}[{finding.code}]"
    told = [first.replace(word, out.paint(word, colour), 1)]
    for line in others:
        margin, bar, mark = line.partition(" | ")
        is_mark = bool(bar) and not margin.strip() and bool(mark.strip()) and not mark.strip().strip("^~")
        told.append(f"{margin}{bar}{out.paint(mark, colour)}" if is_mark else line)
    return [*told, ""]
