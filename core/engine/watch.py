"""A running container: its output followed, its time limits kept, its cancel carried out, until it has ended."""

from __future__ import annotations

import asyncio
import logging
import math
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from core.engine.disk import DiskWatch
from core.engine.gates import Gates, put_stop, with_answer
from core.engine.racing import Bell, sleep_or_event
from core.engine.steps import running_step, steps_with_marks
from core.errors import BackendError, BackendTimeoutError, BackendUnavailableError, ContainerLostError, StoreError
from core.records.job import Usage
from core.tasks import until_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anyio.abc import TaskGroup

    from core.backends.base import ContainerState, UsageSample
    from core.engine.notebook import Notebook
    from core.engine.parts import Parts
    from core.engine.planning import PlannedStep
    from core.logs.recorder import LogGrowth, LogRecorder
    from core.records.log import LogFrame

_log = logging.getLogger(__name__)

_DRAIN_S: Final = 30.0
"""How long the rest of the output of a container that has ended may take to arrive, once `_REST_S` have passed."""

_REATTACH_S: Final = 0.5
"""Between two attempts to follow a container whose output stream broke off."""

_ASKED_AGAIN_S: Final = 1.0
"""Between two looks for a question of the program, once nothing tells of one."""

_BRIEF_S: Final = 0.2
"""Of a container that has ended by then nothing but its output is looked after: where many such run, that counts."""

_REST_S: Final = 1.0
"""The same for the rest of the output of a container that has ended."""

_AT_ONCE_S: Final = 1e-6
"""What is due within a microsecond is due: sums of floats are not exact."""

_FIRST_SAMPLE_S: Final = 1.0
_SAMPLE_EVERY_S: Final = 5.0


class Watch:
    """Sees one container through to its end.

    Args:
        parts: The engine's parts.
        notebook: The record, in phase running, and where its changes go.
        container_id: The container.
        cancel: Set when somebody asked for the job to stop.
        report: Told what is happening, in words.
        plan: What was known of the steps before they ran.

    Attributes:
        usage: What was sampled of the container's resource use.
        output_complete: Whether the container engine ended the output by itself.
    """

    def __init__(
        self,
        parts: Parts,
        notebook: Notebook,
        container_id: str,
        *,
        cancel: anyio.Event,
        report: Callable[[str | None], None],
        plan: Sequence[PlannedStep] = (),
    ) -> None:
        self.usage: Usage | None = None
        self.output_complete = True
        self._parts = parts
        self._notebook = notebook
        self._job_id, self._attempt = notebook.job.job_id, notebook.job.attempt_number
        self._container_id = container_id
        self._cancel = cancel
        self._report = report
        self._state: ContainerState | None = None
        self._ended = asyncio.Event()  # asyncio's own, once for each container: anyio's take ten calls to make
        self._has_followed = False
        self._stirred = Bell()
        self._recorder: LogRecorder | None = None
        self._lines_told = 0
        self._step_limit: datetime | None = None
        self._due: datetime | None = None
        self._due_monotonic = math.inf
        self._out_of_reach = False
        self._gates = Gates(parts, plan, container_id)
        self._asked = Bell()
        self._runs_on = any(step.when not in {"success", "never"} for step in plan)
        self._sample_at = parts.clock.monotonic() + _FIRST_SAMPLE_S
        self._timeout_s = notebook.job.spec.timeout_s or math.inf
        self._tasks: TaskGroup | None = None
        self._is_attended = False

    async def run(self, recorder: LogRecorder) -> ContainerState | None:
        """Watch until the container has ended; None when it is gone.

        Args:
            recorder: Takes the output.
        """
        self._recorder = recorder
        if recorder.steps:  # an earlier engine saw a step begin, whose time limit goes on
            self._take_steps(recorder)
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            timer = asyncio.get_running_loop().call_later(self._brief_s(), self._attend)
            try:
                await self._follow(recorder)
                await self._see_end()
            finally:
                timer.cancel()
                self._tasks = None
            if self._is_attended:
                tasks.cancel_scope.cancel()
        self._recorder = None  # what it still tells is asked of it once it is whole
        return self._state

    def _brief_s(self) -> float:
        """How long nothing but the output needs to be looked after."""
        is_urgent = self._gates.are_needed or self._cancel.is_set()
        return 0.0 if is_urgent else min(_BRIEF_S, self._timeout_s)

    def _attend(self) -> None:
        """Begin all that goes on beside the output while the container runs, once."""
        if self._is_attended or self._tasks is None:
            return
        self._is_attended = True
        self._tasks.start_soon(until_cancelled, self._await_end, self._tasks)
        self._tasks.start_soon(until_cancelled, self._keep_time, self._tasks)
        self._tasks.start_soon(until_cancelled, self._notebook.run)
        if self._gates.are_needed:
            self._tasks.start_soon(until_cancelled, self._answer_questions)

    def stir(self) -> None:
        """Have it look again whether somebody wants the job stopped."""
        self._stirred.ring()
        self._attend()

    # --- end and output

    async def _see_end(self) -> None:
        """Return once the container has ended; until somebody attends to that, it is waited for here."""
        if self._is_attended or self._ended.is_set():
            await self._ended.wait()
        else:
            await self._learn_end()

    async def _learn_end(self) -> None:
        state = await self._parts.insist(lambda: self._parts.backend.wait(self._container_id), self._report)
        if not self._ended.is_set():
            self._state, self._notebook.is_ending = state, True
            self._ended.set()

    async def _await_end(self, tasks: TaskGroup) -> None:
        """See the end while the output is followed, whose rest is then not waited for for ever.

        Through an outage it is, for as long as that takes.
        """
        await self._learn_end()
        await anyio.sleep(_REST_S)
        is_waited_for = True
        while is_waited_for:
            await anyio.sleep(_DRAIN_S)
            is_waited_for = self._out_of_reach
        tasks.cancel_scope.cancel()

    async def _follow(self, recorder: LogRecorder) -> None:
        backend = self._parts.backend
        while not recorder.is_full:
            whole = False
            try:
                self._out_of_reach = False
                position, take = recorder.resume_position(), partial(_take, recorder)
                whole = await backend.follow(self._container_id, position, take, at_once=recorder.take_marks)
            except StoreError as error:  # nothing is lost: the container engine has what the log has not
                self._out_of_reach = True
                self._report(f"waiting for room on the disk: {error.message}")
                await self._parts.clock.sleep(_REATTACH_S)
                continue
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
        self._has_followed = True
        self._asked.ring()

    async def _ends_within(self, seconds: float) -> bool:
        if not self._ended.is_set():
            with anyio.move_on_after(seconds):
                await self._see_end()
        return self._ended.is_set()

    def log_grew(self, growth: LogGrowth) -> None:
        """Told by the log pipeline, on the event loop, after lines came or steps changed."""
        if growth.lines != self._lines_told:
            self._lines_told = growth.lines
            self._parts.bus.log_grew(self._job_id, self._attempt, growth.lines)
        if growth.steps_changed and self._recorder is not None and not self._notebook.is_ending:
            self._take_steps(self._recorder)
            self._asked.ring()

    def _take_steps(self, recorder: LogRecorder) -> None:
        """Take notice of steps that began or ended."""
        spec = self._notebook.job.spec
        steps = steps_with_marks(self._notebook.steps, recorder.steps, spec)
        self._notebook.note(attempt={"steps": steps})
        running = running_step(steps)
        limit = None if running is None else spec.commands[running.index].timeout_s
        started = None if running is None else running.started_at
        self._step_limit = None if limit is None or started is None else started + timedelta(seconds=limit)
        self._stirred.ring()
        if running is not None:
            self._report(f"step {running.index + 1} of {len(steps)}: {running.title}")

    async def _answer_questions(self) -> None:
        """Look for a question at first, whenever the log tells of one, and now and then once that is not followed."""
        while True:
            asked = self._asked.listen()
            try:
                await self._answer()
            except ContainerLostError:
                return
            except BackendError as error:
                self._report(f"waiting for the container engine: {error.message}")
                await self._parts.clock.sleep(_ASKED_AGAIN_S)
                continue
            await sleep_or_event(self._parts.clock, _ASKED_AGAIN_S if self._has_followed else None, asked)

    async def _answer(self) -> None:
        answer = await self._gates.open_question(self._job_id)
        if answer is None:
            return
        self._notebook.note(attempt={"steps": with_answer(self._notebook.steps, answer)})
        await self._notebook.write()
        await self._gates.put(answer)

    # --- time

    async def _keep_time(self, tasks: TaskGroup) -> None:
        """Begin what has its time: samples after a while, the stop once a limit has passed or somebody asked for it."""
        clock = self._parts.clock
        is_sampled = is_late = is_cancelled = False
        while True:
            stirred = self._stirred.listen()
            if self._cancel.is_set() and not is_cancelled:
                is_cancelled = True
                tasks.start_soon(until_cancelled, self._carry_out_cancel)
            left = math.inf if is_late else self._time_left()
            if left <= 0:
                is_late, left = True, math.inf
                tasks.start_soon(until_cancelled, self._time_out)
            until_sample = math.inf if is_sampled else self._sample_at - clock.monotonic()
            if until_sample <= _AT_ONCE_S:
                is_sampled, until_sample = True, math.inf
                tasks.start_soon(until_cancelled, self._sample_usage)
                tasks.start_soon(until_cancelled, self._keep_disk_limit)
            pause = min(left, until_sample)
            await sleep_or_event(clock, None if pause == math.inf else pause, stirred)

    def _time_left(self) -> float:
        """Seconds until the next time limit, however the machine's clock is set meanwhile; infinite without one."""
        attempt = self._notebook.job.attempt
        deadline = attempt.deadline_at if attempt is not None else None
        due = min((moment for moment in (deadline, self._step_limit) if moment is not None), default=None)
        if due is None:
            return math.inf
        clock = self._parts.clock
        if due != self._due:
            self._due, self._due_monotonic = due, clock.monotonic() + (due - clock.now()).total_seconds()
        return self._due_monotonic - clock.monotonic()

    # --- stopping

    async def _time_out(self) -> None:
        job = self._notebook.job
        if job.attempt is None or job.attempt.timeout_fired_at is None:
            self._notebook.note(attempt={"timeout_fired_at": self._parts.clock.now()})
            await self._notebook.write()
        await self._stop("timeout", job.spec.cancel_grace_s or 0)

    async def _keep_disk_limit(self) -> None:
        job = self._notebook.job
        failure = await DiskWatch(self._parts, job, self._container_id).until_too_much()
        self._notebook.note(attempt={"failure": failure})
        await self._notebook.write()
        await self._stop("disk", job.spec.cancel_grace_s or 0)

    async def _carry_out_cancel(self) -> None:
        self._report("stopping")
        self._notebook.take_over(await self._parts.jobs.get(self._job_id))
        job = self._notebook.job
        asked = job.cancel.grace_s if job.cancel else None
        await self._stop("cancel", asked if asked is not None else job.spec.cancel_grace_s or 0)

    async def _stop(self, why: str, grace_s: float) -> None:
        """End the container; steps that are meant to run whatever happened have their own time for that."""
        if self._runs_on and grace_s > 0:
            await put_stop(self._parts, self._container_id, why, grace_s)
            grace_s += self._parts.settings.limits.cleanup_timeout_s
        await self._parts.insist(lambda: self._parts.backend.stop(self._container_id, grace_s), self._report)

    # --- resource use

    async def _sample_usage(self) -> None:
        while True:
            try:
                sample = await self._parts.backend.usage(self._container_id)
            except BackendError as error:
                _log.debug("no usage sample of %s: %s", self._job_id, error)
            else:
                if sample is not None:
                    self.usage = _merged(self.usage, sample)
            await self._parts.clock.sleep(_SAMPLE_EVERY_S)


def _take(recorder: LogRecorder, frames: Sequence[LogFrame]) -> bool:
    """Called in the thread that reads the output.

    Raises:
        StoreError: The disk is full or failing.
    """
    try:
        return recorder.write(frames)
    except OSError as error:
        raise StoreError(f"The log could not be written ({error.strerror}).") from error


def _merged(usage: Usage | None, sample: UsageSample) -> Usage:
    peaks = (sample.peak_memory_bytes, sample.memory_bytes, usage.peak_memory_bytes if usage else None)
    peak = max((value for value in peaks if value is not None), default=None)
    return Usage(sample.cpu_seconds, peak, sample.network_rx_bytes, sample.network_tx_bytes)
