"""The one shape of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core import OrcaOpsError

MAX_FINDINGS = 20
MAX_TEXT = 2000


def problem_view(error: OrcaOpsError) -> dict[str, Any]:
    """``{code, message, hint, retryable, findings?}``, bounded however much was wrong."""
    view = problem(error.code, error.message, hint=error.hint, retryable=error.retryable)
    if error.findings:
        view["findings"] = [
            {"path": finding.path, "message": cut(finding.message)}
            | ({"hint": cut(finding.hint)} if finding.hint else {})
            for finding in error.findings[:MAX_FINDINGS]
        ]
        if len(error.findings) > MAX_FINDINGS:
            view["findings_left_out"] = len(error.findings) - MAX_FINDINGS
    return view


def problem(code: str, message: str, *, hint: str = "", retryable: bool = False) -> dict[str, Any]:
    """An error that no exception of `core` stands behind."""
    return {"code": code, "message": cut(message), "hint": cut(hint), "retryable": retryable}


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """The text, at most ``limit`` characters long."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
