"""The engine's verbs, called in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import Engine, JobFilter, LogPlace, OrcaOpsError, Sought, failure_document, parse_job
from orcaops_mcp.views.artifact import artifact_view
from orcaops_mcp.views.job import job_line, job_view
from orcaops_mcp.views.problem import problem_view

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from tests.doors.scenario import Line, Request


class PythonDoor:
    """`core.Engine` itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def submit(self, request: Request) -> str:
        return (await self._engine.submit_job(parse_job(request))).job.job_id

    async def follow(self, job_id: str) -> Sequence[Line]:
        return [
            (line.number, line.stream, line.step, line.text)
            async for lines in self._engine.follow_logs(job_id)
            for line in lines
        ]

    async def count(self, job_id: str, expression: str) -> int:
        return (await self._engine.search_log(LogPlace(job_id), Sought(expression, is_expression=True))).total

    async def wait(self, job_id: str) -> Request:
        job = await self._engine.wait_for_job(job_id)
        return job_view(job, artifacts=await self._engine.list_artifacts(job_id))

    async def artifacts(self, job_id: str) -> Sequence[Request]:
        return [artifact_view(artifact) for artifact in await self._engine.list_artifacts(job_id)]

    async def fetch(self, job_id: str, path: str) -> bytes:
        return (await self._engine.read_artifact(job_id, path)).data

    async def cancel(self, job_id: str, reason: str) -> None:
        await self._engine.cancel_job(job_id, reason=reason)

    async def rerun(self, job_id: str, changes: Request) -> str:
        return (await self._engine.rerun_job(job_id, changes=changes)).job.job_id

    async def listed(self, tag: str) -> Sequence[Request]:
        return [job_line(job) for job in (await self._engine.list_jobs(JobFilter(tag=tag))).items]

    async def failure(self, job_id: str) -> Request:
        summary = await self._engine.explain_failure(job_id)
        job = summary.job
        return {"status": job.status.value, "exit_code": job.exit_code, "failure": failure_document(job.failure)}

    async def error_of_submit(self, request: Request) -> Request:
        return await _refusal(self.submit(request))

    async def error_of_look(self, job_id: str) -> Request:
        return await _refusal(self._engine.get_job(job_id))


async def _refusal(call: Awaitable[Any]) -> Request:
    try:
        await call
    except OrcaOpsError as error:
        return problem_view(error)
    raise AssertionError("nothing was refused")
