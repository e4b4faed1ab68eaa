"""Stopping a job, wherever it is: in the line, on its way out of it, or running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.lifecycle.job import JobEvent

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.worker import Worker
    from core.records.job import CancelRequest, Job


@dataclass(frozen=True, slots=True)
class JobCancel:
    """Stops jobs.

    Attributes:
        parts: The engine's parts.
        scheduler: Has those that wait.
        worker: Has those that run.
    """

    parts: Parts
    scheduler: Scheduler
    worker: Worker

    async def __call__(self, job_id: str, request: CancelRequest) -> Job:
        """Ask for a job to stop; one that waited is cancelled then. A finished one stays as it is.

        Raises:
            JobNotFoundError: There is none.
        """
        job = await self.parts.ledger.request_cancel(job_id, request)
        if job.is_finished:
            return job
        if self.scheduler.withdraw(job_id):
            why = request.reason or "cancelled"
            return await self.parts.ledger.move(job_id, JobEvent.CANCEL, by=request.by, why=why)
        self.worker.request_cancel(job_id)
        return job
