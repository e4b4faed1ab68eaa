"""Waits that tell the caller how it goes. Ending a wait never ends a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from core import LogQuery, OrcaOpsError, counts_document, is_workflow_id
from orcaops_mcp.mcp_server.untrusted import one_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core import Engine
    from orcaops_mcp.mcp_server.state import AppContext

Result = TypeVar("Result")
REPORT_EVERY_S: Final = 1.0


async def reporting(
    ctx: AppContext, job_ids: Sequence[str], total_s: float, wait: Callable[[], Awaitable[Result]]
) -> Result:
    """Await ``wait`` and meanwhile tell how the first job or run gets on, once a second.

    Of a job that is the last line of its log, of a run how many nodes stand where.

    Args:
        ctx: The request; nothing is sent if its caller gave no progress token.
        job_ids: The jobs and runs waited for.
        total_s: How long the wait may take.
        wait: What is awaited.

    Raises:
        OrcaOpsError: What ``wait`` raised.
    """
    results: list[Result] = []
    errors: list[OrcaOpsError] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_report, ctx, job_ids, total_s)
        try:
            results.append(await wait())
        except OrcaOpsError as error:
            errors.append(error)
        tasks.cancel_scope.cancel()
    if errors:
        raise errors[0]
    return results[0]


async def _report(ctx: AppContext, job_ids: Sequence[str], total_s: float) -> None:
    engine = ctx.request_context.lifespan_context.engine
    began = anyio.current_time()
    while True:
        await anyio.sleep(REPORT_EVERY_S)
        message = await _news(engine, job_ids)
        await ctx.report_progress(round(anyio.current_time() - began, 1), total_s, message)


async def _news(engine: Engine, job_ids: Sequence[str]) -> str:
    try:
        if is_workflow_id(job_ids[0]):
            return counts_document((await engine.get_workflow(job_ids[0])).counts)["text"] or "waiting"
        page = await engine.read_logs(job_ids[0], LogQuery(tail=1))
    except OrcaOpsError:
        return "waiting"
    if page.lines:
        return one_line(page.lines[-1].text)
    return engine.progress(job_ids[0]) or "waiting"
