"""What went wrong with a page, as a page: message, hint, and a way on. Programs get the one envelope."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from core import OrcaOpsError
from orcaops_mcp.views.http_status import http_status_of
from orcaops_mcp.views.problem import problem, problem_view, waiting_headers
from orcaops_mcp.web.rendering import render

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

_log = logging.getLogger(__name__)

_STATUS_OF_CODE: Final = {"read_only_token": 403, "stale_form": 403}
"""Of the errors that only pages raise."""
_TITLES: Final = {
    403: "Not allowed",
    404: "Not found",
    405: "Not served",
    409: "Not possible now",
    422: "Not valid",
    429: "Too much at once",
    500: "A fault of OrcaOps",
    502: "The container engine failed",
    503: "Not now",
    504: "The container engine took too long",
}
_WORDS_OF_OTHER_DOORS: Final = ("orcaops_", "GET /", "POST /")


def status_of(error: OrcaOpsError) -> int:
    """The HTTP status of an error: what REST answers, but for the errors that only pages raise."""
    return _STATUS_OF_CODE.get(error.code) or http_status_of(error)


def problem_of(error: OrcaOpsError) -> dict[str, Any]:
    """The problem of an error of the engine's, without hints that name tools of another door."""
    view = problem_view(error)
    if any(word in view["hint"] for word in _WORDS_OF_OTHER_DOORS):
        view["hint"] = ""
    return view


def problem_page(request: Request, view: dict[str, Any], status: int) -> Response:
    """The answer to a request that failed: a page for browsers, the envelope for all else."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"error": view}, status, waiting_headers(view))
    page = render(
        request,
        "problem.html",
        status=status,
        problem=view,
        status_code=status,
        heading=_TITLES.get(status, "Not possible"),
        is_repeatable=view["retryable"] and request.method == "GET",
        favicon="failed" if status >= 500 else "orcaops",
    )
    page.headers.update(waiting_headers(view))
    return page


def crashed(request: Request, error: BaseException) -> Response:
    """The response to a fault of our own; it is logged under an id that whoever looks is given."""
    correlation = secrets.token_hex(4)
    # a path is the caller's text: repr keeps it on its line
    _log.error("%s %r crashed (%s)", request.method, request.scope["path"][:200], correlation, exc_info=error)
    message = f"OrcaOps failed while it made this page; its log has the details under {correlation}."
    view = problem("internal", message, hint="Report the id if it happens again.")
    try:
        return problem_page(request, view, 500)
    except Exception:  # noqa: BLE001 - the edge: the frame itself is at fault, and there is no page without it
        _log.exception("the page about %s could not be made", correlation)
        return JSONResponse({"error": view}, 500)


def install(app: FastAPI) -> None:
    """Have every error answered with a page."""

    async def engine_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, OrcaOpsError):
            return crashed(request, error)
        return problem_page(request, problem_of(error), status_of(error))

    async def arguments_error(request: Request, error: Exception) -> Response:
        details = error.errors() if isinstance(error, RequestValidationError) else ()
        names = ", ".join(dict.fromkeys(str(detail["loc"][-1])[:60] for detail in details))
        return problem_page(request, problem("invalid_argument", f"This address is not valid: {names}."), 422)

    async def http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            message = f"There is no page at {request.url.path[:200]}."
            return problem_page(request, problem("no_such_path", message, hint="See the list of jobs."), 404)
        if status == 405:
            message = f"{request.method[:20]} is not served at this path."
            return problem_page(request, problem("method_not_allowed", message), 405)
        return problem_page(request, problem("http_error", str(getattr(error, "detail", ""))), status)

    app.add_exception_handler(OrcaOpsError, engine_error)
    app.add_exception_handler(RequestValidationError, arguments_error)
    app.add_exception_handler(HTTPException, http_error)
