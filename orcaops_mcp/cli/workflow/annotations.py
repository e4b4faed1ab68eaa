"""Findings as GitHub's workflow commands, which its pages show beside the lines they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orcaops_mcp.cli.text import shown

if TYPE_CHECKING:
    from core import SourceFinding

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def annotation(finding: SourceFinding) -> str:
    """A finding as one line such as ``::error file=ci.yaml,line=3,…::message``."""
    place = finding.place
    properties = {
        "file": finding.file,
        "line": place.line,
        "endLine": place.end_line,
        "col": place.column,
        # Whoever reads these counts the last column in; a place ends where the next character stands.
        "endColumn": max(place.column, place.end_column - 1) if place.line == place.end_line else place.end_column,
        "title": finding.code,
    }
    listed = ",".join(f"{name}={shown(value).translate(_PROPERTY)}" for name, value in properties.items())
    message = f"{shown(finding.message)}\n{shown(finding.hint)}" if finding.hint else shown(finding.message)
    return f"::{_LEVELS[finding.severity]} {listed}::{message.translate(_DATA)}"
