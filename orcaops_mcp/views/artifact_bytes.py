"""A kept file over HTTP (RFC 9110): conditions, one range, gzip as it lies, and headers that let no browser run it."""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from urllib.parse import quote

import anyio
from starlette.responses import Response, StreamingResponse

from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.views.problem import problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.datastructures import Headers

    from core import Engine, StoredArtifact

_RANGE: Final = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)
_PIECE: Final = 256 * 1024
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9._+ -]{1,200}", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", re.ASCII)
_GZIP: Final = re.compile(r"\s*(?:gzip|x-gzip|\*)\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?", re.ASCII | re.IGNORECASE)


class _Range(NamedTuple):
    """Bytes from ``start`` up to but not ``stop``."""

    start: int
    stop: int


async def artifact_response(engine: Engine, job_id: str, path: str, headers: Headers) -> Response:
    """The file, a range of it, or that it has not changed.

    Args:
        engine: Whose job.
        job_id: Which job's.
        path: The artifact's.
        headers: Of the request.

    Raises:
        JobNotFoundError: There is no such job.
        ArtifactNotFoundError: It has no kept file with this path.
    """
    stored = await engine.open_artifact(job_id, path)
    size, tag = stored.artifact.size, f'"{stored.artifact.sha256}"'
    said = _standing_headers(stored) | {"ETag": tag}
    if _is_known(headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=said)
    asked = _asked_range(headers, tag, size)
    if asked is not None and asked.start >= asked.stop:
        view = problem("range_not_satisfiable", f"The file has {size} bytes; none is in this range.")
        said |= {"Content-Range": f"bytes */{size}"}
        return Response(compact_json({"error": view}).encode(), 416, said, "application/json")
    if asked is None and stored.encoding == "gzip" and _accepts_gzip(headers):
        # the same file in other bytes: a weak tag, which no range can be asked with
        said |= {"ETag": f"W/{tag}", "Content-Encoding": "gzip", "Content-Length": str(stored.stored_size)}
        return StreamingResponse(_as_it_lies(stored), headers=said, media_type=_media_type(stored))
    start, stop = asked or _Range(0, size)
    said["Content-Length"] = str(stop - start)
    if asked is not None:
        said["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    pieces = cast("AsyncGenerator[bytes]", engine.artifact_chunks(job_id, path, start, stop))
    return StreamingResponse(_closed(pieces), 206 if asked else 200, said, _media_type(stored))


def _standing_headers(stored: StoredArtifact) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(stored.artifact.path),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Vary": "Accept-Encoding",
    }


def disposition(path: str) -> str:
    """A download under the last part of the path; other than plain names are encoded (RFC 5987, RFC 6266)."""
    name = path.rstrip("/").rpartition("/")[2] or "artifact"
    if _PLAIN_NAME.fullmatch(name):
        return f'attachment; filename="{name}"'
    plain = re.sub(r"[^A-Za-z0-9._+-]", "_", name)[:200]
    encoded = quote(name.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _media_type(stored: StoredArtifact) -> str:
    known = stored.artifact.media_type
    return known if _MEDIA_TYPE.fullmatch(known) else "application/octet-stream"


def _is_known(conditions: list[str], tag: str) -> bool:
    """Whether If-None-Match names the file; weak tags count here."""
    tags = [part.strip().removeprefix("W/") for condition in conditions for part in condition.split(",")]
    return "*" in tags or tag in tags


def _asked_range(headers: Headers, tag: str, size: int) -> _Range | None:
    """The one range asked for; None sends everything, as for several ranges or a changed file."""
    match = _RANGE.fullmatch(headers.get("range", ""))
    condition = headers.get("if-range")
    if match is None or match.group(1) == match.group(2) == "" or (condition is not None and condition.strip() != tag):
        return None
    first, last = match.groups()
    if not first:
        return _Range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return _Range(int(first), min(int(last) + 1, size) if last else size)


def _accepts_gzip(headers: Headers) -> bool:
    for part in headers.get("accept-encoding", "").split(","):
        match = _GZIP.fullmatch(part)
        if match is not None:
            return match.group(1) is None or any(digit in "123456789" for digit in match.group(1))
    return False


async def _closed(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(pieces) as open_pieces:
        async for piece in open_pieces:
            yield piece


async def _as_it_lies(stored: StoredArtifact) -> AsyncGenerator[bytes]:
    async with await anyio.open_file(stored.file, "rb") as file:
        while piece := await file.read(_PIECE):
            yield piece
