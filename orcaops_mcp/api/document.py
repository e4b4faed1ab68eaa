"""The OpenAPI document: what every route says of its requests, answers and errors, with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from orcaops_mcp.api.models.problem import Problem
from orcaops_mcp.intake.job_schema import job_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from pydantic import BaseModel

OPENAPI_VERSION: Final = "3.2.0"
"""Streams are described by `itemSchema`, which is new in it."""

TAGS: Final = (
    {"name": "jobs", "description": "Submit, see, wait for, cancel and repeat container jobs."},
    {"name": "logs", "description": "Read and follow what jobs print."},
    {"name": "artifacts", "description": "Files that jobs leave."},
    {"name": "uploads", "description": "Files that jobs are given."},
    {"name": "templates", "description": "Jobs and workflows saved under a name, with typed inputs."},
    {"name": "workflows", "description": "Workflows: checked, planned, run, followed, repeated."},
    {"name": "runs", "description": "Finished jobs as history."},
    {"name": "system", "description": "The engine itself."},
)

_REF: Final = "#/components/schemas/{model}"
_JSON: Final = "application/json"
_DESCRIPTION: Final = """A place for AI agents to run things: container jobs, durable, sandboxed and fast.

Every error is `{"error": {code, message, hint, retryable}}`, of a malformed request with `findings`. Times are RFC 3339
in UTC, spans are seconds. Over TCP everything that changes something needs `Authorization: Bearer <token>`."""

_PROBLEMS: Final[dict[int, tuple[str, str, str]]] = {
    400: ("The request cannot be read.", "invalid_json", "The body is not JSON: Expecting value (line 1, column 2)."),
    401: ("A token is needed.", "unauthorized", "A bearer token is needed."),
    403: ("Not allowed.", "not_admitted", "The job asks for something this engine does not allow."),
    404: ("There is no such thing.", "job_not_found", "There is no job with this id."),
    405: ("This method is not served here.", "method_not_allowed", "PUT is not served at this path."),
    409: ("It does not fit the present state.", "job_not_finished", "The job has not finished yet."),
    413: ("The body is too large.", "body_too_large", "The body is larger than 4194304 bytes."),
    415: ("The body's type is not taken.", "unsupported_media_type", "The body is text/plain; JSON is taken here."),
    421: ("The Host header is not ours.", "host_not_allowed", "The Host header names no address of this server."),
    422: ("The request has faults.", "invalid_argument", "limit: must be less than or equal to 200"),
    429: ("Too much at once.", "queue_full", "The queue is full."),
    500: (
        "A fault of OrcaOps.",
        "internal",
        "OrcaOps failed while it answered; its log has the details under 1f2e3d4c.",
    ),
    503: ("Not now.", "engine_closed", "The engine is shutting down."),
}
_EVERYWHERE: Final = (401, 403, 421, 422, 429, 500, 503)
_RETRYABLE: Final = (429, 503)

Responses = dict[int | str, dict[str, Any]]


def reply(model: object, description: str, example: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A JSON answer.

    Args:
        model: Its shape: a model, or a union of them.
        description: When it is given.
        example: One that a test compares with the shape.
        more: Further keys of the response, such as `headers`.
    """
    return {"model": model, "description": description, "content": {_JSON: {"example": example}}, **more}


def problems(*statuses: int) -> Responses:
    """The errors of a route, those that any route may answer with included."""
    return {status: _problem_reply(status) for status in sorted({*statuses, *_EVERYWHERE})}


def _problem_reply(status: int) -> dict[str, Any]:
    description, code, message = _PROBLEMS[status]
    example = {"error": {"code": code, "message": message, "hint": "", "retryable": status in _RETRYABLE}}
    response = reply(Problem, description, example)
    if status in _RETRYABLE:
        response["headers"] = {"Retry-After": header("Seconds to wait.", "integer")}
    return response


def header(description: str, kind: str = "string") -> dict[str, Any]:
    """A header of a response."""
    return {"description": description, "schema": {"type": kind}}


def log_event(line: str, end: str) -> dict[str, Any]:
    """The schema of an event in a stream of log lines.

    Args:
        line: The model of a line, or of the gap in its place.
        end: The model of the last event's data.
    """
    shapes = [{"$ref": _REF.format(model=model)} for model in (line, end)]
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"enum": ["log", "gap", "end", "error"]},
            "id": {"type": "string", "description": "Bring it back as Last-Event-ID to go on behind this event."},
            "data": {"type": "string", "contentMediaType": _JSON, "contentSchema": {"anyOf": shapes}},
        },
    }


def json_body(name: str, examples: Mapping[str, Mapping[str, Any]], *, required: bool = True) -> dict[str, Any]:
    """A request body for ``openapi_extra``.

    Args:
        name: Of a model in `document`'s components.
        examples: By name.
        required: Whether there has to be one.
    """
    return {"required": required, "content": {_JSON: json_content(name, examples)}}


def json_content(name: str, examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """JSON of a request body."""
    shown = {key: {"value": value} for key, value in examples.items()}
    return {"schema": {"$ref": _REF.format(model=name)}, "examples": shown}


def describe(app: FastAPI, bodies: tuple[type[BaseModel], ...]) -> None:
    """Have the application make its document once, with the shapes of the bodies it reads itself.

    Args:
        app: With all its routes.
        bodies: Models of request bodies that routes name in ``openapi_extra``.
    """

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=OPENAPI_VERSION,
                summary=app.summary,
                description=_DESCRIPTION,
                routes=app.routes,
                tags=[dict(tag) for tag in TAGS],
                license_info={"name": "MIT", "identifier": "MIT"},
            )
            _show_examples(made["paths"], app.routes)
            schemas = made["components"]["schemas"]
            for body in bodies:
                _add(schemas, body.__name__, body.model_json_schema(ref_template=_REF))
            _add(schemas, "JobRequest", job_schema(_REF))
            made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            made["security"] = [{}, {"token": []}]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document


def _show_examples(paths: dict[str, Any], routes: Sequence[object]) -> None:
    """Put examples of answers in once more: FastAPI takes out what is null."""
    for route in routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        for method in route.methods or ():
            shown = paths[route.path_format][method.lower()]["responses"]
            for status, response in route.responses.items():
                for kind, content in response.get("content", {}).items():
                    if "example" in content:
                        shown[str(status)]["content"][kind]["example"] = content["example"]


def _add(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    for inner, definition in schema.pop("$defs", {}).items():
        schemas.setdefault(inner, definition)
    schemas[name] = schema
