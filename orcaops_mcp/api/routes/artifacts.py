"""Files that jobs leave: lists, and their bytes with ranges and conditions."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orcaops_mcp.api import examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.document import header, problems, reply
from orcaops_mcp.api.models import file as shapes
from orcaops_mcp.api.models.base import JobId
from orcaops_mcp.api.state import engine_of
from orcaops_mcp.views.artifact import artifact_view
from orcaops_mcp.views.artifact_bytes import artifact_response

router = APIRouter(prefix="/orcaops/jobs/{job_id}/artifacts", tags=["artifacts"])

_BYTES: Final[dict[str, Any]] = {"*/*": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}}
_HEADERS: Final = {"ETag": header("The SHA-256 of the file, in quotes."), "Accept-Ranges": header("`bytes`.")}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": _BYTES, "headers": _HEADERS},
    206: {
        "description": "The bytes of the `Range` asked for.",
        "content": _BYTES,
        "headers": {**_HEADERS, "Content-Range": header("Which bytes these are.")},
    },
    304: {"description": "It is what `If-None-Match` names."},
    416: {
        "description": "No byte of the file is in the range.",
        "headers": {"Content-Range": header("How long the file is.")},
    },
    **problems(404),
}


@router.get(
    "",
    operation_id="list_artifacts",
    summary="List artifacts",
    response_model=None,
    responses={200: reply(shapes.ArtifactList, "What was kept.", examples.ARTIFACTS), **problems(404, 422)},
)
async def list_artifacts(request: Request, job_id: JobId, query: Annotated[shapes.ArtifactQuery, Query()]) -> Response:
    """The files kept of a job, and what was not kept and why."""
    artifacts = await engine_of(request).list_artifacts(job_id, query.pattern)
    return answer({"items": [artifact_view(artifact) for artifact in artifacts]})


@router.get(
    "/{path:path}",
    operation_id="get_artifact",
    summary="Fetch an artifact",
    response_class=Response,
    response_model=None,
    responses=_ANSWERS,
)
async def get_artifact(request: Request, job_id: JobId, path: str) -> Response:
    """The bytes of a kept file, always as a download: one range, `If-Range`, `If-None-Match` and gzip are honoured."""
    return await artifact_response(engine_of(request), job_id, path, request.headers)


@router.head(
    "/{path:path}",
    operation_id="head_artifact",
    summary="Look at an artifact",
    response_class=Response,
    response_model=None,
    responses={
        status: {key: value for key, value in said.items() if key in ("description", "headers")}
        for status, said in _ANSWERS.items()
    },
)
async def head_artifact(request: Request, job_id: JobId, path: str) -> Response:
    """Size, type and hash of a kept file, as its GET would say."""
    return await artifact_response(engine_of(request), job_id, path, request.headers)
