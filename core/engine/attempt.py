"""One try at a job, told in the order it happens.

Whatever is done here may be done again: after a crash the next engine enters at the top with ``adopt=True``, looks at
what exists and goes on from there. Each act is preceded by the row that says it is about to happen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from core.backends.base import ImageInfo
from core.engine.admission import needed_secrets, refuse_by_policy
from core.engine.gates import with_titles
from core.engine.job_services import JobServices
from core.engine.late import job_variables, late_login, secret_names, service_facts
from core.engine.mounts import MountGate
from core.engine.needs import needs_placement
from core.engine.notebook import Notebook
from core.engine.planning import plan_steps
from core.engine.readiness import ServiceFailedError
from core.engine.request import container_request, granted_secrets, placements, working_directory
from core.engine.secret_book import check_known
from core.engine.service_owner import masked_in_logs
from core.engine.settle import Settlement, settle, without_secrets
from core.engine.steps import steps_with_marks
from core.engine.verdict import Verdict, failure_kind_of
from core.engine.watch import Watch
from core.errors import (
    ArtifactNotFoundError,
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    ContainerStartError,
    ImageError,
    InvalidExpressionError,
    NotAdmittedError,
    OrcaOpsError,
    UnknownSecretError,
)
from core.frozen import replace
from core.lifecycle.job import JobEvent, JobPhase
from core.records.job import Failure
from core.redaction import Masking, needles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.backends.base import ContainerState, Placement
    from core.engine.parts import Parts
    from core.engine.planning import PlannedStep
    from core.logs.recorder import LogRecorder
    from core.records.job import Attempt, Job

Result = TypeVar("Result")

_SETTLE_S: Final = 1.0
"""After an engine's death the container engine may still be carrying out its last start (measured: it always does)."""

_BEFORE_START: Final = frozenset({JobPhase.PULLING, JobPhase.CREATING})


class AttemptRun:
    """Runs one attempt of one job.

    Args:
        parts: The engine's parts.
        job: The record, moved to running with this attempt in it.
        cancel: Set to have the job stopped; the request itself is in the store by then.

    Attributes:
        progress: What is happening, in a few words.
        has_ended_log: Whether its log is closed for good.
        notebook: What is known, written or not.
    """

    def __init__(self, parts: Parts, job: Job, cancel: anyio.Event) -> None:
        self.cancel = cancel
        self.progress: str | None = None
        self.has_ended_log = False
        self.notebook = Notebook(parts, job)
        self._parts = parts
        self._asked = job  # for what stays as it is for the whole attempt
        self._job_id, self._spec = job.job_id, job.spec
        self._token = job.attempt.token if job.attempt is not None else ""
        self._early = anyio.CancelScope()
        self._watch: Watch | None = None
        self._planned: tuple[PlannedStep, ...] | None = None
        self._services = JobServices(parts, job, cancel, self.report)

    @property
    def job(self) -> Job:
        """The record with all that is known."""
        return self.notebook.job

    def stop(self) -> None:
        """Have the job stopped, wherever it is; the request itself is in the store by then."""
        self.cancel.set()
        self._early.cancel()
        if self._watch is not None:
            self._watch.stir()

    async def run(self, *, adopt: bool = False) -> Settlement:
        """Bring the container up, watch it, settle what became of it. The container still exists afterwards.

        Args:
            adopt: Whether an earlier engine may have begun this attempt.

        Raises:
            BackendUnavailableError: The container engine does not answer and nothing has been started.
            BackendTimeoutError: The same.
        """
        settlement = await self._services.during(lambda: self._run(adopt=adopt))
        return without_secrets(settlement, self._masking())

    async def _run(self, *, adopt: bool) -> Settlement:
        try:
            await self._look_at_secrets()
            await self._name_steps()
            left = await self._inspect() if adopt else None
            if adopt and self._may_have_run(left):
                await self._services.take_up()
                return await self._see_through(await self._image_again(), left, is_fresh=False)
            image = await self._unless_cancelled(self._prepare)
            state = None if image is None else await self._bring_up(image, left)
            if image is None or state is None:
                return await self._cancelled_early()
            return await self._see_through(image, state, is_fresh=not adopt)
        except (BackendUnavailableError, BackendTimeoutError):
            if self.cancel.is_set():
                return await self._cancelled_early()
            raise
        except ServiceFailedError as error:
            return Settlement(Verdict(JobEvent.FAIL, error.failure, "service"))
        except (
            BackendError,
            NotAdmittedError,
            InvalidExpressionError,
            ArtifactNotFoundError,
            UnknownSecretError,
        ) as error:
            return self._failed(error)

    def report(self, text: str | None) -> None:
        """Note what is happening and tell who listens."""
        if text and self._parts.secrets:
            text = self._masking().masked(text)
        self.progress = text
        self._parts.bus.progress(self._job_id, text)

    # --- stages

    async def _look_at_secrets(self) -> None:
        """What the job is given is what is known now; what its run names is masked in it too."""
        workflow, secrets = self._asked.workflow, self._parts.secrets
        if secret_names(self._spec):
            await secrets.look_again()
        if workflow is not None and secrets and not secrets.knows_run(workflow.workflow_id):
            run = await self._parts.workflows.get(workflow.workflow_id)
            secrets.note_run(run.workflow_id, run.secrets)

    async def _name_steps(self) -> None:
        """Expressions at fault show before anything is pulled; names that hold expressions are filled in."""
        known = self.notebook.steps
        steps = with_titles(known, self._plan(), self._masking())
        if steps != known:
            self.notebook.note(attempt={"steps": steps})

    async def _prepare(self) -> ImageInfo:
        """Images made local and services up; returns the job's own image."""
        spec = self._spec
        refuse_by_policy(self._parts.policy, spec, self._asked.submitted_by)
        check_known(needed_secrets(spec), self._parts.settings)
        login = late_login(spec.node.late, self._parts.settings, spec.env) if spec.node is not None else None
        image = await self._services.pull_with(
            lambda: self._parts.backend.pull(spec.image, spec.pull, self.report, login=login)
        )
        await self._services.bring_up(image.image_id)
        return image

    async def _inspect(self) -> ContainerState | None:
        name = self._attempt.container_name
        return await self._parts.insist(lambda: self._parts.backend.inspect(name), self.report)

    def _may_have_run(self, left: ContainerState | None) -> bool:
        """Whether what an earlier engine left is to be seen through; what never ran is begun again."""
        if left is None:
            return self._attempt.phase not in _BEFORE_START
        return left.phase != "created"

    async def _image_again(self) -> ImageInfo:
        """The image of a container that was started; its registry is not asked, and its tag may be gone by now."""
        image = self._spec.image
        try:
            return await self._parts.insist(lambda: self._parts.backend.pull(image, "never", self.report), self.report)
        except ImageError:
            return ImageInfo(image, image, self._attempt.image_digest or image)

    async def _bring_up(self, image: ImageInfo, left: ContainerState | None) -> ContainerState | None:
        """The started container; None when the job was cancelled before it started.

        From here on the attempt goes on with its one container through any outage: an act whose answer was lost may
        have been done.
        """
        if left is not None and left.error:
            raise ContainerStartError(left.error, exit_code=left.exit_code)
        state = await self._parts.insist(lambda: self._make(image), self.report, give_up=self.cancel)
        if self.cancel.is_set():
            return None
        await self._start(state, adopted=left is not None)
        return state

    async def _make(self, image: ImageInfo) -> ContainerState:
        parts, job = self._parts, self.job
        if job.spec.mounts:
            if job.spec.files_in_mounts(working_directory(job, image)):
                message, hint = "files: would be written into a mount", "Mount it elsewhere, or set workdir."
                raise NotAdmittedError(message, hint=hint)
            await MountGate(parts).check_again(job.spec.mounts)
        check_known(needed_secrets(job.spec), parts.settings)  # again: the pull may have taken its time
        granted = {name: parts.settings.secrets[name].get_secret_value() for name in job.spec.secrets}
        request = container_request(
            job,
            image,
            parts.home_id,
            granted,
            self._services.variables,
            env=job_variables(job.spec, parts.settings),
        )
        state = await parts.backend.create(self._services.joined(request))
        await parts.backend.put_all(state.container_id, await self._placements(job, image))
        return state

    async def _placements(self, job: Job, image: ImageInfo) -> list[Placement]:
        """What has to be in the container before it starts."""
        parts = self._parts
        limit = parts.settings.limits.output_bytes
        placed = placements(job, image, self._token, parts.upload_blobs.path, self._plan(), output_bytes=limit)
        if job.spec.node is not None and job.spec.node.needed is not None:
            in_volume = bool(job.spec.read_only)
            placed.append(await needs_placement(parts, job.spec.node.needed, in_volume=in_volume))
        return placed

    async def _start(self, state: ContainerState, *, adopted: bool) -> None:
        parts = self._parts
        self.notebook.note(attempt={"phase": JobPhase.STARTING, "container_id": state.container_id})
        await self.notebook.write()
        if adopted:
            await parts.clock.sleep(_SETTLE_S)
        await parts.insist(lambda: parts.backend.start(state.container_id), self.report, give_up=self.cancel)

    async def _see_through(self, image: ImageInfo, seen: ContainerState | None, *, is_fresh: bool) -> Settlement:
        """Watch the container from now to its end.

        Args:
            image: What it runs.
            seen: The container as last seen; None when an earlier engine started it and it is gone.
            is_fresh: Whether no earlier engine can have recorded any of its output.
        """
        parts, job = self._parts, self._asked
        container_id = seen.container_id if seen else self._attempt.container_name
        limit = job.spec.log_limit
        plan = self._plan()
        watch = Watch(parts, self.notebook, container_id, cancel=self.cancel, report=self.report, plan=plan)
        self._watch = watch
        async with parts.logs.recorder(
            job.job_id,
            job.attempt_number,
            token=self._token,
            max_bytes=limit.bytes or 1,
            max_lines=limit.lines or 1,
            needles=needles(masked_in_logs(parts, job)),
            on_growth=watch.log_grew,
            is_fresh=is_fresh,
        ) as recorder:
            self._note_running(image, seen)
            try:
                state = await watch.run(recorder)
            finally:
                self._watch = None  # it tells this object: in a circle both would stay until somebody looks for garbage
            self.report("collecting")
            await self._end_log(recorder, watch, container_id, gone=state is None)
            await self._take_logged_steps(recorder)
            logged = self.job
            settlement = await parts.until_stored(lambda: settle(parts, logged, image, state, plan))
            await parts.until_stored(lambda: parts.logs.finish(job.job_id, job.attempt_number))
            self.has_ended_log = True
        return replace(
            settlement,
            usage=settlement.usage or watch.usage,
            log=recorder.summary(),
            started_at=state.started_at if state else None,
            finished_at=state.finished_at if state else None,
        )

    def _note_running(self, image: ImageInfo, seen: ContainerState | None) -> None:
        if seen is None or self._attempt.phase is JobPhase.RUNNING:
            return
        now = self._parts.clock.now()
        began = min(now, seen.started_at or now)  # earlier, if an engine died after it had asked for the start
        self.notebook.note(
            job={"started_at": self._asked.started_at or began},
            attempt={
                "phase": JobPhase.RUNNING,
                "container_id": seen.container_id,
                "image_digest": image.digest,
                "started_at": began,
                "deadline_at": began + timedelta(seconds=self._spec.timeout_s or 0),
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

    async def _take_logged_steps(self, recorder: LogRecorder) -> None:
        """Note the steps as the whole log tells of them."""
        notebook = self.notebook
        notebook.take_over(await self._parts.jobs.get(self._job_id))  # a cancel may have come
        if notebook.steps:
            notebook.note(attempt={"steps": steps_with_marks(notebook.steps, recorder.steps, self._spec)})

    # --- early ends

    async def _unless_cancelled(self, act: Callable[[], Awaitable[Result]]) -> Result | None:
        """Do something that may take long, but no longer than until somebody cancels the job; None then."""
        with self._early:
            try:
                done = await act()
            except Exception:
                if self.cancel.is_set():
                    return None
                raise
            return None if self.cancel.is_set() else done
        return None

    async def _cancelled_early(self) -> Settlement:
        self.notebook.take_over(await self._parts.jobs.get(self._job_id))
        reason = self.job.cancel.reason if self.job.cancel else ""
        return Settlement(Verdict(JobEvent.CANCEL, None, reason or "cancelled before it started"))

    def _plan(self) -> tuple[PlannedStep, ...]:
        """What is known of the steps before they run.

        Raises:
            InvalidExpressionError: An expression is at fault.
        """
        if self._planned is None:
            self._planned = self._make_plan()
        return self._planned

    def _make_plan(self) -> tuple[PlannedStep, ...]:
        spec, settings = self._spec, self._parts.settings
        if spec.context is None:
            return plan_steps(spec)
        return plan_steps(
            spec,
            granted_secrets(spec, settings),
            env=job_variables(spec, settings),
            services=service_facts(spec, settings),
            has_secret=self._masking().has_secret,
        )

    def _masking(self) -> Masking:
        return Masking(masked_in_logs(self._parts, self._asked))

    def _failed(self, error: OrcaOpsError) -> Settlement:
        code = error.exit_code if isinstance(error, ContainerStartError) else None
        failure = Failure(failure_kind_of(error), error.message, error.hint, error.retryable)
        return Settlement(Verdict(JobEvent.FAIL, failure, error.code), exit_code=code)

    @property
    def _attempt(self) -> Attempt:
        attempt = self.job.attempt
        if attempt is None:
            raise LookupError(f"{self._job_id} has no attempt")
        return attempt
