"""Figures of ended jobs."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from orcaops_mcp.api.analytics_examples import ANALYTICS
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.document import problems, reply
from orcaops_mcp.api.models import analytics as shapes
from orcaops_mcp.api.state import engine_of
from orcaops_mcp.intake.fields import span
from orcaops_mcp.views.analytics import analytics_view

router = APIRouter(tags=["runs"])


@router.get(
    "/orcaops/analytics",
    operation_id="analytics",
    summary="Figures of a period",
    response_model=None,
    responses={200: reply(shapes.AnalyticsShape, "The figures.", ANALYTICS), **problems(422)},
)
async def analytics(request: Request, query: Annotated[shapes.AnalyticsQuery, Query()]) -> Response:
    """How many jobs ended, how well, how fast, how flaky, by whom; beside the period before.

    Jobs of workflows count too. Seconds are told by the nearest rank: each is one that was really there.
    """
    found = await engine_of(request).analytics(span(query.range, name="range"), most=query.limit)
    return answer(analytics_view(found))
