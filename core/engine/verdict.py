"""From how a container ended, and what we meant to happen, to the job's outcome and its honest cause.

An intent (cancel, time limit) counts only if it came before the container's own end; what the container did first
stands. Exit codes are data: 124 and 137 say nothing about who ended the process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.errors import (
    ArtifactNotFoundError,
    ContainerLostError,
    ImageError,
    ImageNotFoundError,
    InvalidExpressionError,
    NotAdmittedError,
    RegistryDeniedError,
    RegistryUnreachableError,
    UnknownSecretError,
)
from core.frozen import quickly_made
from core.lifecycle.job import JobEvent
from core.records.job import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from core.backends.base import ContainerState
    from core.engine.results import ProgramNotes
    from core.errors import OrcaOpsError
    from core.records.job import Job

CLOCK_TOLERANCE: Final = timedelta(milliseconds=50)
"""How far our clock and the container engine's may disagree before an intent is taken to be later than an end."""

_SIGNALS: Final = {
    129: "HUP",
    130: "INT",
    131: "QUIT",
    134: "ABRT",
    136: "FPE",
    137: "KILL",
    139: "SEGV",
    141: "PIPE",
    143: "TERM",
}


_HINTS: Final = {
    126: "The file is not executable.",
    127: "The command was not found in the image.",
    153: "A process may have been ended for writing a file larger than disk_mb (SIGXFSZ).",
    137: "A process that SIGKILL ends leaves this code too: nothing tells whether one did, on the host or in the job.",
}

_TAMPERED: Final = Failure(
    FailureKind.TAMPERED,
    "Somebody started the container again after it had been stopped: its log and exit code are of more than one run.",
    "Rerun the job; find out who restarts containers on this host.",
    retryable=True,
)
_INTERRUPTED: Final = Failure(
    FailureKind.CONTAINER_LOST,
    "The container engine went down or was restarted, and ended the container or missed how it ended.",
    "Rerun the job, or give it retries; with `live-restore` Docker keeps containers through its own restarts.",
    retryable=True,
)

_KINDS: Final[dict[type[OrcaOpsError], FailureKind]] = {
    NotAdmittedError: FailureKind.POLICY,
    UnknownSecretError: FailureKind.POLICY,
    ArtifactNotFoundError: FailureKind.ARTIFACT,
    InvalidExpressionError: FailureKind.EXPRESSION,
    ImageNotFoundError: FailureKind.IMAGE_NOT_FOUND,
    RegistryDeniedError: FailureKind.REGISTRY_AUTH,
    RegistryUnreachableError: FailureKind.REGISTRY_UNAVAILABLE,
    ImageError: FailureKind.IMAGE_PULL_FAILED,
    ContainerLostError: FailureKind.CONTAINER_LOST,
}

_START_HINT: Final = "Check that the command exists in the image and may be executed."


@quickly_made
@dataclass(frozen=True, slots=True)
class Verdict:
    """How an attempt ended.

    Attributes:
        event: What moves the job.
        failure: The cause; None for success and for a cancel.
        why: For the audit trail.
        warnings: What a reader should know beside it.
    """

    event: JobEvent
    failure: Failure | None
    why: str
    warnings: tuple[str, ...] = ()


def judge(
    job: Job,
    state: ContainerState | None,
    notes: ProgramNotes | None,
    *,
    failed_step: int | None = None,
    not_started: str = "",
) -> Verdict:
    """Say how the attempt ended.

    Args:
        job: The record, with the intents that were noted in it.
        state: The container after its end; None when it is gone.
        notes: What the step program noted; None for a job without steps.
        failed_step: The step that ended the job, if one did.
        not_started: The init's words when it could not run the command at all.
    """
    if state is None:
        return _gone(job)
    code = state.exit_code or 0
    ended = _stopped(job, state, failed_step) or _disturbed(state, failed_step)
    if ended is not None:
        return ended
    if code in job.spec.success_exit_codes:
        return Verdict(JobEvent.SUCCEED, None, f"exit code {code}", tuple(_doubts(job, state, notes)))
    if not_started:
        failure = Failure(FailureKind.START_ERROR, f"The command could not be started: {not_started}.", _START_HINT)
        return Verdict(JobEvent.FAIL, failure, "not started")
    return Verdict(JobEvent.FAIL, _cause(job, state, notes, code, failed_step), f"exit code {code}")


def _doubts(job: Job, state: ContainerState, notes: ProgramNotes | None) -> Iterator[str]:
    """What the reader of a success should know."""
    if state.oom_killed:
        yield "The kernel killed a process of the job for memory, but the job went on."
    if state.killed_from_outside is not None:
        yield f"Something outside OrcaOps sent the container SIG{state.killed_from_outside} before it ended."
    ended = notes.ended_early if notes is not None else None
    if ended is not None:
        yield (
            f"Step {ended + 1} of {len(job.spec.commands)} ended the shell (exit, exec): "
            "steps after it did not run, unless they are meant for whatever happened."
        )


def _stopped(job: Job, state: ContainerState, failed_step: int | None) -> Verdict | None:
    """How it ended if we stopped it."""
    if _intended(job.cancel.at if job.cancel else None, state):
        return _cancelled(job)
    if job.attempt is not None and _intended(job.attempt.timeout_fired_at, state):
        return Verdict(JobEvent.TIME_OUT, timeout_failure(job, failed_step), "time limit")
    if job.attempt is not None and job.attempt.failure is not None:  # noted before it was stopped for it
        return Verdict(JobEvent.FAIL, replace(job.attempt.failure, step=failed_step), "disk limit")
    return None


def _disturbed(state: ContainerState, failed_step: int | None) -> Verdict | None:
    """How it ended if its exit code is not its own, whatever that is."""
    if state.restarted:
        return Verdict(JobEvent.FAIL, _TAMPERED, "restarted by somebody else")
    if state.went_down_with_engine:
        return Verdict(JobEvent.FAIL, replace(_INTERRUPTED, step=failed_step), "container engine went down")
    return None


def timeout_failure(job: Job, step: int | None) -> Failure:
    """The failure of a job whose own or whose step's time limit passed."""
    limit = job.spec.commands[step].timeout_s if step is not None and step < len(job.spec.commands) else None
    if limit is not None and limit < (job.spec.timeout_s or limit + 1) and not _past_deadline(job):
        message = f"Step {(step or 0) + 1} ran longer than its limit of {limit:g} s."
    else:
        message = f"The job ran longer than its limit of {job.spec.timeout_s:g} s."
    return Failure(FailureKind.TIMEOUT, message, "Raise timeout_s, or find what takes so long in the log.", step=step)


def _past_deadline(job: Job) -> bool:
    """Whether the whole job's time was up when it was stopped, whatever the step that ran then may take."""
    attempt = job.attempt
    if attempt is None or attempt.timeout_fired_at is None or attempt.deadline_at is None:
        return False
    return attempt.timeout_fired_at >= attempt.deadline_at


def _intended(at: datetime | None, state: ContainerState) -> bool:
    return at is not None and (state.finished_at is None or at <= state.finished_at + CLOCK_TOLERANCE)


def _cancelled(job: Job) -> Verdict:
    reason = job.cancel.reason if job.cancel else ""
    return Verdict(JobEvent.CANCEL, None, reason or "cancelled")


def _gone(job: Job) -> Verdict:
    if job.cancel is not None:
        return _cancelled(job)
    if job.attempt is not None and job.attempt.timeout_fired_at is not None:
        return Verdict(JobEvent.TIME_OUT, timeout_failure(job, None), "time limit")
    failure = Failure(
        FailureKind.CONTAINER_LOST,
        "The container is gone: something other than OrcaOps removed it while the job ran.",
        "Rerun the job; find out who removes containers on this host.",
        retryable=True,
    )
    return Verdict(JobEvent.FAIL, failure, "container gone")


def _cause(job: Job, state: ContainerState, notes: ProgramNotes | None, code: int, failed_step: int | None) -> Failure:
    if state.oom_killed:
        return Failure(
            FailureKind.OOM,
            f"The job used more than its {job.spec.memory_mb} MiB of memory and was killed.",
            "Raise memory_mb, or use less memory.",
            step=failed_step,
        )
    signal = state.killed_from_outside or _unexplained_signal(notes, code)
    if signal is not None:
        return Failure(
            FailureKind.SIGNAL,
            f"Something outside OrcaOps killed the container (SIG{signal}).",
            "An operator or the container engine stopped it; rerun the job.",
            retryable=True,
            step=failed_step,
        )
    return _exit(job, code, failed_step)


def _unexplained_signal(notes: ProgramNotes | None, code: int) -> str | None:
    """The signal that ended a job of steps from outside: its supervisor would have noted any other end."""
    if notes is None or notes.began is None:
        return None
    if notes.was_terminated:
        return "TERM"
    if notes.exit_code is None and code > 128:
        return _SIGNALS.get(code, str(code - 128))
    return None


def _exit(job: Job, code: int, failed_step: int | None) -> Failure:
    if failed_step is not None and failed_step < len(job.spec.commands):
        steps = job.attempt.steps if job.attempt else ()
        title = steps[failed_step].title if failed_step < len(steps) else job.spec.commands[failed_step].title
        message = f"Step {failed_step + 1} ({title}) ended with exit code {code}."
    else:
        message = f"The command ended with exit code {code}."
    return Failure(FailureKind.EXIT, message, _HINTS.get(code, ""), step=failed_step)


def failure_kind_of(error: OrcaOpsError) -> FailureKind:
    """What a record calls the error that kept a container from starting."""
    return next((kind for cls, kind in _KINDS.items() if isinstance(error, cls)), FailureKind.START_ERROR)
