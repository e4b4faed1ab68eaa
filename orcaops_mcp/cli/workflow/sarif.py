"""Findings as a SARIF 2.1.0 document, which code scanners and editors read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from orcaops_mcp import __version__
from orcaops_mcp.cli.workflow.rules import rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core import Fix, Place, SourceFinding

Json = dict[str, Any]

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def sarif(findings: Iterable[SourceFinding]) -> Json:
    """The document of one run over one or more files."""
    told = list(findings)
    codes = sorted({finding.code for finding in told})
    driver: Json = {"name": "orcaops", "version": __version__, "rules": [_rule(code) for code in codes]}
    return {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes.index(finding.code)) for finding in told],
            }
        ],
    }


def _rule(code: str) -> Json:
    rule = rules().get(code)
    level = _LEVELS[{"E": "error", "W": "warning"}.get(code[0], "info")]
    about: Json = {"id": code, "defaultConfiguration": {"level": level}}
    if rule is not None:
        about["shortDescription"] = {"text": rule.title}
        about["help"] = {"text": rule.text, "markdown": rule.text}
    return about


def _result(finding: SourceFinding, index: int) -> Json:
    message = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    result: Json = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [_location(finding, finding.place)],
    }
    if finding.path:
        result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": finding.path}]
    if finding.related:
        result["relatedLocations"] = [
            {**_location(finding, note.place), "message": {"text": note.message}} for note in finding.related
        ]
    if finding.fix is not None:
        result["fixes"] = [_fix(finding, finding.fix)]
    return result


def _fix(finding: SourceFinding, fix: Fix) -> Json:
    replacements = [
        {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}} for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(finding.file), "replacements": replacements}
    return {"description": {"text": fix.description}, "artifactChanges": [change]}


def _location(finding: SourceFinding, place: Place) -> Json:
    return {"physicalLocation": {"artifactLocation": _artifact(finding.file), "region": _region(place)}}


def _artifact(file: str) -> Json:
    """Where a file is: an absolute one as a URI, another one from the folder in which the command ran."""
    if os.path.isabs(file):  # noqa: PTH117 - a name, which stays as it is
        return {"uri": Path(file).as_uri()}
    return {"uri": quote(Path(file).as_posix()), "uriBaseId": "%SRCROOT%"}


def _region(place: Place) -> Json:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
