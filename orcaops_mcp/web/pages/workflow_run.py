"""The page of a run, its graph as data, its file, its history, and its nodes."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orcaops_mcp.intake.workflow_file import in_a_thread
from orcaops_mcp.views.workflow_run import explanation_view, node_view, workflow_change_view
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.run_asking import attempt_of, first_of
from orcaops_mcp.web.run_drawing import drawing
from orcaops_mcp.web.run_page import header_facts, look_at, page_facts, reason_text, values
from orcaops_mcp.web.spec_lines import numbered_lines
from orcaops_mcp.web.state import engine_of
from orcaops_mcp.web.words import look_of

router = APIRouter(prefix="/workflows/{workflow_id}")

_MOST_CHANGES: Final = 500
"""As many moves has a page; of a run with more there are pages, the last one first."""


@router.get("")
async def show_run(request: Request, workflow_id: str) -> Response:
    """What it is, how it goes, its graph, its time axis and its jobs."""
    query, engine = request.query_params, engine_of(request)
    seen = await look_at(engine, workflow_id, attempt_of(query))
    facts = await page_facts(engine, seen, first=first_of(query))
    return render(request, "workflow_run.html", favicon=look_of(seen.status).favicon, tab="run", **facts)


@router.get("/graph.json")
async def graph(request: Request, workflow_id: str) -> JSONResponse:
    """The same as a graph, for the browser that lays it out."""
    seen = await look_at(engine_of(request), workflow_id, attempt_of(request.query_params))
    content = drawing(seen.run, seen.nodes, attempt=seen.attempt.number)
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


@router.get("/spec")
async def show_spec(request: Request, workflow_id: str) -> Response:
    """The file that an attempt was made from, with numbered lines."""
    engine = engine_of(request)
    seen = await look_at(engine, workflow_id, attempt_of(request.query_params))
    source = await engine.workflow_source(workflow_id, attempt=seen.attempt.number)
    files = [(source.file_name or "workflow.yaml", source.text), *source.files.items()]
    lines = await in_a_thread(lambda: [numbered_lines(text) for _, text in files])
    return render(
        request,
        "workflow_spec.html",
        favicon=look_of(seen.status).favicon,
        tab="spec",
        digest=source.digest,
        files=[
            {"name": name, "text": text, "lines": lines[number], "prefix": f"{number}-" if number else ""}
            for number, (name, text) in enumerate(files)
        ],
        **header_facts(seen),
    )


@router.get("/history")
async def show_history(request: Request, workflow_id: str) -> Response:
    """The attempts, and the moves of the run and its nodes: the last ones, or those from ``first`` on."""
    query, engine = request.query_params, engine_of(request)
    seen = await look_at(engine, workflow_id, attempt_of(query))
    first = first_of(query)
    skip = -_MOST_CHANGES if first is None else first
    changes = await engine.workflow_history(workflow_id, skip=skip, limit=_MOST_CHANGES + 1)
    shown = changes[:_MOST_CHANGES]
    return render(
        request,
        "workflow_history.html",
        favicon=look_of(seen.status).favicon,
        tab="history",
        changes=[workflow_change_view(change) for change in shown],
        changes_from=shown[0].place if shown else 0,
        changes_to=shown[-1].place if shown else 0,
        has_later_changes=len(changes) > len(shown),
        most_changes=_MOST_CHANGES,
        all_attempts=seen.attempts,
        **header_facts(seen),
    )


@router.get("/nodes/{node_id:path}")
async def show_node(request: Request, workflow_id: str, node_id: str) -> Response:
    """A node: why it stands where it stands, its tries, what it put out."""
    engine, attempt = engine_of(request), attempt_of(request.query_params)
    seen = await look_at(engine, workflow_id, attempt)
    node = await engine.workflow_node(workflow_id, node_id, attempt=seen.attempt.number)
    why = await engine.explain_node(workflow_id, node_id, attempt=seen.attempt.number)
    told: dict[str, Any] = node_view(node)
    return render(
        request,
        "workflow_node.html",
        favicon=look_of(node.status).favicon,
        tab="run",
        node=told,
        reason=reason_text(told["reason"]),
        facts=explanation_view(why)["facts"],
        matrix=values(told["matrix"] or {}),
        **header_facts(seen),
    )
