"""Workflow texts and what is found in them."""

from __future__ import annotations

from collections import Counter
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from core.plan.fixes import mended
from core.plan.lint import lint_workflow
from core.plan.reading import read_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.plan.findings import Place, SourceFinding


def lint(text: str, files: Mapping[str, str] | None = None) -> list[SourceFinding]:
    """What lint finds in a workflow.

    Args:
        text: The file.
        files: Files that it may call, by their names.
    """
    load: Callable[[str], str] | None = files.__getitem__ if files is not None else None
    return list(lint_workflow(read_workflow(text, "ci.yaml", load)))


def found(text: str, *codes: str, files: Mapping[str, str] | None = None) -> list[str]:
    """The findings as code, line, marked text and message; of some codes or of all."""
    return [
        f"{finding.code} {finding.place.line} {marked(text, finding.place)} | {finding.message}"
        for finding in lint(text, files)
        if not codes or finding.code in codes
    ]


def marked(text: str, place: Place) -> str:
    """What stands at a place, on its first line."""
    line = text.split("\n")[place.line - 1]
    return line[place.column - 1 : place.end_column - 1 if place.line == place.end_line else None]


def jobs(text: str, top: str = "") -> str:
    """A workflow with these jobs; each gets an image and a command unless it has them, and stands in a block."""
    return f"{dedent(top)}jobs:\n{indent(dedent(text).strip(), '  ')}\n"


def after_fixes(text: str) -> str:
    """The text with every fix carried out, once each one alone was seen to mend its finding.

    Raises:
        AssertionError: A fix does not mend, or breaks what was in order.
    """
    findings = lint(text)
    before = _counted(text)
    for finding in findings:
        if finding.fix is not None:
            made = mended(text, [finding])
            after = _counted(made)
            assert after[finding.code] < before[finding.code], f"{finding} stays in:\n{made}"
            added = {code for code in after if code.startswith("E") and after[code] > before[code]}
            assert not added, f"{finding} brings {added}:\n{made}"
    return mended(text, findings)


def _counted(text: str) -> Counter[str]:
    reading = read_workflow(text, "ci.yaml")
    return Counter(finding.code for finding in {*reading.findings, *lint_workflow(reading)})
