"""Files that jobs left: a list over all jobs, downloads, and looks at what may be looked at."""

from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode

import anyio
import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core import Artifact, ArtifactNotFoundError, Engine, InvalidArgumentError, JobArtifact
from orcaops_mcp.views.artifact_bytes import artifact_response
from orcaops_mcp.web.archive import archive_of
from orcaops_mcp.web.artifact_rows import artifact_row, preview_of
from orcaops_mcp.web.preview import MOST_BYTES, picture_type, preview
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.state import engine_of

router = APIRouter()

_ROWS: Final = 50
_LONGEST: Final = 200
_MAGIC_BYTES: Final = 16
_layers_out: Final = anyio.CapacityLimiter(2)


@router.get("/artifacts")
async def artifacts(request: Request, q: str = "", before: str = "") -> Response:
    """Kept files of all jobs, those of the newest first."""
    engine, text = engine_of(request), q.strip()
    if len(text) > _LONGEST:
        raise InvalidArgumentError(f"q: at most {_LONGEST} characters")
    page = await engine.newest_artifacts(text=text or None, limit=_ROWS, cursor=before or None)
    asked = {"q": text} if text else {}
    older = f"/artifacts?{urlencode({**asked, 'before': page.next_cursor})}" if page.next_cursor else None
    newest = "/artifacts" + (f"?{urlencode(asked)}" if asked else "")
    return render(
        request,
        "artifacts.html",
        q=text,
        rows=await _rows(engine, page.items),
        older=older,
        newest=newest if before else None,
        topics="jobs" if not before else "",
    )


@router.get("/jobs/{job_id}/artifacts.tar.gz")
async def all_of_job(request: Request, job_id: str) -> Response:
    """All files of the job in one archive."""
    engine = engine_of(request)
    job = await engine.get_job(job_id)
    kept = [artifact for artifact in await engine.list_artifacts(job_id) if artifact.state == "kept"]
    if not kept:
        raise ArtifactNotFoundError("No file was kept of this job.")
    headers = _safe_headers() | {"Content-Disposition": f'attachment; filename="{job_id}-artifacts.tar.gz"'}
    moment = (job.finished_at or job.created_at).timestamp()
    return StreamingResponse(archive_of(engine, job_id, kept, moment), headers=headers, media_type="application/gzip")


@router.get("/jobs/{job_id}/artifacts/{path:path}")
async def download(request: Request, job_id: str, path: str) -> Response:
    """The bytes of a kept file, always as a download."""
    engine = engine_of(request)
    await _present(engine, job_id, path)
    return await artifact_response(engine, job_id, path, request.headers)


@router.get("/jobs/{job_id}/preview/{path:path}")
async def look(request: Request, job_id: str, path: str) -> Response:
    """A page with the beginning of a file: as text, as a table, or with the picture."""
    engine = engine_of(request)
    job = await engine.get_job(job_id)
    artifact = await _present(engine, job_id, path)
    way = preview_of(artifact)
    if not way:
        raise InvalidArgumentError("This kind of file is not shown.", hint="Download it to look at it.")
    facts: dict[str, Any] = {"picture": None, "preview": None}
    if way == "picture":
        if picture_type(path, (await engine.read_artifact(job_id, path, max_bytes=_MAGIC_BYTES)).data):
            facts["picture"] = f"/jobs/{job_id}/picture/{quote(path, safe='/')}"
    else:
        part = await engine.show_artifact(job_id, path, max_bytes=MOST_BYTES)
        show = partial(preview, path, way, part.data, is_whole=part.next_offset is None, is_masked=part.is_masked)
        facts["preview"] = await anyio.to_thread.run_sync(show, limiter=_layers_out)
    row = artifact_row(artifact, job_id)
    return render(request, "preview.html", job=job, row=row, **facts)


@router.get("/jobs/{job_id}/picture/{path:path}")
async def picture(request: Request, job_id: str, path: str) -> Response:
    """A picture for the page that shows it; nothing else is ever served to be shown."""
    engine = engine_of(request)
    artifact = await _present(engine, job_id, path)
    beginning = (await engine.read_artifact(job_id, path, max_bytes=_MAGIC_BYTES)).data
    media_type = picture_type(path, beginning) if preview_of(artifact) == "picture" else ""
    if not media_type:
        raise ArtifactNotFoundError("This file is no picture that is shown.")
    headers = _safe_headers() | {"Content-Length": str(artifact.size)}
    return StreamingResponse(engine.artifact_chunks(job_id, path), headers=headers, media_type=media_type)


async def _present(engine: Engine, job_id: str, path: str) -> Artifact:
    """A kept file whose bytes are there.

    Raises:
        JobNotFoundError: There is no such job.
        ArtifactNotFoundError: It kept no such file, or the file is gone from the disk.
    """
    kept = [one for one in await engine.list_artifacts(job_id) if one.path == path]
    if not kept:
        raise ArtifactNotFoundError("The job kept no file with this path.")
    artifact = kept[0]
    if artifact.state != "kept":
        raise ArtifactNotFoundError(f"This file was not kept: {artifact.note}.")
    if artifact.sha256 not in await engine.artifacts_on_disk(job_id, [artifact]):
        raise ArtifactNotFoundError("The file is listed but gone from the disk.")
    return artifact


async def _rows(engine: Engine, items: tuple[JobArtifact, ...]) -> list[dict[str, Any]]:
    by_job: dict[str, list[Artifact]] = {}
    for item in items:
        by_job.setdefault(item.job_id, []).append(item.artifact)
    there = {job_id: await engine.artifacts_on_disk(job_id, files) for job_id, files in by_job.items()}
    return [
        artifact_row(item.artifact, item.job_id, is_gone=item.artifact.sha256 not in there[item.job_id])
        | {
            "job_id": item.job_id,
            "job": item.job_name or item.image,
            "created_at": item.created_at,
        }
        for item in items
    ]


def _safe_headers() -> dict[str, str]:
    return {"Cache-Control": "private, no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}
