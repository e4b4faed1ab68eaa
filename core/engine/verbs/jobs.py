"""Submit, see, wait for, cancel and repeat jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.engine.remarks import remarks_on
from core.engine.verbs.base import Verbs, check_id
from core.engine.waiting import WaitResult
from core.ids import new_job_id
from core.records.job import CancelRequest
from core.spec.load import parse_job
from core.spec.runtimes import RUNTIMES, Runtime
from core.store.listing import JobFilter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from core.engine.waiting import Until
    from core.records.job import Attempt, Job, QueuePlace, StatusChange
    from core.records.page import Page
    from core.records.template import TemplateUse
    from core.spec.job import JobSpec
    from core.store.changes import Submitted

_ANY = JobFilter()


class JobVerbs(Verbs):
    """Verbs about jobs."""

    @property
    def runtimes(self) -> Mapping[str, Runtime]:
        """The runtimes that a request may name: the usual ones and the operator's."""
        own = {name: Runtime(found.image, found.program) for name, found in self.settings.runtimes.items()}
        return {**RUNTIMES, **own}

    async def admit(self, spec: JobSpec, *, folder: Path | None = None, by: str = "python") -> JobSpec:
        """The effective spec: what a submit would run, with every default filled in.

        Args:
            spec: What was asked.
            folder: The caller's own, below which mounts are allowed beside the operator's folders.
            by: Who asks; the policy may allow one more than another.

        Raises:
            PolicyDeniedError: The operator's policy does not allow what the spec asks for.
            NotAdmittedError: This engine does not allow what the spec asks for.
            UnknownSecretError: The spec names a secret this engine does not have.
        """
        return await self._admission.admit(spec, folder=folder, by=by)

    def remarks_on(self, spec: JobSpec) -> tuple[str, ...]:
        """What a job would be told to look out for if it were submitted, such as a secret among its variables.

        Args:
            spec: The effective one, as `admit` gives it.
        """
        return remarks_on(spec, self.settings)

    async def submit_job(
        self,
        spec: JobSpec,
        *,
        by: str = "python",
        idempotency_key: str | None = None,
        folder: Path | None = None,
        template: TemplateUse | None = None,
    ) -> Submitted:
        """Accept a job into the queue; it is durable when this returns.

        Args:
            spec: What to run.
            by: Who submits it, for the audit trail.
            idempotency_key: The same key with the same spec gives the first call's job, ``replayed``.
            folder: The caller's own, below which mounts are allowed beside the operator's folders.
            template: What the spec was filled from, for the record.

        Raises:
            PolicyDeniedError: The operator's policy does not allow what the spec asks for.
            NotAdmittedError: This engine does not allow what the spec asks for.
            UnknownSecretError: The spec names a secret this engine does not have.
            QueueFullError: As many jobs wait as may.
            IdempotencyConflictError: The key was used with another spec.
        """
        return await self._submit(
            spec, by=by, idempotency_key=idempotency_key, rerun_of=None, folder=folder, template=template
        )

    async def get_job(self, job_id: str) -> Job:
        """The job's record.

        Raises:
            JobNotFoundError: There is none.
        """
        check_id(job_id)
        return await self._parts.jobs.get(job_id)

    async def list_jobs(self, which: JobFilter = _ANY, *, limit: int = 20, cursor: str | None = None) -> Page[Job]:
        """A page of jobs, newest first.

        Raises:
            InvalidArgumentError: The limit is not from 1 to 200, or the cursor is not one.
        """
        return await self._parts.jobs.list(which, limit=limit, cursor=cursor)

    async def find_job_ids(self, prefix: str, limit: int = 20) -> tuple[str, ...]:
        """Ids that begin with ``prefix``, newest first."""
        return await self._parts.jobs.ids_starting_with(prefix, limit)

    def queue_place(self, job_id: str) -> QueuePlace | None:
        """Where a queued job stands and why it waits; None when it does not wait."""
        return self._scheduler.place(job_id)

    def progress(self, job_id: str) -> str | None:
        """What the job does right now, in a few words; None when there is nothing to say."""
        run = self._worker.running.get(job_id)
        return run.progress if run else None

    async def wait_for_job(self, job_id: str, *, timeout_s: float | None = None) -> Job:
        """The job once it has finished, or as it is when the time is up.

        Raises:
            JobNotFoundError: There is none.
        """
        return (await self.wait([job_id], timeout_s=timeout_s)).jobs[0]

    async def wait(
        self,
        job_ids: Sequence[str],
        *,
        until: Until = "all_done",
        timeout_s: float | None = None,
        pattern: str | None = None,
        since_version: int | None = None,
    ) -> WaitResult:
        """Wait for something to become true of some jobs. Cancelling the wait changes nothing about them.

        Args:
            job_ids: The jobs.
            until: ``all_done``, ``any_done``, ``first_failure``, ``running`` (none waits any more) or ``log_match``.
            timeout_s: At most so long; None for as long as it takes.
            pattern: For ``log_match``: an RE2 expression.
            since_version: Also met when a job's version is greater.

        Raises:
            JobNotFoundError: One of the jobs does not exist.
            InvalidArgumentError: The pattern is missing or malformed.
        """
        for job_id in job_ids:
            check_id(job_id)
        ended = await self._waiter.wait(
            job_ids, until=until, timeout_s=timeout_s, pattern=pattern, since_version=since_version
        )
        return WaitResult(ended.jobs, ended.met, ended.match, ended.match_id)

    async def cancel_job(
        self, job_id: str, *, by: str = "python", reason: str = "", grace_s: float | None = None
    ) -> Job:
        """Ask for a job to stop; returns at once.

        A queued job is cancelled when this returns. A running one is sent SIGTERM, then SIGKILL after the grace, and is
        ``cancelled`` once its container has ended. A finished job comes back unchanged.

        Args:
            job_id: The job.
            by: Who asks.
            reason: Why, for the record.
            grace_s: From SIGTERM to SIGKILL; None takes the job's own.

        Raises:
            JobNotFoundError: There is none.
        """
        check_id(job_id)
        request = CancelRequest(self._parts.clock.now(), by, reason, grace_s)
        return await self._cancel(job_id, request)

    async def rerun_spec(
        self, job_id: str, changes: Mapping[str, Any] | None = None, *, folder: Path | None = None
    ) -> JobSpec:
        """The spec a rerun would have: the job's own, with some fields replaced.

        Args:
            job_id: The job to repeat.
            changes: Fields of a job request; a way to run (command, commands, script) replaces the old way.
            folder: Where mounts among the changes are taken from.

        Raises:
            JobNotFoundError: There is none.
            InvalidSpecError: The changed spec has faults.
        """
        old = (await self.get_job(job_id)).spec
        request = _asked(old)
        if any(way in (changes or {}) for way in ("command", "commands", "script", "entry")):
            for way in ("command", "commands", "entrypoint"):
                request.pop(way, None)
        return parse_job(
            request | dict(changes or {}), runtimes=self.runtimes, folder=folder, context=old.context, node=old.node
        )

    async def rerun_job(
        self,
        job_id: str,
        *,
        changes: Mapping[str, Any] | None = None,
        by: str = "python",
        idempotency_key: str | None = None,
        folder: Path | None = None,
    ) -> Submitted:
        """Submit a job again, as it was or changed; the new job names the old one.

        Args:
            job_id: The job to repeat.
            changes: As in `rerun_spec`.
            by: Who asks.
            idempotency_key: As in `submit_job`.
            folder: The caller's own: what the job mounts has to be allowed to this caller too.

        Raises:
            JobNotFoundError: There is none.
            InvalidSpecError: The changed spec has faults.
            OrcaOpsError: As `submit_job`.
        """
        spec = await self.rerun_spec(job_id, changes, folder=folder)
        return await self._submit(spec, by=by, idempotency_key=idempotency_key, rerun_of=job_id, folder=folder)

    async def history(self, job_id: str) -> tuple[StatusChange, ...]:
        """The job's audit trail, oldest first."""
        check_id(job_id)
        return await self._parts.jobs.history(job_id)

    async def attempts(self, job_id: str) -> tuple[Attempt, ...]:
        """Every try at the job, oldest first."""
        check_id(job_id)
        return await self._parts.jobs.attempts(job_id)

    async def _submit(
        self,
        spec: JobSpec,
        *,
        by: str,
        idempotency_key: str | None,
        rerun_of: str | None,
        folder: Path | None,
        template: TemplateUse | None = None,
    ) -> Submitted:
        self._insist_on_open()
        admitted = await self.admit(spec, folder=folder, by=by)
        submitted = await self._parts.ledger.submit(
            new_job_id(),
            admitted,
            by=by,
            idempotency_key=idempotency_key,
            request_digest=spec.digest() if idempotency_key is not None else "",
            rerun_of=rerun_of,
            template=template,
            warnings=self.remarks_on(admitted),
            max_queued=self.settings.queue.max_queued,
        )
        if not submitted.replayed:
            self._scheduler.enqueue(submitted.job)
        return submitted


def _asked(spec: JobSpec) -> dict[str, Any]:
    """What was asked for a job, without what only the engine sets and what its profile filled in."""
    request = spec.model_dump(exclude_defaults=True, exclude=set(spec.ENGINES_OWN)) | {"image": spec.image}
    for name in spec.sandbox.filled if spec.sandbox is not None else ():
        if name == "tmpfs":
            request[name] = request[name][:-1]
        else:
            request.pop(name, None)
    return request
