"""After the container's end: what it left behind is fetched and the attempt judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.engine.keeping import keep_files
from core.engine.leftovers import leftovers
from core.engine.request import wants_outputs
from core.engine.results import ProgramNotes, broken_off, first_failure, read_notes, settle_steps
from core.engine.service_owner import masked_in_logs
from core.engine.step_account import read_account, told, with_account
from core.engine.verdict import CLOCK_TOLERANCE, judge
from core.frozen import quickly_made, replace
from core.lifecycle.job import JobEvent
from core.records.log import LogSummary
from core.redaction import Masking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from core.backends.base import ContainerState, ImageInfo
    from core.engine.parts import Parts
    from core.engine.planning import PlannedStep
    from core.engine.verdict import Verdict
    from core.records.artifact import Artifact
    from core.records.job import Job, StepResult, StepStatus, Usage
    from core.records.service import ServiceResult

_NOT_STARTED: Final = frozenset({126, 127})

_BROKEN_OFF: Final[dict[JobEvent, StepStatus]] = {
    JobEvent.CANCEL: "cancelled",
    JobEvent.TIME_OUT: "timed_out",
}


@quickly_made
@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything known of an ended attempt.

    Attributes:
        verdict: How it ended.
        steps: The final account of its steps.
        outputs: What it put out.
        artifacts: What was kept.
        usage: What it used, as far as it was measured.
        log: What was kept of its output.
        started_at: By the container engine's clock.
        finished_at: The same.
        exit_code: Of the failing step or the container; None when the container is gone.
        warnings: What a reader should know beside it.
        services: What became of the containers beside it.
    """

    verdict: Verdict
    steps: tuple[StepResult, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    artifacts: tuple[Artifact, ...] = ()
    usage: Usage | None = None
    log: LogSummary = field(default_factory=LogSummary)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    warnings: tuple[str, ...] = ()
    services: tuple[ServiceResult, ...] = ()


async def settle(
    parts: Parts, job: Job, image: ImageInfo, state: ContainerState | None, plan: Sequence[PlannedStep] = ()
) -> Settlement:
    """Fetch what the container left and judge the attempt.

    Args:
        parts: The engine's parts.
        job: The record, with its steps as the log told them.
        image: What it ran.
        state: The container after its end; None when it is gone.
        plan: What was known of its steps before they ran.
    """
    job = _with_passed_limit(job, state)
    if state is None:
        return Settlement(judge(job, None, None), steps=job.attempt.steps if job.attempt else ())
    container_id = state.container_id
    left = await parts.insist(lambda: leftovers(parts, container_id)) if wants_outputs(job) else {}
    notes = read_notes(left.get("steps", b"")) if job.spec.has_steps else None
    state = _by_its_own_account(state, notes)
    failed_step = _blamed_step(job, notes)
    # with an init as process 1 a command that does not exist only shows in the exit code and the init's words
    not_started = state.error if state.exit_code in _NOT_STARTED else ""
    verdict = judge(job, state, notes, failed_step=failed_step, not_started=not_started)
    masking = Masking(masked_in_logs(parts, job))
    account = read_account(job, left, parts.settings.limits.output_bytes, masking)
    verdict = with_account(verdict, job, notes, account)
    steps = told(_steps(job, notes, state, verdict), plan, account, notes)
    kept = await parts.insist(lambda: keep_files(parts, job, image, container_id, verdict, steps))
    return Settlement(
        kept.verdict,
        steps,
        account.outputs(job.spec.outputs),
        kept.artifacts,
        notes.usage if notes else None,
        exit_code=state.exit_code,
        warnings=(*account.warnings, *kept.warnings),
    )


def _by_its_own_account(state: ContainerState, notes: ProgramNotes | None) -> ContainerState:
    """The state, with the end that the job noted itself if the container engine went down around it."""
    if not state.went_down_with_engine or notes is None or notes.exit_code is None or notes.was_terminated:
        return state
    return replace(state, exit_code=notes.exit_code, went_down_with_engine=False, killed_from_outside=None)


def without_secrets(settlement: Settlement, masking: Masking) -> Settlement:
    """The settlement as it may be written down: the container's own words and names are among what it tells."""
    if masking.hides_nothing:
        return settlement
    masked, verdict = masking.masked, settlement.verdict
    failure = verdict.failure
    if failure is not None:
        failure = replace(failure, message=masked(failure.message), hint=masked(failure.hint))
    warnings = tuple(map(masked, verdict.warnings))
    steps = (replace(step, title=masked(step.title), reason=masked(step.reason)) for step in settlement.steps)
    services = (replace(service, message=masked(service.message)) for service in settlement.services)
    return replace(
        settlement,
        verdict=replace(verdict, failure=failure, why=masked(verdict.why), warnings=warnings),
        steps=tuple(steps),
        artifacts=tuple(_named_without(settlement.artifacts, masking)),
        warnings=tuple(map(masked, settlement.warnings)),
        services=tuple(services),
    )


def _named_without(artifacts: Sequence[Artifact], masking: Masking) -> Iterator[Artifact]:
    """The same files, their names masked; each still has a name of its own."""
    taken = {artifact.path for artifact in artifacts if not masking.has_secret(artifact.path)}
    for artifact in artifacts:
        path = shown = masking.masked(artifact.path)
        number = 1
        while path != artifact.path and path in taken:
            number += 1
            path = f"{shown}~{number}"
        taken.add(path)
        note, pattern = masking.masked(artifact.note), masking.masked(artifact.pattern)
        yield replace(artifact, path=path, note=note, pattern=pattern)


def _with_passed_limit(job: Job, state: ContainerState | None) -> Job:
    """The record, with the time limit as passed if the container outlived it while no engine was there to see."""
    attempt, limit = job.attempt, job.spec.timeout_s
    if attempt is None or limit is None or state is None or state.started_at is None or state.finished_at is None:
        return job
    # by the container engine's clock alone, which may differ from ours
    if state.finished_at - state.started_at <= timedelta(seconds=limit) + CLOCK_TOLERANCE:
        return job
    passed_at = min(state.started_at + timedelta(seconds=limit), attempt.timeout_fired_at or state.finished_at)
    return replace(job, attempt=replace(attempt, timeout_fired_at=passed_at))


def _blamed_step(job: Job, notes: ProgramNotes | None) -> int | None:
    """The step that ended the job: the one a stop broke off, or else the first that failed."""
    if notes is None:
        return None
    attempt = job.attempt
    is_stopped = job.cancel is not None or (
        attempt is not None and (attempt.timeout_fired_at is not None or attempt.failure is not None)
    )
    return broken_off(notes, job.spec) if is_stopped else first_failure(notes, job.spec)


def _steps(job: Job, notes: ProgramNotes | None, state: ContainerState, verdict: Verdict) -> tuple[StepResult, ...]:
    steps = job.attempt.steps if job.attempt else ()
    if notes is None or state.started_at is None or state.finished_at is None:
        return steps
    if notes.began is None and any(step.started_at for step in steps):
        return steps  # the job took its notes away; what the log told is all there is
    return settle_steps(
        steps,
        notes,
        job.spec,
        container_started_at=state.started_at,
        container_finished_at=state.finished_at,
        exit_code=state.exit_code or 0,
        broken_off_as=_BROKEN_OFF.get(verdict.event, "failed"),
    )
