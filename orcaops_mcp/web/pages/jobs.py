"""The list of jobs: filters that live in the address, pages by a cursor, rows that follow what happens."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orcaops_mcp.views.history import job_row
from orcaops_mcp.web.job_list import ListAsk
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.state import engine_of

router = APIRouter()

_ROWS: Final = 50
_CHIPS: Final = ("running", "queued", "failed", "timed_out", "cancelled", "success")


@router.get("/")
async def start() -> Response:
    """The list is where one begins."""
    return RedirectResponse("/jobs", 303)


@router.get("/jobs")
async def jobs(request: Request) -> Response:
    """A page of jobs, newest first."""
    engine, ask = engine_of(request), ListAsk.read(request.query_params)
    page = await engine.list_jobs(ask.filter(), limit=_ROWS, cursor=ask.before)
    counts = {status.value: count for status, count in (await engine.count_jobs()).items()}
    total = sum(counts.values())
    return render(
        request,
        "jobs.html",
        ask=ask,
        rows=[job_row(job) for job in page.items],
        chips=[_chip(ask, word, counts[word]) for word in _CHIPS],
        all_chip={"href": ask.address(statuses=()), "count": total, "is_current": not ask.statuses},
        has_counts=not any(ask.texts.values()),
        total=total,
        newest=ask.address() if ask.before else None,
        older=ask.address(before=page.next_cursor) if page.next_cursor else None,
        is_filtered=bool(ask.statuses or any(ask.texts.values())),
        topics="jobs",
        endpoint=f"{request.url.scheme}://{request.headers.get('host', '127.0.0.1')}",
    )


def _chip(ask: ListAsk, word: str, count: int) -> dict[str, Any]:
    return {
        "status": word,
        "count": count,
        "href": ask.address(statuses=(word,)),
        "is_current": word in ask.statuses,
    }
