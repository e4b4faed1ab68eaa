"""The lines of all jobs of a run as one log."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import WorkflowNode
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.run_asking import attempt_of
from orcaops_mcp.web.run_log import LinesAsked, shown_line
from orcaops_mcp.web.run_page import Seen, header_facts, look_at
from orcaops_mcp.web.state import engine_of
from orcaops_mcp.web.words import look_of

router = APIRouter(prefix="/workflows/{workflow_id}")

_MOST_NAMES = 300


@router.get("/log")
async def show_log(request: Request, workflow_id: str) -> Response:
    """The last lines, the first ones, or those with a text; of all jobs or of one."""
    engine, asked = engine_of(request), LinesAsked.of(request.query_params)
    seen = await look_at(engine, workflow_id, attempt_of(request.query_params))
    page = await engine.read_workflow_log(workflow_id, asked.query(seen.attempt.number))
    own = None if seen.is_present else seen.attempt.number
    here = f"/workflows/{workflow_id}/log"
    return render(
        request,
        "workflow_log.html",
        favicon=look_of(seen.status).favicon,
        tab="log",
        asked=asked,
        lines=[shown_line(line, asked.service) for line in page.lines],
        names=_names(seen.nodes),
        services=_services(seen),
        from_start=asked.link(here, own, start=True),
        from_end=asked.link(here, own, start=False, q="", errors=False),
        onward=None if page.at_end else asked.link(here, own, cursor=page.next_cursor),
        source=f"{here}.json",
        rest=asked.link(f"{here}.json", own, cursor=page.next_cursor) if page.at_end and not page.done else None,
        is_done=page.done,
        read_at=datetime.now(UTC),
        **header_facts(seen),
    )


@router.get("/log.json")
async def more_lines(request: Request, workflow_id: str) -> JSONResponse:
    """The lines behind a cursor, for a page that follows the run."""
    engine, asked = engine_of(request), LinesAsked.of(request.query_params)
    seen = await look_at(engine, workflow_id, attempt_of(request.query_params))
    page = await engine.read_workflow_log(workflow_id, asked.query(seen.attempt.number))
    own = None if seen.is_present else seen.attempt.number
    content: dict[str, Any] = {
        "lines": [shown_line(line, asked.service) for line in page.lines],
        "next": None if page.done else asked.link(f"/workflows/{workflow_id}/log.json", own, cursor=page.next_cursor),
        "at_end": page.at_end,
    }
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _names(nodes: tuple[WorkflowNode, ...]) -> list[str]:
    """What a log can be narrowed to: nodes that ran, and matrix jobs as a whole."""
    found: dict[str, None] = {}
    for node in nodes:
        if node.job_id is not None:
            if node.variant is not None:
                found[node.job] = None
            found[node.node_id] = None
    return list(found)[:_MOST_NAMES]


def _services(seen: Seen) -> list[str]:
    return [each.result.service_id for each in seen.run.services]
