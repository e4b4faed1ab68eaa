"""Figures of a period: how much ran, how well, how fast, how flaky, by whom."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orcaops_mcp.intake.fields import span
from orcaops_mcp.web.analytics_page import facts_of
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.state import engine_of

router = APIRouter()

_USUAL: Final = "30d"
_LONGEST: Final = 20


@router.get("/analytics")
async def analytics(request: Request) -> Response:
    """The figures of the period that the address names, thirty days unless it names one."""
    asked = request.query_params.get("range", "").strip()[:_LONGEST] or _USUAL
    found = await engine_of(request).analytics(span(asked, name="range"))
    return render(request, "analytics.html", **facts_of(found, asked))
