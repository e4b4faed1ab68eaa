"""The engine's verbs, each a few lines; the work is done in the rooms beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.engine.admission import admit
from core.engine.answers import ArtifactSlice, EngineStatus, StoredArtifact
from core.engine.collect import path_matches
from core.engine.failures import summarise_failure
from core.engine.reading import LogDesk, LogQuery
from core.engine.uploads import take_in
from core.engine.waiting import Waiter
from core.errors import ArtifactNotFoundError, EngineClosedError, JobNotFoundError, UploadNotFoundError
from core.ids import is_job_id, is_upload_id, new_job_id
from core.lifecycle.job import JobEvent
from core.records.job import CancelRequest
from core.spec.load import parse_job
from core.store.listing import JobFilter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from core.engine.bus import Subscription
    from core.engine.failures import FailureSummary
    from core.engine.gate import Gate
    from core.engine.parts import Parts
    from core.engine.reading import LogPage
    from core.engine.scheduler import Scheduler
    from core.engine.waiting import Until, WaitResult
    from core.engine.worker import Worker
    from core.records.artifact import Artifact, Upload
    from core.records.job import Attempt, Job, QueuePlace, StatusChange
    from core.records.log import LogCursor, LogLine
    from core.records.page import Page
    from core.settings import EngineSettings
    from core.spec.job import JobSpec
    from core.store.changes import Submitted

_ANY = JobFilter()
_WHOLE = LogQuery()


class Engine:
    """Runs container jobs: accepts, queues, runs and records them, and lets callers see and steer.

    Made by `core.open_engine`. All verbs may be called at the same time from one event loop; cancelling a call never
    leaves half of its work behind, and never cancels a job.
    """

    def __init__(self, parts: Parts, scheduler: Scheduler, worker: Worker, gate: Gate, *, version: str) -> None:
        self.settings: EngineSettings = parts.settings
        self._parts = parts
        self._scheduler = scheduler
        self._worker = worker
        self._gate = gate
        self._desk = LogDesk(parts)
        self._waiter = Waiter(parts, self._desk)
        self._version = version
        self._started_at = parts.clock.now()
        self._closed = False

    @property
    def home_id(self) -> str:
        """The home's own id; every container of this engine carries it as label ``orcaops.home``."""
        return self._parts.home_id

    # --- jobs

    def admit(self, spec: JobSpec) -> JobSpec:
        """The effective spec: what a submit would run, with every default filled in.

        Raises:
            NotAdmittedError: This engine does not allow what the spec asks for.
            UnknownSecretError: The spec names a secret this engine does not have.
        """
        return admit(spec, self.settings, self._scheduler.slots)

    async def submit_job(self, spec: JobSpec, *, by: str = "python", idempotency_key: str | None = None) -> Submitted:
        """Accept a job into the queue; it is durable when this returns.

        Args:
            spec: What to run.
            by: Who submits it, for the audit trail.
            idempotency_key: The same key with the same spec gives the first call's job, ``replayed``.

        Raises:
            NotAdmittedError: This engine does not allow what the spec asks for.
            UnknownSecretError: The spec names a secret this engine does not have.
            QueueFullError: As many jobs wait as may.
            IdempotencyConflictError: The key was used with another spec.
        """
        return await self._submit(spec, by=by, idempotency_key=idempotency_key, rerun_of=None)

    async def get_job(self, job_id: str) -> Job:
        """The job's record.

        Raises:
            JobNotFoundError: There is none.
        """
        _check_id(job_id)
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
            _check_id(job_id)
        return await self._waiter.wait(
            job_ids, until=until, timeout_s=timeout_s, pattern=pattern, since_version=since_version
        )

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
        _check_id(job_id)
        request = CancelRequest(self._parts.clock.now(), by, reason, grace_s)
        job = await self._parts.ledger.request_cancel(job_id, request)
        if job.is_finished:
            return job
        if self._scheduler.withdraw(job_id):
            return await self._parts.ledger.move(job_id, JobEvent.CANCEL, by=by, why=reason or "cancelled")
        self._worker.request_cancel(job_id)
        return job

    async def rerun_spec(self, job_id: str, changes: Mapping[str, Any] | None = None) -> JobSpec:
        """The spec a rerun would have: the job's own, with some fields replaced.

        Args:
            job_id: The job to repeat.
            changes: Fields of a job request; a way to run (command, commands, script) replaces the old way.

        Raises:
            JobNotFoundError: There is none.
            InvalidSpecError: The changed spec has faults.
        """
        old = (await self.get_job(job_id)).spec
        request = old.model_dump(exclude_defaults=True) | {"image": old.image}
        if any(way in (changes or {}) for way in ("command", "commands", "script", "entry")):
            for way in ("command", "commands", "entrypoint"):
                request.pop(way, None)
        return parse_job(request | dict(changes or {}))

    async def rerun_job(
        self,
        job_id: str,
        *,
        changes: Mapping[str, Any] | None = None,
        by: str = "python",
        idempotency_key: str | None = None,
    ) -> Submitted:
        """Submit a job again, as it was or changed; the new job names the old one.

        Raises:
            JobNotFoundError: There is none.
            InvalidSpecError: The changed spec has faults.
            OrcaOpsError: As `submit_job`.
        """
        spec = await self.rerun_spec(job_id, changes)
        return await self._submit(spec, by=by, idempotency_key=idempotency_key, rerun_of=job_id)

    async def history(self, job_id: str) -> tuple[StatusChange, ...]:
        """The job's audit trail, oldest first."""
        _check_id(job_id)
        return await self._parts.jobs.history(job_id)

    async def attempts(self, job_id: str) -> tuple[Attempt, ...]:
        """Every try at the job, oldest first."""
        _check_id(job_id)
        return await self._parts.jobs.attempts(job_id)

    # --- logs

    async def read_logs(self, job_id: str, query: LogQuery = _WHOLE) -> LogPage:
        """A part of the job's log.

        Raises:
            JobNotFoundError: There is no such job.
            InvalidArgumentError: A pattern is malformed, or the attempt does not exist.
        """
        _check_id(job_id)
        return await self._desk.read(job_id, query)

    async def wait_for_log(self, job_id: str, cursor: LogCursor, *, timeout_s: float) -> bool:
        """Wait for lines at or after ``cursor``; False when the time is up or nothing more will come."""
        _check_id(job_id)
        return await self._desk.wait(job_id, cursor, timeout_s)

    def follow_logs(self, job_id: str, cursor: LogCursor | None = None) -> AsyncIterator[tuple[LogLine, ...]]:
        """The log from ``cursor`` (or its start) on, as it grows, over all attempts; ends with the job."""
        _check_id(job_id)
        return self._desk.follow(job_id, cursor)

    async def explain_failure(self, job_id: str, *, max_bytes: int = 8192) -> FailureSummary:
        """Why a job failed: its record, the failing step, and the lines of its log that matter.

        Raises:
            JobNotFoundError: There is no such job.
        """
        job = await self.get_job(job_id)
        return await summarise_failure(self._desk, job, max_bytes)

    # --- files

    async def list_artifacts(self, job_id: str, pattern: str | None = None) -> tuple[Artifact, ...]:
        """The files kept of a job, and what was not kept and why.

        Args:
            job_id: The job.
            pattern: Only paths that match this glob.
        """
        await self.get_job(job_id)
        artifacts = await self._parts.artifacts.list(job_id)
        return tuple(item for item in artifacts if pattern is None or path_matches(item.path, pattern))

    async def open_artifact(self, job_id: str, path: str) -> StoredArtifact:
        """A kept file.

        Raises:
            JobNotFoundError: There is no such job.
            ArtifactNotFoundError: It has no kept file with this path.
        """
        await self.get_job(job_id)
        artifact = await self._parts.artifacts.find(job_id, path)
        if artifact.state != "kept":
            raise ArtifactNotFoundError(f"This artifact was not kept: {artifact.note}.")
        return StoredArtifact(artifact, self._parts.artifact_blobs(job_id).path(artifact.sha256))

    async def read_artifact(self, job_id: str, path: str, *, offset: int = 0, max_bytes: int = 16_384) -> ArtifactSlice:
        """Some bytes of a kept file.

        Raises:
            JobNotFoundError: There is no such job.
            ArtifactNotFoundError: It has no kept file with this path.
        """
        artifact = (await self.open_artifact(job_id, path)).artifact
        data = await self._parts.artifact_blobs(job_id).read(artifact.sha256, offset, max_bytes)
        end = offset + len(data)
        return ArtifactSlice(artifact, data, end if end < artifact.size else None)

    async def upload_files(self, files: Mapping[str, bytes], *, executable: Collection[str] = ()) -> Upload:
        """Keep files for jobs to come; a job names them by the files of the upload.

        Args:
            files: Bytes by relative path.
            executable: Those of the paths that may be executed.

        Raises:
            InvalidArgumentError: No file, a bad path, too many files or too many bytes; nothing was kept.
        """
        return await take_in(self._parts, files, executable)

    async def get_upload(self, upload_id: str) -> Upload:
        """An upload's files.

        Raises:
            UploadNotFoundError: There is none.
        """
        if not is_upload_id(upload_id):
            raise UploadNotFoundError
        return await self._parts.uploads.get(upload_id)

    # --- the engine itself

    async def status(self) -> EngineStatus:
        """How the engine is, asking the container engine now."""
        return EngineStatus(
            version=self._version,
            home=self.settings.home,
            backend=await self._parts.backend.probe(),
            counts=await self._parts.jobs.counts(),
            queued=len(self._scheduler.line),
            slots=self._scheduler.slots.use(),
            blocked=self._scheduler.blocked_by,
            started_at=self._started_at,
        )

    def subscribe(self, job_ids: Collection[str] | None = None) -> Subscription:
        """News of some jobs, or of all, for use in a ``with`` block; a slow reader gets the latest only."""
        return self._parts.bus.subscribe(job_ids)

    def close(self) -> None:
        """Accept nothing more; called when the engine shuts down."""
        self._closed = True

    async def _submit(self, spec: JobSpec, *, by: str, idempotency_key: str | None, rerun_of: str | None) -> Submitted:
        if self._closed:
            raise EngineClosedError
        admitted = self.admit(spec)
        submitted = await self._parts.ledger.submit(
            new_job_id(),
            admitted,
            by=by,
            idempotency_key=idempotency_key,
            request_digest=spec.digest() if idempotency_key is not None else "",
            rerun_of=rerun_of,
            max_queued=self.settings.queue.max_queued,
        )
        if not submitted.replayed:
            self._scheduler.enqueue(submitted.job)
        return submitted


def _check_id(job_id: str) -> None:
    if not is_job_id(job_id):
        raise JobNotFoundError("There is no job with this id: it is not a job id.")
