"""Why a job failed, found in its record and its log, with no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio.to_thread

from core.engine.reading import LogQuery
from core.logs.diagnose import Diagnosis, find_cause

if TYPE_CHECKING:
    from core.engine.reading import LogDesk
    from core.records.job import Job, StepResult
    from core.records.log import LogLine


@dataclass(frozen=True, slots=True)
class FailureSummary:
    """What a developer wants to know first.

    Attributes:
        job: The record.
        step: The step that failed, if one did.
        diagnosis: What the log says; its excerpts hold the lines that matter.
        last_lines: How the log ends.
    """

    job: Job
    step: StepResult | None
    diagnosis: Diagnosis
    last_lines: tuple[LogLine, ...]


async def summarise_failure(desk: LogDesk, job: Job, max_bytes: int) -> FailureSummary:
    """Read the log of the last attempt and find what broke it.

    Args:
        desk: Reads logs.
        job: The record; a job that did not fail is summed up all the same.
        max_bytes: Budget of the excerpts.
    """
    failure = job.failure
    steps = job.attempt.steps if job.attempt else ()
    index = failure.step if failure else None
    step = steps[index] if index is not None and index < len(steps) else None
    lines = await desk.all_lines(job)
    diagnosis = await anyio.to_thread.run_sync(lambda: find_cause(lines, exit_code=job.exit_code, max_bytes=max_bytes))
    tail = await desk.read(job.job_id, LogQuery(tail=20))
    return FailureSummary(job, step, diagnosis, tail.lines)
