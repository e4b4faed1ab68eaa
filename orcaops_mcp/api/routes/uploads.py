"""Files that jobs are given: forms, manifests and single files by their hash."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from orcaops_mcp.api import examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import bounded, fitted, media_type, read_object
from orcaops_mcp.api.document import header, json_content, problems, reply
from orcaops_mcp.api.models import file as shapes
from orcaops_mcp.api.state import engine_of
from orcaops_mcp.api.submission import FORM, files_of_form, input_files
from orcaops_mcp.views.upload import upload_view

router = APIRouter(prefix="/orcaops/uploads", tags=["uploads"])

UploadId = Annotated[str, Path(json_schema_extra={"examples": [examples.UPLOAD_ID]})]

_MANIFEST: Final = {"files": [{"path": "main.py", "sha256": examples.SHA256, "size": 6}]}
_FORM: Final[dict[str, Any]] = {
    "schema": {
        "type": "object",
        "properties": {
            "files": {
                "type": "array",
                "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                "description": "The filename is the path; those that begin with #! may be executed.",
            }
        },
    }
}


@router.post(
    "",
    operation_id="upload_files",
    status_code=201,
    summary="Upload files",
    response_model=None,
    responses={
        201: reply(
            shapes.UploadShape,
            "Ready to be named by jobs.",
            examples.UPLOAD,
            headers={"Location": header("Where the upload is.")},
        ),
        200: reply(shapes.MissingFiles, "These have to be sent first.", {"missing": [examples.SHA256]}),
        **problems(400, 413, 415, 422),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                FORM: _FORM,
                "application/json": json_content("UploadManifest", {"manifest": _MANIFEST}),
            },
        }
    },
)
async def upload_files(request: Request) -> Response:
    """Keep files for jobs to come: a form with the files, or a manifest of hashes.

    A manifest is answered with the hashes whose bytes are not here; send them with
    PUT /orcaops/uploads/blobs/{sha256}, then the manifest again.
    """
    engine = engine_of(request)
    if media_type(request) == FORM:
        files = await files_of_form(request, engine)
    else:
        manifest = fitted(await read_object(request), shapes.UploadManifest)
        files = input_files([file.model_dump() for file in manifest.files])
        if missing := await engine.missing_files(file.sha256 for file in files):
            return answer({"missing": list(missing)})
    upload = await engine.register_upload(files)
    return answer(upload_view(upload), 201, {"Location": f"/orcaops/uploads/{upload.upload_id}"})


@router.get(
    "/{upload_id}",
    operation_id="get_upload",
    summary="See an upload",
    response_model=None,
    responses={200: reply(shapes.UploadShape, "Its files.", examples.UPLOAD), **problems(404)},
)
async def get_upload(request: Request, upload_id: UploadId) -> Response:
    """The files of an upload."""
    return answer(upload_view(await engine_of(request).get_upload(upload_id)))


@router.put(
    "/blobs/{sha256}",
    operation_id="put_file",
    status_code=201,
    summary="Send one file by its hash",
    response_model=None,
    responses={
        201: reply(shapes.StoredFile, "It is here now.", {"sha256": examples.SHA256, "size": 6}),
        **problems(400, 413, 422),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def put_file(
    request: Request,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$", json_schema_extra={"examples": [examples.SHA256]})],
) -> Response:
    """The bytes of a file; they have to have the hash in the path. Sending them again does nothing."""
    engine = engine_of(request)
    size = 0
    limit = engine.settings.limits.upload_bytes

    async def counted() -> AsyncGenerator[bytes]:
        nonlocal size
        async for piece in bounded(request, limit):
            size += len(piece)
            yield piece

    await engine.put_file(sha256, counted(), max_bytes=limit)
    return answer({"sha256": sha256, "size": size}, 201)
