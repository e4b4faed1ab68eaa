"""Waiting for jobs without asking again and again: the bus says when to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import anyio

from core.errors import InvalidArgumentError
from core.lifecycle.job import JobStatus
from core.logs.search import LogPattern
from core.records.event import JobChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.parts import Parts
    from core.engine.reading import LogDesk
    from core.records.job import Job
    from core.records.log import LogLine

Until = Literal["any_done", "all_done", "first_failure", "running", "log_match"]
"""What a wait is for. Each also ends once every job has ended, since nothing more can come then."""


@dataclass(frozen=True, slots=True)
class WaitResult:
    """How a wait ended.

    Attributes:
        jobs: The jobs as they are now, in the order asked for.
        met: Whether what was waited for came true.
        match: The line that matched, for ``log_match``.
        match_job_id: Whose line it is.
    """

    jobs: tuple[Job, ...]
    met: bool
    match: LogLine | None = None
    match_job_id: str | None = None


class Waiter:
    """Waits for jobs on behalf of callers. Cancelling a wait changes nothing about the jobs.

    Args:
        parts: The engine's parts.
        desk: Reads logs.
    """

    def __init__(self, parts: Parts, desk: LogDesk) -> None:
        self._parts = parts
        self._desk = desk

    async def wait(
        self,
        job_ids: Sequence[str],
        *,
        until: Until,
        timeout_s: float | None,
        pattern: str | None = None,
        since_version: int | None = None,
    ) -> WaitResult:
        """Wait for something to become true of some jobs.

        Args:
            job_ids: Existing jobs.
            until: What is waited for.
            timeout_s: At most so long; None for as long as it takes.
            pattern: For ``log_match``: an RE2 expression that a line has to contain.
            since_version: With one job: also met when its version is greater.

        Raises:
            JobNotFoundError: One of the jobs does not exist.
            InvalidArgumentError: The pattern is missing or malformed.
        """
        if until == "log_match" and not pattern:
            raise InvalidArgumentError("pattern: needed with until=log_match", hint="Give the text to look for.")
        matcher = LogPattern.compile(pattern) if pattern else None
        with self._parts.bus.subscribe(job_ids) as news:
            jobs = {job_id: await self._parts.jobs.get(job_id) for job_id in job_ids}
            found: list[tuple[str, LogLine]] = []
            with anyio.move_on_after(timeout_s):
                if matcher is not None and until == "log_match":
                    await self._until_match(job_ids, matcher, found)
                else:
                    while not (_met(jobs, until, since_version) or all(job.is_finished for job in jobs.values())):
                        event = await anext(news)
                        if isinstance(event, JobChanged):
                            jobs[event.job.job_id] = event.job
        match_job_id, match = found[0] if found else (None, None)
        if until == "log_match":
            jobs = {job_id: await self._parts.jobs.get(job_id) for job_id in job_ids}
        met = match is not None or _met(jobs, until, since_version)
        return WaitResult(tuple(jobs[job_id] for job_id in job_ids), met, match, match_job_id)

    async def _until_match(self, job_ids: Sequence[str], matcher: LogPattern, found: list[tuple[str, LogLine]]) -> None:
        async with anyio.create_task_group() as tasks:

            async def look(job_id: str) -> None:
                async for part in self._desk.follow(job_id):
                    line = next((line for line in part.lines if matcher.matches(line.text.encode())), None)
                    if line is not None:
                        found.append((job_id, line))
                        tasks.cancel_scope.cancel()
                        return

            for job_id in job_ids:
                tasks.start_soon(look, job_id)


def _met(jobs: dict[str, Job], until: Until, since_version: int | None) -> bool:
    everything = jobs.values()
    if since_version is not None and any(job.version > since_version for job in everything):
        return True
    match until:
        case "any_done":
            return any(job.is_finished for job in everything)
        case "all_done":
            return all(job.is_finished for job in everything)
        case "first_failure":
            return any(job.is_finished and job.status is not JobStatus.SUCCESS for job in everything)
        case "running":
            return all(job.status is not JobStatus.QUEUED for job in everything)
        case "log_match":
            return False
