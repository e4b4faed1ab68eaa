"""One try at a job, told in the order it happens.

Whatever is done here may be done again: after a crash the next engine enters at the top with ``adopt=True``, looks at
what exists and goes on from there. Each act is preceded by the row that says it is about to happen.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from core.engine.request import container_request, placements
from core.engine.settle import Settlement, settle
from core.engine.steps import steps_with_marks
from core.engine.verdict import Verdict
from core.engine.watch import Watch
from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    ContainerLostError,
    ContainerStartError,
    ImageError,
    ImageNotFoundError,
    RegistryDeniedError,
    RegistryUnreachableError,
)
from core.lifecycle.job import JobEvent, JobPhase
from core.records.job import Failure, FailureKind
from core.redaction import needles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.backends.base import ContainerState, ImageInfo
    from core.engine.parts import Parts
    from core.logs.recorder import LogRecorder
    from core.records.job import Attempt, Job

Result = TypeVar("Result")

_SETTLE_S: Final = 1.0
"""After an engine's death the container engine may still be carrying out its last start (measured: it always does)."""

_BEFORE_START: Final = frozenset({JobPhase.PULLING, JobPhase.CREATING})

_KINDS: Final[dict[type[BackendError], FailureKind]] = {
    ImageNotFoundError: FailureKind.IMAGE_NOT_FOUND,
    RegistryDeniedError: FailureKind.REGISTRY_AUTH,
    RegistryUnreachableError: FailureKind.REGISTRY_UNAVAILABLE,
    ImageError: FailureKind.IMAGE_PULL_FAILED,
    ContainerLostError: FailureKind.CONTAINER_LOST,
}


class AttemptRun:
    """Runs one attempt of one job.

    Args:
        parts: The engine's parts.
        job: The record, moved to running with this attempt in it.
        cancel: Set to have the job stopped; the request itself is in the store by then.

    Attributes:
        job: The record as last changed.
        progress: What is happening, in a few words.
    """

    def __init__(self, parts: Parts, job: Job, cancel: anyio.Event) -> None:
        self.job = job
        self.cancel = cancel
        self.progress: str | None = None
        self._parts = parts

    async def run(self, *, adopt: bool = False) -> Settlement:
        """Bring the container up, watch it, settle what became of it. The container still exists afterwards.

        Args:
            adopt: Whether an earlier engine may have begun this attempt.

        Raises:
            BackendUnavailableError: The container engine does not answer and nothing has been started.
            BackendTimeoutError: The same.
        """
        try:
            image = await self._unless_cancelled(self._pull)
            if image is None:
                return await self._cancelled_early()
            container_id = await self._bring_up(image, adopt=adopt)
            if container_id is None:
                return await self._cancelled_early()
            return await self._see_through(image, container_id)
        except (BackendUnavailableError, BackendTimeoutError):
            raise
        except BackendError as error:
            return self._failed(error)

    def report(self, text: str | None) -> None:
        """Note what is happening and tell who listens."""
        self.progress = text
        self._parts.bus.progress(self.job.job_id, text)

    # --- stages

    async def _pull(self) -> ImageInfo:
        spec = self.job.spec
        return await self._parts.backend.pull(spec.image, spec.pull, self.report)

    async def _bring_up(self, image: ImageInfo, *, adopt: bool) -> str | None:
        """The started container's id; None when the job was cancelled before it started."""
        parts, attempt = self._parts, self._attempt
        state = await parts.backend.inspect(attempt.container_name) if adopt else None
        if state is None and adopt and attempt.phase not in _BEFORE_START:
            raise ContainerLostError
        if state is not None and state.phase == "created" and state.error:
            raise ContainerStartError(state.error, exit_code=state.exit_code)
        if state is None or state.phase == "created":
            state = await self._make(image)
            if self.cancel.is_set():
                return None
            await self._start(state, adopted=adopt)
        return state.container_id

    async def _make(self, image: ImageInfo) -> ContainerState:
        parts, job = self._parts, self.job
        granted = {name: parts.settings.secrets[name].get_secret_value() for name in job.spec.secrets}
        state = await parts.backend.create(container_request(job, image, parts.home_id, granted))
        files = {file.path: await parts.upload_blobs.read(file.sha256) for file in job.spec.files}
        for placement in placements(job, image, self._attempt.token, files):
            await parts.backend.put(
                state.container_id, placement.folder, placement.entries, owner=placement.owner, claim=placement.is_ours
            )
        return state

    async def _start(self, state: ContainerState, *, adopted: bool) -> None:
        parts = self._parts
        self.job = await parts.ledger.change(
            self.job.job_id, attempt={"phase": JobPhase.STARTING, "container_id": state.container_id}
        )
        if adopted:
            await parts.clock.sleep(_SETTLE_S)
        await parts.backend.start(state.container_id)

    async def _see_through(self, image: ImageInfo, container_id: str) -> Settlement:
        parts, job = self._parts, self.job
        values = [parts.settings.secrets[name].get_secret_value() for name in job.spec.secrets]
        limit = job.spec.log_limit
        watch = Watch(parts, job, container_id, cancel=self.cancel, report=self.report)
        async with parts.logs.recorder(
            job.job_id,
            self._attempt.number,
            token=self._attempt.token,
            max_bytes=limit.bytes or 1,
            max_lines=limit.lines or 1,
            needles=needles(values),
            on_growth=watch.log_grew,
        ) as recorder:
            watch.job = await self._note_running(image, container_id)
            state = await watch.run(recorder)
            self.report("collecting")
            await self._end_log(recorder, watch, container_id, gone=state is None)
            self.job = await self._with_logged_steps(recorder)
            settlement = await settle(parts, self.job, image, state)
        return replace(
            settlement,
            usage=settlement.usage or watch.usage,
            log=recorder.summary(),
            started_at=state.started_at if state else None,
            finished_at=state.finished_at if state else None,
        )

    async def _note_running(self, image: ImageInfo, container_id: str) -> Job:
        attempt, now = self._attempt, self._parts.clock.now()
        if attempt.phase is JobPhase.RUNNING:
            return self.job
        return await self._parts.ledger.change(
            self.job.job_id,
            job={"started_at": self.job.started_at or now},
            attempt={
                "phase": JobPhase.RUNNING,
                "container_id": container_id,
                "image_digest": image.digest,
                "started_at": now,
                "deadline_at": now + timedelta(seconds=self.job.spec.timeout_s or 0),
            },
        )

    async def _end_log(self, recorder: LogRecorder, watch: Watch, container_id: str, *, gone: bool) -> None:
        if recorder.is_full and not gone:
            lines = self._parts.settings.limits.log_tail_lines
            frames = await self._parts.insist(lambda: self._parts.backend.tail(container_id, lines))
            await self._parts.logs.run(recorder.append_tail, frames)
        if not watch.output_complete or gone:
            why = "the container is gone" if gone else "the connection to the container engine broke meanwhile"
            await self._parts.logs.run(recorder.mark_incomplete, why)

    async def _with_logged_steps(self, recorder: LogRecorder) -> Job:
        """The record, with the steps as the whole log tells of them."""
        job = await self._parts.jobs.get(self.job.job_id)
        if job.attempt is None:
            return job
        steps = steps_with_marks(job.attempt.steps, recorder.steps, job.spec.success_exit_codes)
        return replace(job, attempt=replace(job.attempt, steps=steps))

    # --- early ends

    async def _unless_cancelled(self, act: Callable[[], Awaitable[Result]]) -> Result | None:
        """Do something that may take long, but no longer than until somebody cancels the job."""
        result: Result | None = None
        error: BackendError | None = None
        async with anyio.create_task_group() as tasks:

            async def give_up() -> None:
                await self.cancel.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(give_up)
            try:
                result = await act()
            except BackendError as raised:
                error = raised  # raised again below: a task group would wrap it
            tasks.cancel_scope.cancel()
        if self.cancel.is_set():
            return None
        if error is not None:
            raise error
        return result

    async def _cancelled_early(self) -> Settlement:
        self.job = await self._parts.jobs.get(self.job.job_id)
        reason = self.job.cancel.reason if self.job.cancel else ""
        return Settlement(Verdict(JobEvent.CANCEL, None, reason or "cancelled before it started"))

    def _failed(self, error: BackendError) -> Settlement:
        kind = next((kind for cls, kind in _KINDS.items() if isinstance(error, cls)), FailureKind.START_ERROR)
        code = error.exit_code if isinstance(error, ContainerStartError) else None
        failure = Failure(kind, error.message, error.hint, error.retryable)
        return Settlement(Verdict(JobEvent.FAIL, failure, error.code), exit_code=code)

    @property
    def _attempt(self) -> Attempt:
        if self.job.attempt is None:
            raise LookupError(f"{self.job.job_id} has no attempt")
        return self.job.attempt


def fresh_token() -> str:
    """128 random bits in hexadecimal, which mark an attempt's own lines."""
    return secrets.token_hex(16)
