"""What a tool says of a job: the outcome, its last lines when wanted, and the call that comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core import LogQuery
from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.untrusted import fenced
from orcaops_mcp.mcp_server.waiting import reporting
from orcaops_mcp.views.job import job_outcome, job_view

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import Engine, Job, JobSpec, Submitted
    from orcaops_mcp.mcp_server.state import AppContext

LAST_LINES: Final = 30
LAST_BYTES: Final = 4096
FILES_SHOWN: Final = 20


async def outcome(engine: Engine, job: Job, *, with_log: bool = False) -> dict[str, Any]:
    """What somebody who waits for the job wants to know.

    Args:
        engine: The engine.
        job: Its record.
        with_log: Whether the last lines of its log are wanted.
    """
    artifacts = await engine.list_artifacts(job.job_id) if job.is_finished and job.spec.keeps_files else ()
    content = job_outcome(
        job, place=engine.queue_place(job.job_id), progress=engine.progress(job.job_id), artifacts=artifacts
    )
    if with_log and job.attempt is not None:
        content["log_tail"] = await last_lines(engine, job)
    return content | {"next": next_call(job)}


async def accepted(ctx: AppContext, submitted: Submitted, wait_s: float) -> CallToolResult:
    """The answer to a submit: at once, or with the outcome if the job ends within the wait."""
    engine = ctx.request_context.lifespan_context.engine
    job = submitted.job
    if wait_s and not job.is_finished:
        job = await reporting(ctx, [job.job_id], wait_s, lambda: engine.wait_for_job(job.job_id, timeout_s=wait_s))
    content = await outcome(engine, job, with_log=wait_s > 0)
    return facts(content | {"replayed": True if submitted.replayed else None})


async def whole_record(engine: Engine, job: Job) -> dict[str, Any]:
    """The whole record of a job; of very many input files the first."""
    record = job_view(
        job,
        place=engine.queue_place(job.job_id),
        progress=engine.progress(job.job_id),
        artifacts=await engine.list_artifacts(job.job_id),
    )
    return record | {"spec": shown_spec(job.spec)}


def shown_spec(spec: JobSpec) -> dict[str, Any]:
    """A spec for a model to read: a workspace's thousands of files are counted, not listed."""
    document = spec.model_copy(update={"files": spec.files[:FILES_SHOWN]}).model_dump(mode="json")
    left = len(spec.files) - FILES_SHOWN
    return document | {"files_left_out": left} if left > 0 else document


async def last_lines(engine: Engine, job: Job) -> str | None:
    """The end of the job's log, cleaned and fenced; None when it printed nothing."""
    page = await engine.read_logs(job.job_id, LogQuery(tail=LAST_LINES))
    return fenced(page.lines, max_bytes=LAST_BYTES).text if page.lines else None


def next_call(job: Job) -> str | None:
    """The tool call that most likely helps now."""
    if not job.is_finished:
        return f'orcaops_wait(ids=["{job.job_id}"])'
    if job.status == "success":
        return f'orcaops_list_artifacts(id="{job.job_id}")' if job.spec.artifacts else None
    if job.status == "cancelled" or job.attempt is None:
        return None
    return f'orcaops_get_failure_summary(id="{job.job_id}")'
