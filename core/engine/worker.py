"""Runs jobs that left the line: attempt after attempt until an outcome stands, then the clean-up."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import anyio

from core.engine.attempt import AttemptRun
from core.engine.job_services import remove_services_of
from core.engine.request import container_name
from core.engine.scheduler import needs_of
from core.engine.settle import Settlement
from core.engine.verdict import Verdict
from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    NotFoundError,
    OrcaOpsError,
)
from core.lifecycle.job import JobEvent, JobPhase
from core.records.job import Attempt, Failure, FailureKind, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.notebook import Notebook
    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.slots import Waiting
    from core.records.job import Job
    from core.store.rows import AttemptFields

_log = logging.getLogger(__name__)

_LONGEST_RETRY_S: Final = 3600.0
_AWAY_PAUSE_S: Final = 0.5
"""Before another try at a job for which the container engine did not answer, although it may do so for others."""

_NOT_RETRIED: Final = frozenset(
    {
        FailureKind.IMAGE_NOT_FOUND,
        FailureKind.REGISTRY_AUTH,
        FailureKind.START_ERROR,
        FailureKind.POLICY,
        FailureKind.EXPRESSION,
    }
)
"""Causes that another attempt cannot mend."""


class Worker:
    """Runs jobs.

    Args:
        parts: The engine's parts.
        scheduler: Gets the slots back.
        on_unavailable: Told when the container engine does not answer.

    Attributes:
        running: The attempts under way by job.
    """

    def __init__(self, parts: Parts, scheduler: Scheduler, on_unavailable: Callable[[str], None]) -> None:
        self.running: dict[str, AttemptRun] = {}
        self._cancels: dict[str, anyio.Event] = {}
        self._parts = parts
        self._scheduler = scheduler
        self._on_unavailable = on_unavailable
        self._cleaning = 0
        self._cleaned = anyio.Event()

    async def __call__(self, entry: Waiting) -> None:
        """Run a job that was just taken from the line."""
        job_id = entry.job_id
        self._cancels[job_id] = anyio.Event()
        try:
            job = await self._parts.until_stored(lambda: self._begin(job_id))
        except OrcaOpsError as error:
            _log.warning("%s was not started: %s", job_id, error)
            self._cancels.pop(job_id, None)
            self._scheduler.release(entry.needs)
            return
        await self.carry_through(job, adopt=False)

    def request_cancel(self, job_id: str) -> None:
        """Have a job stopped that has left the line; its request is in the store."""
        if (run := self.running.get(job_id)) is not None:
            run.stop()
        elif (event := self._cancels.get(job_id)) is not None:
            event.set()

    async def carry_through(self, job: Job, *, adopt: bool) -> None:
        """See the present attempt of a running job through, settle its outcome, free its slots, clean up.

        Args:
            job: In status running; its slots are held.
            adopt: Whether an earlier engine may have begun this attempt.
        """
        if job.job_id not in self._cancels:
            self._cancels[job.job_id] = anyio.Event()
        run = AttemptRun(self._parts, job, self._cancels[job.job_id])
        if job.cancel is not None or run.cancel.is_set():
            run.stop()
        self.running[job.job_id] = run
        try:
            settlement = await self._attempt(run, adopt=adopt)
            job = await self._parts.until_stored(lambda: self._conclude(run, settlement))
        finally:
            self.running.pop(job.job_id, None)
            self._cancels.pop(job.job_id, None)
            self._scheduler.release(needs_of(job.spec))
        if job.is_finished:
            await self.clean_up(job)
        else:
            self._cleaning += 1
            try:
                await self._discard(run.job)
            finally:
                self._has_cleaned()

    async def until_clean(self) -> None:
        """Return once no ended attempt's container is being removed, and that is written down."""
        while self._cleaning:
            self._cleaned = anyio.Event()
            await self._cleaned.wait()

    async def clean_up(self, job: Job) -> None:
        """Remove the container of a settled attempt, unless the job's policy keeps it."""
        attempt = job.attempt
        if attempt is None or attempt.phase is JobPhase.DONE:
            return
        self._cleaning += 1
        try:
            if not await (self._discard_services(job) if job.keeps_container else self._discard(job)):
                return
            change = self._parts.ledger.change
            await self._parts.until_stored(lambda: change(job.job_id, attempt={"phase": JobPhase.DONE}))
        except NotFoundError:  # deleted meanwhile
            return
        finally:
            self._has_cleaned()

    async def _discard(self, job: Job) -> bool:
        """Remove an attempt's containers and network; False if that was refused, so that it is left to the sweep."""
        try:
            await self._parts.insist(lambda: self._parts.backend.remove(_container(job)))
            await remove_services_of(self._parts, job)
        except BackendError as error:
            _log.warning("the container %s is removed later: %s", _name(job), error)
            return False
        return True

    async def _discard_services(self, job: Job) -> bool:
        """Remove what stood beside a container that is kept; False if the container engine refused."""
        try:
            await remove_services_of(self._parts, job)
        except BackendError as error:
            _log.warning("the services of %s are removed later: %s", job.job_id, error)
            return False
        return True

    def _has_cleaned(self) -> None:
        """One container less for which `until_clean` waits."""
        self._cleaning -= 1
        if not self._cleaning:
            self._cleaned.set()

    # --- one attempt

    async def _attempt(self, run: AttemptRun, *, adopt: bool) -> Settlement | None:
        """The settlement, or None when nothing could be started for want of a container engine."""
        try:
            return await run.run(adopt=adopt)
        except (BackendUnavailableError, BackendTimeoutError) as error:
            self._on_unavailable(error.message)
            return None
        except Exception:  # noqa: BLE001 -- the edge of a job: whatever went wrong ends this job, not the engine
            reference = secrets.token_hex(4)
            _log.exception("%s failed inside OrcaOps (%s)", run.job.job_id, reference)
            message = f"OrcaOps itself failed; the engine's log has the details under {reference}."
            return Settlement(
                Verdict(JobEvent.FAIL, Failure(FailureKind.INTERNAL, message, retryable=True), "internal")
            )

    async def _begin(self, job_id: str) -> Job:
        """Move a job from the line into its next attempt."""
        attempt = self._next_attempt(await self._parts.jobs.get(job_id))
        return await self._parts.ledger.move(job_id, JobEvent.START, by="engine", new_attempt=attempt)

    def _next_attempt(self, job: Job) -> Attempt:
        number = job.attempt_number + 1
        return Attempt(
            number=number,
            phase=JobPhase.PULLING,
            container_name=container_name(self._parts.home_id, job.job_id, number),
            token=_fresh_token(),
            steps=tuple(StepResult(index, step.title) for index, step in enumerate(job.spec.commands)),
        )

    # --- its outcome

    async def _conclude(self, run: AttemptRun, settlement: Settlement | None) -> Job:
        job = run.job
        if not run.has_ended_log:
            await self._parts.logs.finish(job.job_id, job.attempt_number)
        if settlement is None:
            return await self._wait_for_engine(run.notebook)
        if settlement.artifacts:
            await self._parts.artifacts.replace(job.job_id, job.attempt_number, settlement.artifacts)
        delay = await self._retry_delay(job, settlement)
        if delay is not None:
            return await self._retry(run.notebook, settlement, delay)
        verdict = settlement.verdict
        return await self._parts.ledger.move(
            job.job_id,
            verdict.event,
            by=job.cancel.by if job.cancel and verdict.event is JobEvent.CANCEL else "engine",
            why=verdict.why,
            job={
                **run.notebook.job_fields,
                "failure": verdict.failure,
                "exit_code": settlement.exit_code,
                "outputs": settlement.outputs,
                "warnings": (*job.warnings, *verdict.warnings, *settlement.warnings),
            },
            attempt={**run.notebook.attempt_fields, "phase": JobPhase.REMOVING, **_attempt_fields(settlement)},
        )

    async def _retry_delay(self, job: Job, settlement: Settlement) -> float | None:
        """Seconds until the next attempt, or None when there is none."""
        failure = settlement.verdict.failure
        if failure is None or failure.kind in _NOT_RETRIED or job.cancel is not None or not job.spec.retries:
            return None
        attempts = await self._parts.jobs.attempts(job.job_id)
        counted = [item for item in attempts if not _forgiven(item)]
        if len(counted) > job.spec.retries:
            return None
        return min(job.spec.retry_delay_s * 2 ** (len(counted) - 1), _LONGEST_RETRY_S)

    async def _retry(self, notebook: Notebook, settlement: Settlement, delay: float) -> Job:
        return await self._requeue(
            notebook,
            f"attempt {notebook.job.attempt_number}: {settlement.verdict.why}",
            {"failure": settlement.verdict.failure, **_attempt_fields(settlement)},
            delay,
        )

    async def _wait_for_engine(self, notebook: Notebook) -> Job:
        failure = Failure(FailureKind.ENGINE_UNAVAILABLE, "The container engine did not answer.", retryable=True)
        why = "the container engine does not answer"
        return await self._requeue(notebook, why, {"failure": failure}, _AWAY_PAUSE_S)

    async def _requeue(self, notebook: Notebook, why: str, fields: AttemptFields, delay: float) -> Job:
        job_id = notebook.job.job_id
        not_before = self._parts.clock.now() + timedelta(seconds=delay) if delay else None
        queued = await self._parts.ledger.move(
            job_id,
            JobEvent.REQUEUE,
            by="engine",
            why=why,
            job={**notebook.job_fields, "not_before": not_before},
            attempt={**notebook.attempt_fields, "phase": JobPhase.DONE, **fields},
        )
        self._scheduler.enqueue(queued)
        queued = await self._parts.jobs.get(job_id)  # again: a cancel may have come before it was in the line
        if queued.cancel is not None and self._scheduler.withdraw(job_id):
            return await self._parts.ledger.move(job_id, JobEvent.CANCEL, by=queued.cancel.by, why=queued.cancel.reason)
        return queued


def _fresh_token() -> str:
    """128 random bits in hexadecimal, which mark an attempt's own lines."""
    return secrets.token_hex(16)


def _forgiven(attempt: Attempt) -> bool:
    """Whether an attempt does not count against the retries: nothing of the job ever ran."""
    return attempt.failure is not None and attempt.failure.kind is FailureKind.ENGINE_UNAVAILABLE


def _name(job: Job) -> str:
    return job.attempt.container_name if job.attempt else ""


def _container(job: Job) -> str:
    """The attempt's container by its id, or by its name if it may never have got so far."""
    return (job.attempt.container_id if job.attempt else None) or _name(job)


def _attempt_fields(settlement: Settlement) -> AttemptFields:
    fields: AttemptFields = {
        "failure": settlement.verdict.failure,
        "exit_code": settlement.exit_code,
        "steps": settlement.steps,
        "usage": settlement.usage,
        "log": settlement.log,
        "finished_at": settlement.finished_at,
    }
    if settlement.services:
        fields["services"] = settlement.services
    if settlement.started_at is not None:
        fields["started_at"] = settlement.started_at
    return fields
