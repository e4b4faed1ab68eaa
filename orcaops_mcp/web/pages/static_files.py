"""Scripts, styles and pictures, from memory."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from core import NotFoundError
from orcaops_mcp.web.state import state_of

router = APIRouter()

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"
_POLICY: Final = "default-src 'none'; sandbox"


@router.get("/static/{path:path}")
async def static_file(request: Request, path: str, v: str = "") -> Response:
    """A file; one that is asked for by its version may be kept for ever."""
    asset = state_of(request).renderer.assets.by_path.get(path)
    if asset is None:
        raise NotFoundError("There is no such file.")
    tag = f'"{asset.version}"'
    headers = {
        "Cache-Control": _FOR_EVER if v == asset.version else _ASK_EACH_TIME,
        "ETag": tag,
        "Content-Security-Policy": _POLICY,
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.kind, headers=headers)


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """What browsers ask for by themselves."""
    asset = state_of(request).renderer.assets.by_path["icons/orcaops.svg"]
    return Response(asset.content, media_type=asset.kind, headers={"Cache-Control": "public, max-age=3600"})
