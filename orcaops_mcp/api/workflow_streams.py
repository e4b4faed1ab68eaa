"""A run over time: the lines of all its nodes, and what changes about it and them."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import anyio

from core import InvalidArgumentError, WorkflowLogQuery, clean_text, time_text
from orcaops_mcp.api.follow import PAUSE_S
from orcaops_mcp.api.lines import event
from orcaops_mcp.intake.fields import moment_or_span
from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.views.workflow_run import node_line_view, node_row, run_end, run_row

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from core import Engine, NodeLine, WorkflowLogPage, WorkflowLogPart
    from orcaops_mcp.api.models.workflow_look import FollowRunLog, ReadRunLog

ENDED: Final = ".end"
"""Stands behind the place in the id of the last event: who brings it back has everything."""

_PAGE_LINES: Final = 1000
_PAGE_BYTES: Final = 1024 * 1024
_FULL: Final = 1000


def run_log_query(asked: ReadRunLog | FollowRunLog, now: datetime, *, limit: int | None = None) -> WorkflowLogQuery:
    """What to ask the engine for.

    Args:
        asked: In the caller's words.
        now: The present moment.
        limit: At most so many lines.

    Raises:
        InvalidArgumentError: A time or a combination is not valid.
    """
    if asked.tail is not None and (asked.cursor is not None or asked.since is not None):
        raise InvalidArgumentError("tail: goes with neither cursor nor since; give one of them")
    if asked.tail is not None and (asked.grep or asked.errors_only):
        raise InvalidArgumentError("tail: a search goes from the start; give a cursor or since, or leave tail out")
    return WorkflowLogQuery(
        nodes=tuple(asked.node),
        service=asked.service,
        cursor=asked.cursor.removesuffix(ENDED) if asked.cursor else None,
        tail=asked.tail,
        since=moment_or_span(asked.since, now) if asked.since else None,
        pattern=asked.grep or None,
        errors_only=asked.errors_only,
        streams=frozenset(asked.stream) if asked.stream else None,
        max_lines=limit or _PAGE_LINES,
        max_bytes=_PAGE_BYTES if asked.tail is None else 16 * _PAGE_BYTES,
        attempt=asked.attempt,
    )


def run_log_view(page: WorkflowLogPage) -> dict[str, Any]:
    """Some lines of a run as JSON."""
    return {
        "items": [node_line_view(each) for each in page.lines],
        "next_cursor": page.next_cursor,
        "at_end": page.at_end,
        "done": page.done,
        "attempt": page.attempt,
    }


def run_log_text(lines: Sequence[NodeLine], asked: ReadRunLog) -> bytes:
    """Lines to be read by people: whose each is, and what it says."""
    texts = [
        (f"{time_text(each.line.at)} " if asked.timestamps else "")
        + f"{clean_text(each.node_id or asked.service or '')} │ "
        + (each.line.text if asked.raw else clean_text(each.line.text))
        for each in lines
    ]
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace")


async def run_log_texts(
    engine: Engine, workflow_id: str, query: WorkflowLogQuery, first: WorkflowLogPage, asked: ReadRunLog
) -> AsyncGenerator[bytes]:
    """The lines of a run as text, part by part to their present end.

    Args:
        engine: Whose.
        workflow_id: The run.
        query: What the first part was asked for with.
        first: The first part.
        asked: How lines are shown.
    """
    page = first
    while True:
        yield run_log_text(page.lines, asked)
        if page.at_end:
            return
        page = await engine.read_workflow_log(workflow_id, replace(query, cursor=page.next_cursor))


async def run_log_events(engine: Engine, workflow_id: str, query: WorkflowLogQuery) -> AsyncGenerator[bytes]:
    """The lines of a run as server-sent events, and its end."""
    yield b": the log follows\n\n"  # so that the reader knows at once that it is connected
    place = query.cursor or ""
    async with aclosing(_paced(engine, workflow_id, query)) as parts:
        async for part in parts:
            place = part.next_cursor
            yield b"".join(
                event("gap" if each.line.gap else "log", node_line_view(each), cursor)
                for each, cursor in zip(part.lines, part.cursors, strict=True)
            )
    yield event("end", run_end(await engine.get_workflow(workflow_id)), _end_of(place))


async def run_log_messages(engine: Engine, workflow_id: str, query: WorkflowLogQuery) -> AsyncGenerator[str]:
    """The same as messages of a WebSocket."""
    place = query.cursor or ""
    async with aclosing(_paced(engine, workflow_id, query)) as parts:
        async for part in parts:
            place = part.next_cursor
            for each, cursor in zip(part.lines, part.cursors, strict=True):
                facts: dict[str, Any] = {"type": "gap" if each.line.gap else "log", "cursor": cursor}
                yield compact_json(facts | node_line_view(each))
    end = run_end(await engine.get_workflow(workflow_id))
    yield compact_json({"type": "end", "cursor": _end_of(place), **end})


async def run_events(engine: Engine, workflow_id: str, since_version: int) -> AsyncGenerator[bytes]:
    """What changes about a run and its nodes after a version, until it has ended.

    Several changes of one thing within `PAUSE_S` are told as one.
    """
    yield b": changes follow\n\n"
    version = since_version
    with engine.subscribe([workflow_id]) as news:
        while True:
            news.take()
            run, nodes = await engine.workflow_state(workflow_id, since_version=version)
            if run.version > version:
                version = run.version
                told = [event("node", node_row(node)) for node in nodes]
                yield b"".join([*told, event("run", run_row(run), str(version))])
            if run.is_finished:
                yield event("end", run_end(run), f"{version}{ENDED}")
                return
            await news.wait()
            await anyio.sleep(PAUSE_S)


async def _paced(engine: Engine, workflow_id: str, query: WorkflowLogQuery) -> AsyncGenerator[WorkflowLogPart]:
    """The lines as they come, at most a part every `PAUSE_S` once the reader has caught up."""
    async with aclosing(engine.follow_workflow_log(workflow_id, query)) as parts:
        async for part in parts:
            began = anyio.current_time()
            yield part
            if len(part.lines) < _FULL:
                await anyio.sleep(max(0, began + PAUSE_S - anyio.current_time()))


def _end_of(place: str) -> str:
    return f"{place or '1.0'}{ENDED}"
