"""The list of workflow runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from core import PastRun, WorkflowRun, WorkflowStatus
from orcaops_mcp.views.workflow_run import run_row
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.run_asking import STATUSES, RunsAsked
from orcaops_mcp.web.state import engine_of
from orcaops_mcp.web.words import look_of

router = APIRouter()

_PAGE: Final = 50
_BARS: Final = 20
_CARDS: Final = 12
_GLYPHS: Final = 40
_BAR_HEIGHT: Final = 28
_LEAST_HEIGHT: Final = 5


@router.get("/workflows")
async def list_runs(request: Request) -> Response:
    """Runs, newest first, with how their jobs stand and how the last runs of each workflow ended."""
    asked, engine = RunsAsked.of(request.query_params), engine_of(request)
    page = await engine.list_workflows(asked.filter(), limit=_PAGE, cursor=asked.before or None)
    counts = await engine.count_workflows()
    states = await engine.workflow_states([run.workflow_id for run in page.items], most=_GLYPHS)
    names = list(dict.fromkeys(run.name for run in page.items))[:_CARDS]
    recent = await engine.recent_workflows(names, each=_BARS)
    return render(
        request,
        "workflows.html",
        topics="workflows",
        asked=asked,
        rows=[_row(run, states.get(run.workflow_id, ())) for run in page.items],
        chips=_chips(asked, counts),
        total=sum(counts.values()),
        cards=[_card(name, recent[name]) for name in names],
        newest=asked.link() if asked.before else None,
        older=asked.link(before=page.next_cursor) if page.next_cursor else None,
    )


def _row(run: WorkflowRun, states: Sequence[str]) -> dict[str, Any]:
    return {**run_row(run), "glyphs": [_glyph(state) for state in states], "is_finished": run.is_finished}


def _glyph(state: str) -> dict[str, str]:
    """A node in a row of icons: its status, its shape, its word."""
    is_tolerated = state == "tolerated"
    look = look_of("failed" if is_tolerated else state)
    return {
        "status": "partial" if is_tolerated else state,
        "icon": look.icon,
        "word": state if is_tolerated else look.word,
    }


def _chips(asked: RunsAsked, counts: Mapping[WorkflowStatus, int]) -> list[dict[str, Any]]:
    return [
        {
            "status": status.value,
            "word": look_of(status).word,
            "count": counts[status],
            "href": asked.link(statuses=() if asked.statuses == (status,) else (status,)),
            "is_on": asked.statuses == (status,),
        }
        for status in STATUSES
    ]


def _card(name: str, runs: Sequence[PastRun]) -> dict[str, Any]:
    """A workflow with its last runs as bars, the newest at the right; as high as they took long."""
    longest = max((run.duration_s or 0.0 for run in runs), default=0.0) or 1.0
    ended = [run for run in runs if run.status.is_terminal]
    return {
        "name": name,
        "href": RunsAsked(name=name).link(),
        "ended": len(ended),
        "passed": sum(run.status is WorkflowStatus.SUCCESS for run in ended),
        "bars": [_bar(run, longest, place) for place, run in enumerate(reversed(runs))],
    }


def _bar(run: PastRun, longest: float, place: int) -> dict[str, Any]:
    height = max(_LEAST_HEIGHT, round((run.duration_s or 0.0) / longest * _BAR_HEIGHT))
    return {
        "href": f"/workflows/{run.workflow_id}",
        "status": run.status.value,
        "word": look_of(run.status).word,
        "took": run.duration_s,
        "at": run.created_at,
        "x": place * 10,
        "y": _BAR_HEIGHT - height,
        "height": height,
    }
