"""Workflow files as doors show them: what was found in one, and what it would do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from core import plan_dot, plan_mermaid, plan_tree, plan_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core import Edit, Finding, Fix, Place, SourceFinding, WorkflowCheck, WorkflowPlan


def finding_view(finding: SourceFinding) -> dict[str, Any]:
    """One thing to say about a file; lines and columns count from 1, an end is behind the last character."""
    return {
        "file": finding.file or None,
        **_place_view(finding.place),
        "path": finding.path,
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint or None,
        "fix": _fix_view(finding.fix) if finding.fix else None,
        "related": [{**_place_view(other.place), "message": other.message} for other in finding.related],
    }


def check_view(check: WorkflowCheck) -> dict[str, Any]:
    """Whether a file is in order, and everything found in it."""
    return {
        "valid": check.is_valid,
        "file": check.file or None,
        "counts": _counts(check.findings),
        "findings": [finding_view(finding) for finding in check.findings],
        "input_findings": [input_finding_view(finding) for finding in check.input_findings],
    }


def plan_document(plan: WorkflowPlan) -> dict[str, Any]:
    """What a workflow would do, with the same as text and as graphs."""
    return {
        "plan": finite(plan_view(plan)),
        "text": plan_tree(plan),
        "mermaid": plan_mermaid(plan),
        "dot": plan_dot(plan),
    }


def input_finding_view(finding: Finding) -> dict[str, Any]:
    """What is wrong with an input."""
    return {"path": finding.path, "message": finding.message, "hint": finding.hint or None}


def finite(value: object) -> object:
    """The same with numbers that JSON does not have as expressions write them: a matrix may hold ``.inf``."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: finite(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in cast("list[object]", value)]
    return value


def _counts(findings: Iterable[SourceFinding]) -> dict[str, int]:
    severities = [finding.severity.value for finding in findings]
    return {severity: severities.count(severity) for severity in ("error", "warning", "info")}


def _fix_view(fix: Fix) -> dict[str, Any]:
    return {"description": fix.description, "edits": [_edit_view(edit) for edit in fix.edits]}


def _edit_view(edit: Edit) -> dict[str, Any]:
    return {**_place_view(edit.place), "text": edit.text}


def _place_view(place: Place) -> dict[str, Any]:
    return {
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
