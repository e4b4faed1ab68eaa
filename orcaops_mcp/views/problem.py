"""The one shape of an error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core import OrcaOpsError

MAX_FINDINGS = 20
MAX_TEXT = 2000


def problem_view(error: OrcaOpsError) -> dict[str, Any]:
    """``{code, message, hint, retryable, retry_after_s?, findings?}``, bounded however much was wrong."""
    again_s = error.retry_after_s
    view = problem(error.code, error.message, hint=error.hint, retryable=error.retryable, retry_after_s=again_s)
    if error.findings:
        view["findings"] = [
            {"path": finding.path, "message": cut(finding.message)}
            | ({"hint": cut(finding.hint)} if finding.hint else {})
            for finding in error.findings[:MAX_FINDINGS]
        ]
        if len(error.findings) > MAX_FINDINGS:
            view["findings_left_out"] = len(error.findings) - MAX_FINDINGS
    return view


def problem(
    code: str, message: str, *, hint: str = "", retryable: bool = False, retry_after_s: float | None = None
) -> dict[str, Any]:
    """An error that no exception of `core` stands behind.

    Args:
        code: For programs.
        message: For people.
        hint: What to do.
        retryable: Whether the same call may work later.
        retry_after_s: When it may; told in whole seconds, at least one.
    """
    view: dict[str, Any] = {"code": code, "message": cut(message), "hint": cut(hint), "retryable": retryable}
    if retry_after_s is not None:
        view["retry_after_s"] = max(1, math.ceil(retry_after_s))
    return view


def waiting_headers(view: dict[str, Any]) -> dict[str, str]:
    """The header of HTTP that says when to try again (RFC 9110, 10.2.3), if the problem does."""
    return {"Retry-After": str(view["retry_after_s"])} if "retry_after_s" in view else {}


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """The text, at most ``limit`` characters long."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
