"""One answer of orcaops_stream_logs about a workflow's run: the lines of its nodes in one order, within a budget."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import anyio

from core import InvalidArgumentError, NodeNotFoundError, WorkflowLogQuery
from orcaops_mcp.mcp_server.log_reading import QUIET_S
from orcaops_mcp.mcp_server.untrusted import fenced_together, one_line
from orcaops_mcp.views.compact import compact_json, without_absent

if TYPE_CHECKING:
    from core import Engine, NodeLine, WorkflowLogPage
    from orcaops_mcp.mcp_server.places import RunPlace
    from orcaops_mcp.mcp_server.state import AppContext
    from orcaops_mcp.mcp_server.tools.logs import StreamLogs

_MAX_LINES: Final = 2000
_LONG_LINE: Final = 1024
"""A tail that stops so near below the budget may have left out more."""


@dataclass(frozen=True, slots=True)
class RunLogPlace:
    """Which lines of a run.

    Attributes:
        workflow_id: The run.
        nodes: Only of these nodes, or of all variants of these jobs; all if empty.
        service: Of this service instead of the jobs.
        job_id: The job of the one node that is meant, if it has run.
    """

    workflow_id: str
    nodes: tuple[str, ...] = ()
    service: str | None = None
    job_id: str | None = None


@dataclass(slots=True)
class _Gathered:
    """Lines on their way into the answer."""

    cursor: str
    done: bool
    at_end: bool
    lines: list[NodeLine] = field(default_factory=list["NodeLine"])
    size: int = 0


async def run_log_place(engine: Engine, place: RunPlace) -> RunLogPlace:
    """What stands behind the slash: a node, a job with its variants, a service of the run, or ``node/service``.

    Raises:
        WorkflowNotFoundError: There is no such run.
        NodeNotFoundError: It has nothing of this name.
    """
    run = await engine.get_workflow(place.workflow_id)
    part = place.part
    if not part:
        return RunLogPlace(run.workflow_id)
    nodes = await engine.workflow_nodes(run.workflow_id)
    names = {name for node in nodes for name in (node.node_id, node.job)}
    if part in names:
        job_id = next((node.job_id for node in nodes if node.node_id == part), None)
        return RunLogPlace(run.workflow_id, (part,), job_id=job_id)
    if any(service.spec.id == part for service in run.services):
        return RunLogPlace(run.workflow_id, (), part)
    above, _, service = part.rpartition("/")
    if above in names:
        return RunLogPlace(run.workflow_id, (above,), service)
    raise NodeNotFoundError(f"{run.workflow_id} has no node, job or service {one_line(part)}.")


async def run_log_text(ctx: AppContext, place: RunLogPlace, arguments: StreamLogs) -> str:
    """The answer: lines, each behind its node's id, then a line of JSON.

    Raises:
        OrcaOpsError: As `Engine.read_workflow_log`; or what was asked goes with one node only.
    """
    if arguments.step is not None or arguments.context or arguments.raw:
        hint = f'Name the node: orcaops_stream_logs(id="{place.workflow_id}/NODE", …).'
        raise InvalidArgumentError("step, context and raw go with the log of one node", hint=hint)
    engine = ctx.request_context.lifespan_context.engine
    query = _query(place, arguments)
    page = await engine.read_workflow_log(place.workflow_id, query)
    found = _Gathered(page.next_cursor, page.done, page.at_end, list(page.lines))
    if arguments.follow_s and not page.lines and not page.done:
        await _follow(ctx, place, replace(query, cursor=page.next_cursor, tail=None), found, arguments)
    return _rendered(place, page, found, arguments)


def _query(place: RunLogPlace, arguments: StreamLogs) -> WorkflowLogQuery:
    is_search = bool(arguments.grep) or arguments.errors_only
    return WorkflowLogQuery(
        nodes=place.nodes,
        service=place.service,
        cursor=arguments.cursor or None,
        tail=None if arguments.cursor or is_search else arguments.tail,
        pattern=arguments.grep or None,
        errors_only=arguments.errors_only,
        streams=frozenset([arguments.stream]) if arguments.stream else None,
        max_lines=_MAX_LINES,
        max_bytes=arguments.max_bytes,
    )


async def _follow(
    ctx: AppContext, place: RunLogPlace, query: WorkflowLogQuery, found: _Gathered, arguments: StreamLogs
) -> None:
    """Wait for lines and gather them until it gets quiet, the budget is full, or the time is over."""
    engine = ctx.request_context.lifespan_context.engine
    began = anyio.current_time()
    with anyio.move_on_after(arguments.follow_s) as patience:
        async with aclosing(engine.follow_workflow_log(place.workflow_id, query)) as parts:
            async for part in parts:
                for line, cursor in zip(part.lines, part.cursors, strict=True):
                    found.lines.append(line)
                    found.cursor = cursor
                    found.size += len(line.line.text.encode()) + 1
                    if found.size >= arguments.max_bytes:
                        found.at_end = False
                        return
                news = "\n".join(_named(line) for line in part.lines[-20:])
                await ctx.report_progress(round(anyio.current_time() - began, 2), arguments.follow_s, news)
                patience.deadline = min(patience.deadline, anyio.current_time() + QUIET_S)
        found.done = found.at_end = True


def _rendered(place: RunLogPlace, page: WorkflowLogPage, found: _Gathered, arguments: StreamLogs) -> str:
    more = not found.at_end
    follow = "" if more else ", follow_s=25"
    call = f"orcaops_stream_logs(id={arguments.id!r}, cursor={found.cursor!r}{follow})"
    footer: dict[str, Any] = {
        "attempt": page.attempt,
        "lines": len(found.lines),
        "filtered": True if arguments.grep or arguments.errors_only or arguments.stream else None,
        "next_cursor": found.cursor,
        "done": found.done,
        "more": True if more else None,
        "left_out": _left_out(place, found, arguments),
        "next": None if found.done else call,
    }
    said = compact_json(without_absent(footer))
    if not found.lines:
        return said
    own = place.service or "run"
    return f"{fenced_together([(line.node_id or own, line.line) for line in found.lines])}\n{said}"


def _left_out(place: RunLogPlace, found: _Gathered, arguments: StreamLogs) -> str | None:
    is_tail = not (arguments.cursor or arguments.grep or arguments.errors_only or arguments.follow_s)
    size = sum(len(line.line.text.encode()) + 1 for line in found.lines)
    fits = len(found.lines) < arguments.tail and size < arguments.max_bytes - _LONG_LINE
    if not is_tail or fits:
        return None
    return f'earlier lines, if any: a larger tail, or one node: orcaops_stream_logs(id="{place.workflow_id}/NODE")'


def _named(line: NodeLine) -> str:
    return f"{line.node_id} │ {one_line(line.line.text)}" if line.node_id else one_line(line.line.text)
