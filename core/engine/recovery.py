"""After a start: jobs that an earlier engine left are taken up, its leftovers removed.

The store says which jobs are under way, the container engine which containers are ours. A running job goes on with
its container, whatever that did meanwhile; a settled one whose container still stands is cleaned up; a container that
belongs to no job or run we know is an orphan and is removed once it is old. Since the row of an attempt is written
before its container is made, one that the rows do not ask for is not in the making.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from core.backends.base import LABEL_ATTEMPT, LABEL_JOB, LABEL_WORKFLOW
from core.backends.services import LABEL_SERVICE
from core.engine.scheduler import needs_of
from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    JobNotFoundError,
    OrcaOpsError,
    WorkflowNotFoundError,
)
from core.lifecycle.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from anyio.abc import TaskGroup

    from core.engine.gate import Gate
    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.worker import Worker

_log = logging.getLogger(__name__)

_ORPHAN_AGE: Final = timedelta(seconds=60)
_SWEEP_EVERY_S: Final = 300.0


class Recovery:
    """Takes up what an earlier engine left.

    Args:
        parts: The engine's parts.
        scheduler: Gets the queued jobs and lends the slots of running ones.
        worker: Runs on what was running.
        gate: Tells when the container engine answers.
    """

    def __init__(self, parts: Parts, scheduler: Scheduler, worker: Worker, gate: Gate) -> None:
        self._parts = parts
        self._scheduler = scheduler
        self._worker = worker
        self._gate = gate

    async def run(self, tasks: TaskGroup) -> None:
        """Take up every job of the store; the jobs then go on in ``tasks``."""
        for entry in await self._parts.jobs.queued():
            self._scheduler.enqueue_stored(entry)
        for job in await self._parts.jobs.live():
            if job.status is JobStatus.RUNNING:
                _log.info("taking up %s (attempt %d)", job.job_id, job.attempt_number)
                self._scheduler.hold(needs_of(job.spec))
                tasks.start_soon(partial(self._worker.carry_through, job, adopt=True), name=f"job {job.job_id}")
            else:
                tasks.start_soon(self._worker.clean_up, job, name=f"clean up {job.job_id}")

    async def sweep_for_ever(self) -> None:
        """Remove orphans now and then."""
        while True:
            await self._gate.wait_open()
            try:
                await self.sweep()
            except OrcaOpsError as error:
                _log.info("orphans are looked for later: %s", error)
            await self._parts.clock.sleep(_SWEEP_EVERY_S)

    async def sweep(self) -> tuple[str, ...]:
        """Remove containers and networks of this home that no job needs any more.

        Returns:
            The names of those removed.

        Raises:
            BackendUnavailableError: The container engine does not answer.
            BackendTimeoutError: The same.
        """
        removed: list[str] = []
        for container in await self._parts.backend.list_owned(self._parts.home_id):
            if await self._is_orphan(container.labels, container.created_at):
                _log.info("removing the orphan %s", container.name)
                try:
                    await self._parts.backend.remove(container.container_id)
                except (BackendUnavailableError, BackendTimeoutError):
                    raise
                except BackendError as error:
                    _log.warning("the orphan %s could not be removed: %s", container.name, error)
                else:
                    removed.append(container.name)
        return (*removed, *await self._sweep_networks())

    async def _sweep_networks(self) -> list[str]:
        removed: list[str] = []
        for network in await self._parts.backend.list_networks(self._parts.home_id):
            if await self._is_orphan(network.labels, network.created_at, stays=False):
                _log.info("removing the orphaned network %s", network.name)
                try:
                    await self._parts.backend.remove_network(network.name)
                except (BackendUnavailableError, BackendTimeoutError):
                    raise
                except BackendError as error:
                    _log.warning("the orphaned network %s could not be removed: %s", network.name, error)
                else:
                    removed.append(network.name)
        return removed

    async def _is_orphan(self, labels: Mapping[str, str], created_at: datetime | None, *, stays: bool = True) -> bool:
        """Whether no job needs it; a job's own container may stay for its end, what stood beside it may not."""
        if LABEL_JOB not in labels and LABEL_WORKFLOW in labels:
            return await self._is_orphan_of_run(labels, created_at)
        try:
            job = await self._parts.jobs.get(labels.get(LABEL_JOB, ""))
        except JobNotFoundError:
            return created_at is not None and self._parts.clock.now() - created_at >= _ORPHAN_AGE
        if labels.get(LABEL_ATTEMPT) != str(job.attempt_number):
            return True
        return job.status is not JobStatus.RUNNING and not (
            stays and LABEL_SERVICE not in labels and job.keeps_container
        )

    async def _is_orphan_of_run(self, labels: Mapping[str, str], created_at: datetime | None) -> bool:
        """Whether no attempt at a run shares it among its jobs any more."""
        try:
            run = await self._parts.workflows.get(labels[LABEL_WORKFLOW])
        except WorkflowNotFoundError:
            return created_at is not None and self._parts.clock.now() - created_at >= _ORPHAN_AGE
        return run.is_finished or labels.get(LABEL_ATTEMPT) != str(run.attempt)
