"""A running container: its output followed, its time limits kept, its cancel carried out, until it has ended."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import anyio

from core.engine.gates import Gates, put_stop, with_answer
from core.engine.racing import sleep_or_event
from core.engine.steps import running_step, steps_with_marks
from core.errors import BackendError, BackendTimeoutError, BackendUnavailableError, ContainerLostError
from core.records.job import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.backends.base import ContainerState, UsageSample
    from core.engine.parts import Parts
    from core.engine.planning import PlannedStep
    from core.logs.recorder import LogGrowth, LogRecorder
    from core.records.job import Job

_log = logging.getLogger(__name__)

_DRAIN_S: Final = 30.0
"""How long the rest of the output may take to arrive after the container has ended."""

_REATTACH_S: Final = 0.5
"""Between two attempts to follow a container whose output stream broke off."""

_ASKED_AGAIN_S: Final = 1.0
"""Between two looks for a question of the program, once nothing tells of one."""

_FIRST_SAMPLE_S: Final = 1.0
_SAMPLE_EVERY_S: Final = 5.0


class Watch:
    """Sees one container through to its end.

    Args:
        parts: The engine's parts.
        job: The record, in phase running.
        container_id: The container.
        cancel: Set when somebody asked for the job to stop.
        report: Told what is happening, in words.
        plan: What was known of the steps before they ran.

    Attributes:
        job: The record as last changed.
        usage: What was sampled of the container's resource use.
        output_complete: Whether the container engine ended the output by itself.
    """

    def __init__(
        self,
        parts: Parts,
        job: Job,
        container_id: str,
        *,
        cancel: anyio.Event,
        report: Callable[[str | None], None],
        plan: Sequence[PlannedStep] = (),
    ) -> None:
        self.job = job
        self.usage: Usage | None = None
        self.output_complete = True
        self._parts = parts
        self._container_id = container_id
        self._cancel = cancel
        self._report = report
        self._ended = anyio.Event()
        self._followed = anyio.Event()
        self._steps_moved = anyio.Event()
        self._limits_changed = anyio.Event()
        self._step_limit: datetime | None = None
        self._out_of_reach = False
        self._gates = Gates(parts, plan, container_id)
        self._asked = anyio.Event()
        self._recording = anyio.Lock()
        self._runs_on = any(step.when not in {"success", "never"} for step in plan)

    async def run(self, recorder: LogRecorder) -> ContainerState | None:
        """Watch until the container has ended; None when it is gone.

        Args:
            recorder: Takes the output.
        """
        state: ContainerState | None = None
        if recorder.steps:  # an earlier engine saw a step begin, whose time limit goes on
            self._steps_moved.set()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow, recorder)
            tasks.start_soon(self._keep_time_limits)
            tasks.start_soon(self._carry_out_cancel)
            tasks.start_soon(self._sample_usage)
            if self.job.spec.has_steps:
                tasks.start_soon(self._report_steps, recorder)
            if self._gates.are_needed:
                tasks.start_soon(self._answer_questions)
            state = await self._parts.insist(lambda: self._parts.backend.wait(self._container_id), self._report)
            self._ended.set()
            await self._drain()
            tasks.cancel_scope.cancel()
        return state

    # --- output

    async def _drain(self) -> None:
        """Wait for the rest of the output; through an outage for as long as that takes."""
        while not self._followed.is_set():
            with anyio.move_on_after(_DRAIN_S):
                await self._followed.wait()
            if not self._out_of_reach:
                break

    async def _follow(self, recorder: LogRecorder) -> None:
        backend = self._parts.backend
        while not recorder.is_full:
            whole = False
            try:
                self._out_of_reach = False
                whole = await backend.follow(self._container_id, recorder.resume_position(), recorder.write)
            except (BackendUnavailableError, BackendTimeoutError) as error:
                self._out_of_reach = True
                self._report(f"waiting for the container engine: {error.message}")
            except BackendError:
                break
            if whole and await self._ends_within(_REATTACH_S):
                break
            if not whole and not recorder.is_full:
                self.output_complete = False
                await self._parts.clock.sleep(_REATTACH_S)
        self._followed.set()
        self._asked.set()

    async def _ends_within(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._ended.wait()
        return self._ended.is_set()

    def log_grew(self, growth: LogGrowth) -> None:
        """Told by the log pipeline, on the event loop, after lines came or steps changed."""
        self._parts.bus.log_grew(self.job.job_id, self.job.attempt_number, growth.lines)
        if growth.steps_changed:
            self._steps_moved.set()
            self._asked.set()

    async def _report_steps(self, recorder: LogRecorder) -> None:
        while True:
            await self._steps_moved.wait()
            self._steps_moved = anyio.Event()
            async with self._recording:
                known = self.job.attempt.steps if self.job.attempt else ()
                steps = steps_with_marks(known, recorder.steps, self.job.spec)
                self._keep(await self._parts.ledger.change(self.job.job_id, attempt={"steps": steps}))
            running = running_step(steps)
            limit = None if running is None else self.job.spec.commands[running.index].timeout_s
            started = None if running is None else running.started_at
            self._step_limit = None if limit is None or started is None else started + timedelta(seconds=limit)
            self._limits_changed.set()
            if running is not None:
                self._report(f"step {running.index + 1} of {len(steps)}: {running.title}")

    async def _answer_questions(self) -> None:
        """Look for a question at first, whenever the log tells of one, and now and then once that is not followed."""
        while True:
            self._asked = anyio.Event()
            try:
                await self._answer()
            except ContainerLostError:
                return
            except BackendError as error:
                self._report(f"waiting for the container engine: {error.message}")
                await self._parts.clock.sleep(_ASKED_AGAIN_S)
                continue
            await sleep_or_event(self._parts.clock, _ASKED_AGAIN_S if self._followed.is_set() else None, self._asked)

    async def _answer(self) -> None:
        answer = await self._gates.open_question(self.job.job_id)
        if answer is None:
            return
        async with self._recording:
            known = self.job.attempt.steps if self.job.attempt else ()
            steps = with_answer(known, answer)
            self._keep(await self._parts.ledger.change(self.job.job_id, attempt={"steps": steps}))
        await self._gates.put(answer)

    def _keep(self, job: Job) -> None:
        """Take over what the store has, unless something later is known."""
        if job.version >= self.job.version:
            self.job = job

    # --- stopping

    async def _keep_time_limits(self) -> None:
        while True:
            self._limits_changed = anyio.Event()
            due = self._due()
            left = None if due is None else (due - self._parts.clock.now()).total_seconds()
            if not await sleep_or_event(self._parts.clock, left, self._limits_changed):
                break
        if self.job.attempt is None or self.job.attempt.timeout_fired_at is None:
            now = self._parts.clock.now()
            self._keep(await self._parts.ledger.change(self.job.job_id, attempt={"timeout_fired_at": now}))
        await self._stop("timeout", self.job.spec.cancel_grace_s or 0)

    def _due(self) -> datetime | None:
        deadline = self.job.attempt.deadline_at if self.job.attempt else None
        return min((moment for moment in (deadline, self._step_limit) if moment is not None), default=None)

    async def _carry_out_cancel(self) -> None:
        await self._cancel.wait()
        self._report("stopping")
        self._keep(await self._parts.jobs.get(self.job.job_id))
        asked = self.job.cancel.grace_s if self.job.cancel else None
        await self._stop("cancel", asked if asked is not None else self.job.spec.cancel_grace_s or 0)

    async def _stop(self, why: str, grace_s: float) -> None:
        """End the container; steps that are meant to run whatever happened have their own time for that."""
        if self._runs_on and grace_s > 0:
            await put_stop(self._parts, self._container_id, why, grace_s)
            grace_s += self._parts.settings.limits.cleanup_timeout_s
        await self._parts.insist(lambda: self._parts.backend.stop(self._container_id, grace_s), self._report)

    # --- resource use

    async def _sample_usage(self) -> None:
        pause = _FIRST_SAMPLE_S
        while True:
            await self._parts.clock.sleep(pause)
            pause = _SAMPLE_EVERY_S
            try:
                sample = await self._parts.backend.usage(self._container_id)
            except BackendError as error:
                _log.debug("no usage sample of %s: %s", self.job.job_id, error)
                continue
            if sample is not None:
                self.usage = _merged(self.usage, sample)


def _merged(usage: Usage | None, sample: UsageSample) -> Usage:
    peaks = (sample.peak_memory_bytes, sample.memory_bytes, usage.peak_memory_bytes if usage else None)
    peak = max((value for value in peaks if value is not None), default=None)
    return Usage(sample.cpu_seconds, peak, sample.network_rx_bytes, sample.network_tx_bytes)
