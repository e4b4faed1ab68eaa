"""What is asked before something is done, and what is said where it is too late; for jobs and runs alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orcaops_mcp.web.pages.login import safe_next
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.words import look_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def ask(request: Request, address: str, verb_path: str, **facts: Any) -> Response:
    """A page with a question and the form that says yes.

    Args:
        request: Whose answer it is; its ``next`` says where to go afterwards.
        address: Of the job or run.
        verb_path: What follows it in the form's address.
        facts: What the template wants beside the usual.
    """
    usual: dict[str, Any] = {
        "action": f"{address}/{verb_path}",
        "next": safe_next(request.query_params.get("next", ""), address),
        "is_dangerous": False,
        "asks_reason": False,
        "other": None,
    }
    return render(request, "confirm.html", **(usual | facts))


def already_ended(request: Request, what: str, status: str) -> Response:
    """Says that a job or run has ended, and how.

    Args:
        request: Whose answer it is.
        what: ``job`` or ``run``.
        status: How it ended.
    """
    told = {
        "code": "already_ended",
        "message": f"This {what} already ended: {look_of(status).word}",
        "hint": "",
        "retryable": False,
    }
    return render(
        request,
        "problem.html",
        status=409,
        problem=told,
        status_code=409,
        heading="Not possible now",
        is_repeatable=False,
    )
