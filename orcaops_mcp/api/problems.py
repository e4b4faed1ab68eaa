"""What went wrong with a request, as the one envelope with a fitting status."""

from __future__ import annotations

import difflib
import logging
import secrets
from inspect import isclass
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from core import (
    ArtifactNotFoundError,
    Finding,
    JobNotFinishedError,
    JobNotFoundError,
    NodeNotFoundError,
    OrcaOpsError,
    TemplateExistsError,
    TemplateNotFoundError,
    UploadNotFoundError,
    WorkflowNotFinishedError,
    WorkflowNotFoundError,
)
from orcaops_mcp.api.answers import refusal
from orcaops_mcp.api.bodies import BodyTooLargeError, MediaTypeError, refused_arguments
from orcaops_mcp.api.models.base import Shape
from orcaops_mcp.views.http_status import http_status_of
from orcaops_mcp.views.problem import problem, problem_view

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response

_log = logging.getLogger(__name__)

_OWN_STATUS: Final[dict[type[OrcaOpsError], int]] = {BodyTooLargeError: 413, MediaTypeError: 415}

_HINTS: Final[dict[type[OrcaOpsError], str]] = {
    JobNotFoundError: "List the jobs with GET /orcaops/jobs and use an id from there.",
    ArtifactNotFoundError: "List what was kept with GET /orcaops/jobs/{job_id}/artifacts and use a path from there.",
    UploadNotFoundError: "Upload the files again with POST /orcaops/uploads and use the id it returns.",
    TemplateNotFoundError: "List the templates with GET /orcaops/templates and use a name from there.",
    TemplateExistsError: "Send `overwrite: true`, or PUT /orcaops/templates/{name}, to make this its next version.",
    WorkflowNotFoundError: "List the runs with GET /orcaops/workflows and use an id from there.",
    NodeNotFoundError: "List the run's nodes with GET /orcaops/workflows/{workflow_id}/nodes and use an id from there.",
    WorkflowNotFinishedError: "Wait with GET /orcaops/workflows/{workflow_id}/wait, or cancel it with POST …/cancel.",
    JobNotFinishedError: "Wait with GET /orcaops/jobs/{job_id}/wait, or cancel it with DELETE /orcaops/jobs/{job_id}.",
}
"""Where a class's own hint names tools of another door."""

_INTERNAL_HINT: Final = (
    "This is a fault of OrcaOps. Reading the job's status may still work; report the id if it happens again."
)


def status_of(error: OrcaOpsError) -> int:
    """The HTTP status of an error, by its class or the nearest one above it."""
    return http_status_of(error, _OWN_STATUS)


def problem_of(error: OrcaOpsError) -> dict[str, Any]:
    """The problem of an error of the engine's, its hint in words of this door."""
    view = problem_view(error)
    if error.hint == error.default_hint:
        view["hint"] = next((_HINTS[kind] for kind in type(error).__mro__ if kind in _HINTS), view["hint"])
    return view


def refused(error: OrcaOpsError) -> Response:
    """The response to an error of the engine's."""
    return refusal(problem_of(error), status_of(error))


def crashed(connection: HTTPConnection, error: BaseException) -> Response:
    """The response to a fault of our own; it is logged under an id that the caller is given.

    Args:
        connection: What was asked.
        error: What was raised.
    """
    correlation = secrets.token_hex(4)
    method = connection.scope.get("method", "WebSocket")
    # a path is the caller's text: repr keeps it on its line
    _log.error("%s %r crashed (%s)", method, connection.scope["path"][:200], correlation, exc_info=error)
    message = f"OrcaOps failed while it answered; its log has the details under {correlation}."
    return refusal(problem("internal", message, hint=_INTERNAL_HINT), 500)


def install(app: FastAPI) -> None:
    """Have every error answered in the one envelope."""

    async def engine_error(_: Request, error: Exception) -> Response:
        return refused(error) if isinstance(error, OrcaOpsError) else crashed(_, error)

    async def arguments_error(request: Request, error: Exception) -> Response:
        details = error.errors() if isinstance(error, RequestValidationError) else ()
        known = _parameters(request)
        return refused(refused_arguments([_finding(detail, known) for detail in details]))

    async def http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            return _no_such_path(request)
        if status == 405:
            return _no_such_method(request)
        return refusal(problem("http_error", str(getattr(error, "detail", "")), hint=""), status)

    app.add_exception_handler(OrcaOpsError, engine_error)
    app.add_exception_handler(RequestValidationError, arguments_error)
    app.add_exception_handler(HTTPException, http_error)


def _parameters(request: Request) -> list[str]:
    """Names of what the query may hold."""
    route = request.scope.get("route")
    fields = route.dependant.query_params if isinstance(route, APIRoute) else []
    models = [field.field_info.annotation for field in fields]
    return [name for model in models if isclass(model) and issubclass(model, Shape) for name in model.model_fields]


def _finding(detail: dict[str, Any], known: list[str]) -> Finding:
    """What does not fit, without the value that was refused."""
    loc: tuple[int | str, ...] = detail["loc"]
    path = ".".join(str(part) for part in loc[1:])[:100]
    if not path.isprintable():
        path = ascii(path)
    if detail["type"] == "missing":
        return Finding(path, "required, and missing")
    if detail["type"] == "extra_forbidden":
        near = _nearest(path, known)
        return Finding(path, "no such parameter" + (f"; did you mean {near}?" if near else ""))
    message = str(detail["msg"]).removeprefix("Value error, ")
    return Finding(path, message.replace("Input should be", "must be", 1))


def _nearest(name: str, known: list[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else ""


def _no_such_path(request: Request) -> Response:
    paths = sorted({str(getattr(route, "path_format", "")) for route in request.app.routes})
    near = _nearest(request.scope["path"][:200], paths)
    hint = f"Did you mean {near}? " if near else ""
    return refusal(
        problem("no_such_path", "Nothing is served at this path.", hint=hint + "GET /openapi.json lists every path."),
        404,
    )


def _no_such_method(request: Request) -> Response:
    methods: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= set(getattr(route, "methods", None) or ())
    allowed = ", ".join(sorted(methods))
    message = f"{request.method[:20]} is not served at this path."
    return refusal(
        problem("method_not_allowed", message, hint=f"Served here: {allowed}."), 405, headers={"Allow": allowed}
    )
