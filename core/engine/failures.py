"""Why a job failed, found in its record and its log, with no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from core.engine.reading import LogQuery
from core.logs.diagnose import CauseSearch, Diagnosis

if TYPE_CHECKING:
    from core.engine.reading import LogDesk
    from core.records.job import Job, StepResult
    from core.records.log import LogLine
    from core.records.service import ServiceResult


SERVICE_LINES: Final = 50
"""As much of the end of a sick service's log is told."""

_searches: Final = anyio.CapacityLimiter(2)


@dataclass(frozen=True, slots=True)
class SickService:
    """A service that failed, or ended while its job ran.

    Attributes:
        result: What became of it.
        last_lines: How its log ends.
    """

    result: ServiceResult
    last_lines: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class FailureSummary:
    """What a developer wants to know first.

    Attributes:
        job: The record.
        step: The step that failed, if one did.
        diagnosis: What the log says; its excerpts hold the lines that matter.
        last_lines: How the log ends.
        sick_services: Services that failed or ended too early, each with the end of its log.
    """

    job: Job
    step: StepResult | None
    diagnosis: Diagnosis
    last_lines: tuple[LogLine, ...]
    sick_services: tuple[SickService, ...] = ()


async def summarise_failure(desk: LogDesk, job: Job, max_bytes: int) -> FailureSummary:
    """Read the log of the last attempt, part by part however long it is, and find what broke it.

    Args:
        desk: Reads logs.
        job: The record; a job that did not fail is summed up all the same.
        max_bytes: Budget of the excerpts.
    """
    failure = job.failure
    steps = job.attempt.steps if job.attempt else ()
    index = failure.step if failure else None
    step = steps[index] if index is not None and index < len(steps) else None
    sick = await _sick_services(desk, job)
    search = CauseSearch()
    async for lines in desk.parts(job):
        await anyio.to_thread.run_sync(search.read, lines, limiter=_searches)
    if not search.has_lines and sick:  # the job never started: its service's words are the evidence
        search.read(sick[0].last_lines)
    diagnosis = await anyio.to_thread.run_sync(
        lambda: search.finish(exit_code=job.exit_code, max_bytes=max_bytes), limiter=_searches
    )
    tail = await desk.read(job.job_id, LogQuery(tail=20))
    return FailureSummary(job, step, diagnosis, tail.lines, sick)


async def _sick_services(desk: LogDesk, job: Job) -> tuple[SickService, ...]:
    results = job.attempt.services if job.attempt else ()
    sick = [result for result in results if result.status == "failed" or result.has_died]
    pages = [await desk.read(job.job_id, LogQuery(tail=SERVICE_LINES, service=one.service_id)) for one in sick]
    return tuple(SickService(one, page.lines) for one, page in zip(sick, pages, strict=True))
