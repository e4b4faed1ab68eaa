"""The document, and a page to try it: Swagger UI from this package, under a policy that lets nothing else run."""

from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from core import NotFoundError
from orcaops_mcp.views.compact import compact_json

router = APIRouter(include_in_schema=False)

_one_at_a_time = anyio.CapacityLimiter(1)

_FOLDER: Final = Path(__file__).resolve().parents[1] / "static"
_FILES: Final = {
    "swagger-ui-bundle.js": ("swagger/swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": ("swagger/swagger-ui.css", "text/css"),
    "start.js": ("start.js", "text/javascript"),
    "LICENSE": ("swagger/LICENSE", "text/plain"),
    "NOTICE": ("swagger/NOTICE", "text/plain"),
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>OrcaOps REST API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"><noscript>This page needs JavaScript; the document is at /openapi.json.</noscript></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """The OpenAPI document."""
    text = await anyio.to_thread.run_sync(lambda: compact_json(request.app.openapi()), limiter=_one_at_a_time)
    return Response(text, media_type="application/json")


@router.get("/docs")
async def docs() -> Response:
    """The document to look at and try."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/")
async def docs_with_slash() -> Response:
    """The same page, where it is."""
    return RedirectResponse("/docs", 308)


@router.get("/docs/{name}")
async def docs_file(name: str) -> Response:
    """What the page is made of."""
    if name not in _FILES:
        raise NotFoundError("There is no such file.")
    path, kind = _FILES[name]
    headers = {"Cache-Control": "public, max-age=3600"}
    return FileResponse(_FOLDER / path, media_type=kind, headers=headers)
