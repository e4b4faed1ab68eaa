"""A job's log for the page that shows it: windows of rows, searches of the whole, and the text itself."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from core import (
    MAX_WINDOW,
    Engine,
    InvalidArgumentError,
    LogCursor,
    LogLine,
    LogQuery,
    ShownLine,
    clean_text,
    time_text,
)
from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.web.first_error import first_error
from orcaops_mcp.web.log_ask import LogAsk, whole_number
from orcaops_mcp.web.log_words import missing, nothing_yet
from orcaops_mcp.web.state import engine_of

router = APIRouter()

_WINDOW: Final = 500
_PAGE_LINES: Final = 2000
_PAGE_BYTES: Final = 1024 * 1024
_CONTINUED, _GAP = 1, 2
_LETTERS: Final = {"stdout": "o", "stderr": "e", "engine": "n"}


@router.get("/jobs/{job_id}/log/lines")
async def lines(request: Request, job_id: str) -> Response:
    """Rows of a view of the log, as ``[number, milliseconds, stream, text, step, bytes cut off, flags]``.

    ``first`` names a row, ``line`` the line whose row to begin at; with ``limit=0`` it only tells how many there are.
    """
    engine, query = engine_of(request), request.query_params
    ask = LogAsk.read(job_id, query)
    limit = whole_number(query, "limit", least=0)
    window = await engine.view_log(
        ask.place,
        ask.shown,
        first=whole_number(query, "first") or 1,
        limit=_WINDOW if limit is None else min(limit, MAX_WINDOW),
        line=whole_number(query, "line"),
    )
    job = await engine.get_job(job_id)
    content: dict[str, Any] = {
        "attempt": window.attempt,
        "first": window.first,
        "rows": window.rows,
        "total": window.total_lines,
        "whole": window.is_whole,
        "over": window.is_over,
        "note": "" if window.rows else nothing_yet(engine, job, window, of_job=ask.place.service is None),
        "missing": missing(job, window) if ask.place.service is None else "",
        "lines": [_row(line) for line in window.lines],
    }
    return _json(content)


@router.get("/jobs/{job_id}/log/search")
async def search(request: Request, job_id: str) -> Response:
    """How many lines hold something, and which come before and after the line ``from``."""
    query = request.query_params
    ask = LogAsk.read(job_id, query)
    if ask.sought is None:
        raise InvalidArgumentError("q: say what is sought")
    line = whole_number(query, "from", least=0) or 0
    hits = await engine_of(request).search_log(ask.place, ask.sought, choice=ask.lines, line=line)
    content: dict[str, Any] = {
        "attempt": hits.attempt,
        "total": hits.total,
        "whole": hits.is_whole,
        "place": hits.place,
        "hit": hits.is_hit,
        "next": hits.following,
        "previous": hits.previous,
        "first": hits.first,
        "last": hits.last,
    }
    return _json(content)


@router.get("/jobs/{job_id}/log/text")
async def text(request: Request, job_id: str) -> Response:
    """The log as text, whole or from line ``first`` to ``last``; ``raw`` leaves it as the container wrote it."""
    query = request.query_params
    ask = LogAsk.read(job_id, query)
    first, last = whole_number(query, "first") or 1, whole_number(query, "last")
    engine = engine_of(request)
    window = await engine.view_log(ask.place, limit=0)
    name = "-".join(part for part in (job_id, ask.place.service, f"{window.attempt}") if part)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}
    if query.get("download"):
        headers["Content-Disposition"] = f'attachment; filename="{name}.log"'
    if not window.attempt:
        return Response(b"", media_type="text/plain", headers=headers)
    asked = LogQuery(
        cursor=LogCursor(window.attempt, first),
        streams=ask.lines.streams,
        step=ask.step,
        max_lines=_PAGE_LINES,
        max_bytes=_PAGE_BYTES,
        attempt=window.attempt,
        service=ask.place.service,
    )
    texts = _texts(engine, job_id, asked, last, raw=bool(query.get("raw")), timed=bool(query.get("time")))
    return StreamingResponse(texts, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/jobs/{job_id}/log/first-error")
async def go_to_first_error(request: Request, job_id: str) -> Response:
    """Where the job went wrong: its line for scripts, the page there for everybody else."""
    engine = engine_of(request)
    job = await engine.get_job(job_id)
    found = await first_error(engine, job)
    if "text/html" not in request.headers.get("accept", ""):
        return _json({"line": found.line, "headline": found.headline} if found else {"line": None, "headline": ""})
    place = f"?first={max(1, found.line - 5)}#L{found.line}" if found and found.line else ""
    return RedirectResponse(f"/jobs/{job_id}{place}", 303)


def _row(line: ShownLine) -> list[Any]:
    flags = (_CONTINUED if line.continued else 0) | (_GAP if line.gap else 0)
    milliseconds = round(line.at.timestamp() * 1000)
    return [line.number, milliseconds, _LETTERS[line.stream], line.text, line.step, line.cut, flags]


def _json(content: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(compact_json(content).encode(), headers=headers, media_type="application/json")


async def _texts(
    engine: Engine, job_id: str, asked: LogQuery, last: int | None, *, raw: bool, timed: bool
) -> AsyncGenerator[bytes]:
    """The lines asked for, part by part, to the present end of the attempt's log."""
    while True:
        page = await engine.read_logs(job_id, asked)
        kept = [line for line in page.lines if last is None or line.number <= last]
        yield "".join(_plain(line, raw=raw, timed=timed) for line in kept).encode("utf-8", "replace")
        goes_on = page.next_cursor.attempt == asked.attempt and not page.at_end
        if not goes_on or (last is not None and page.next_cursor.line > last):
            return
        asked = replace(asked, cursor=page.next_cursor)


def _plain(line: LogLine, *, raw: bool, timed: bool) -> str:
    begin = f"{time_text(line.at)} " if timed else ""
    end = "" if line.continued else "\n"
    return f"{begin}{line.text if raw else clean_text(line.text)}{end}"
