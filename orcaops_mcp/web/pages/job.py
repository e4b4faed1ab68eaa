"""A job: how it stands, its log, what it was asked, what it left and what happened to it."""

from typing import Any, Final

import anyio
import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from core import MAX_WINDOW, Engine, InvalidArgumentError, JobSpec, LimitSettings, LineChoice
from orcaops_mcp.views.history import change_view
from orcaops_mcp.web.artifact_rows import artifact_rows
from orcaops_mcp.web.equivalents import command_line, curl, request_of, request_yaml, value_text
from orcaops_mcp.web.job_page import TABS, JobFacts, facts_of, link_to, shown_of
from orcaops_mcp.web.log_ask import LogAsk, whole_number
from orcaops_mcp.web.log_words import missing, nothing_yet
from orcaops_mcp.web.plain_log import plain_rows
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.state import engine_of

router = APIRouter()

_HEAD, _TAIL = 500, 200
_HITS: Final = 200
_BUDGET_S: Final = 0.3
"""A page does not wait longer for what is sought: scripts ask on, and who has none reloads it."""
_writers: Final = anyio.CapacityLimiter(2)
_HELD: Final = {"loosened": "Looser than strict in", "filled": "Chosen by the engine", "rules": "Rules that applied"}


@router.get("/jobs/{job_id}/log")
@router.get("/jobs/{job_id}")
async def job(request: Request, job_id: str) -> Response:
    """The page, with one of its tabs."""
    engine, query = engine_of(request), request.query_params
    tab = query.get("tab", "logs")
    if tab not in dict(TABS):
        raise InvalidArgumentError(f"tab: {tab[:40]!r} is none; there are {', '.join(dict(TABS))}")
    ask = LogAsk.read(job_id, query)
    facts = await facts_of(engine, ask)
    shown: dict[str, Any]
    if tab == "logs":
        shown = await _log(engine, facts, ask, whole_number(query, "first"))
    elif tab == "details":
        base = f"{request.url.scheme}://{request.headers.get('host', '127.0.0.1')}"
        spec, limits = facts.job.spec, engine.settings.limits
        shown = await anyio.to_thread.run_sync(_details, spec, limits, base, limiter=_writers)
    elif tab == "artifacts":
        shown = {"artifacts": await artifact_rows(engine, facts.artifacts, job_id)}
    else:
        shown = {"changes": [change_view(change) for change in await engine.history(job_id)]}
    usual = shown_of(facts, ask)
    tabs = [
        {"name": name, "word": word, "href": link_to(job_id, tab=_unless(name, "logs"), attempt=ask.place.attempt)}
        for name, word in TABS
    ]
    shown |= {**usual, "tab": tab, "tabs": tabs, "link_to": link_to}
    return render(request, f"job_{tab}.html", **shown)


async def _log(engine: Engine, facts: JobFacts, ask: LogAsk, first: int | None) -> dict[str, Any]:
    """What is shown of the log without scripts: its head and tail, a window from ``first`` on, or what is sought."""
    job, choice = facts.job, ask.shown
    hits, narrowed = None, choice
    if ask.sought is not None and first is None:
        hits = await engine.search_log(ask.place, ask.sought, choice=ask.lines, budget_s=_BUDGET_S)
        narrowed = LineChoice(choice.streams, choice.step, ask.sought)
    head = await engine.view_log(
        ask.place, narrowed, first=first or 1, limit=_HITS if hits else _HEAD, budget_s=_BUDGET_S
    )
    begin = max(head.first + len(head.lines), head.rows - _TAIL + 1)
    is_whole = hits is not None or first is not None or head.rows < begin
    tail = None if is_whole else await engine.view_log(ask.place, narrowed, first=begin, limit=_TAIL)
    path, is_own = f"/jobs/{job.job_id}/log", ask.place.service is None
    return {
        "head": plain_rows(head.lines),
        "tail": plain_rows(tail.lines) if tail else [],
        "hits": hits,
        "window": head,
        "left_out": begin - head.first - len(head.lines) if tail else 0,
        "earlier": ask.address(f"/jobs/{job.job_id}", first=max(1, first - _HEAD)) if first and first > 1 else None,
        "later": ask.address(f"/jobs/{job.job_id}", first=head.first + len(head.lines))
        if not hits and head.first + len(head.lines) <= head.rows
        else None,
        "nothing": "" if head.lines else nothing_yet(engine, job, head, of_job=is_own),
        "missing": missing(job, head) if is_own else "",
        "sources": {
            "lines": ask.address(f"{path}/lines"),
            "search": ask.address(f"{path}/search"),
            "text": ask.address(f"{path}/text"),
            "error": f"{path}/first-error",
        },
        "most": MAX_WINDOW,
        "is_of_job": is_own,
    }


def _details(spec: JobSpec, limits: LimitSettings, base: str) -> dict[str, Any]:
    """The request in its forms; a large one takes a while to write."""
    asked = request_of(spec, limits)
    held = spec.sandbox.model_dump(mode="json", exclude_none=True) if spec.sandbox else {}
    return {
        "yaml": request_yaml(asked),
        "command": command_line(asked),
        "call": curl(asked, base),
        "limits": spec,
        "held": [(_HELD.get(name, name.replace("_", " ").capitalize()), value_text(held[name])) for name in held],
    }


def _unless(name: str, usual: str) -> str | None:
    return None if name == usual else name
