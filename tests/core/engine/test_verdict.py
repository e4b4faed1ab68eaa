"""How a container ended becomes an outcome with an honest cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.backends.base import ContainerState
from core.engine.results import ProgramNotes, StepTrack
from core.engine.verdict import CLOCK_TOLERANCE, judge, timeout_failure
from core.lifecycle.job import JobEvent, JobPhase
from core.records.job import Attempt, CancelRequest, Failure, FailureKind, Job
from core.testing.clock import START
from core.testing.factories import a_job, a_job_spec

END = START + timedelta(seconds=10)
BEFORE = END - timedelta(seconds=1)
AFTER = END + timedelta(seconds=1)
BEGAN = ProgramNotes(began=1.0)


def a_running_job(
    *,
    cancelled_at: datetime | None = None,
    timed_out_at: datetime | None = None,
    deadline_at: datetime | None = None,
    reason: str = "",
    **spec: Any,
) -> Job:
    attempt = Attempt(1, JobPhase.RUNNING, "orcaops-x", timeout_fired_at=timed_out_at, deadline_at=deadline_at)
    cancel = None if cancelled_at is None else CancelRequest(cancelled_at, "mcp", reason, None)
    full = a_job_spec(**{"timeout_s": 600, "memory_mb": 64, **spec})
    return a_job(spec=full, attempt=attempt, attempt_number=1, cancel=cancel)


def exited(code: int | None, **more: Any) -> ContainerState:
    return replace(ContainerState("c1", "orcaops-x", {}, "exited", exit_code=code, finished_at=END), **more)


def failure_of(job: Job, state: ContainerState | None, notes: ProgramNotes | None = None, **more: Any) -> Failure:
    verdict = judge(job, state, notes, **more)
    assert verdict.failure is not None
    return verdict.failure


# --- the container's own end


def test_code_0_is_success() -> None:
    verdict = judge(a_running_job(), exited(0), None)
    assert (verdict.event, verdict.failure, verdict.why, verdict.warnings) == (
        JobEvent.SUCCEED,
        None,
        "exit code 0",
        (),
    )


def test_codes_that_count_as_success_are_success_and_others_are_not() -> None:
    job = a_running_job(success_exit_codes=[3])
    assert judge(job, exited(3), None).event is JobEvent.SUCCEED
    assert judge(job, exited(0), None).event is JobEvent.FAIL


@pytest.mark.parametrize("ended", [0, 1, None])
def test_a_step_that_ended_the_shell_before_the_last_step_is_warned_of(ended: int | None) -> None:
    notes = ProgramNotes(began=1.0, steps={0: StepTrack(1.0, 2.0, 0)}, exit_code=0, ended_early=ended)
    verdict = judge(a_running_job(commands=["a", "b", "c"]), exited(0), notes)
    assert verdict.event is JobEvent.SUCCEED
    said = () if ended is None else (f"Step {ended + 1} of 3 ended the shell (exit, exec)",)
    assert tuple(warning.partition(":")[0] for warning in verdict.warnings) == said


@pytest.mark.parametrize("code", [1, 2, 124, 125, 126, 127, 128, 129, 130, 137, 139, 143, 255])
@pytest.mark.parametrize("notes", [None, ProgramNotes(), ProgramNotes(began=1.0, exit_code=1)])
def test_a_programs_own_code_is_exit_whatever_others_mean_by_it(code: int, notes: ProgramNotes | None) -> None:
    verdict = judge(a_running_job(), exited(code), notes)
    assert verdict.event is JobEvent.FAIL
    assert verdict.failure is not None
    assert verdict.failure.kind is FailureKind.EXIT
    assert verdict.failure.message == f"The command ended with exit code {code}."
    assert not verdict.failure.retryable


@pytest.mark.parametrize(
    ("code", "hint"),
    [(126, "The file is not executable."), (127, "The command was not found in the image."), (1, "")],
)
def test_a_shells_own_codes_come_with_their_meaning(code: int, hint: str) -> None:
    assert failure_of(a_running_job(), exited(code)).hint == hint


def test_a_failing_step_is_named() -> None:
    job = a_running_job(commands=["true", {"run": "make", "name": "Build"}])
    failure = failure_of(job, exited(2), BEGAN, failed_step=1)
    assert (failure.message, failure.step) == ("Step 2 (Build) ended with exit code 2.", 1)


def test_a_step_number_that_the_job_does_not_have_is_not_named() -> None:
    failure = failure_of(a_running_job(commands=["true"]), exited(2), BEGAN, failed_step=7)
    assert failure.message == "The command ended with exit code 2."


def test_a_command_that_could_not_be_started_says_why() -> None:
    verdict = judge(a_running_job(), exited(127), None, not_started="nope: No such file or directory")
    assert (verdict.event, verdict.why) == (JobEvent.FAIL, "not started")
    assert verdict.failure is not None
    assert verdict.failure.kind is FailureKind.START_ERROR
    assert "nope: No such file or directory" in verdict.failure.message


# --- memory


def test_a_job_that_the_kernel_killed_for_memory_says_so() -> None:
    failure = failure_of(a_running_job(), exited(137, oom_killed=True), None, failed_step=0)
    assert (failure.kind, failure.step) == (FailureKind.OOM, 0)
    assert "64 MiB" in failure.message


def test_a_job_that_went_on_after_such_a_kill_succeeds_with_a_warning() -> None:
    verdict = judge(a_running_job(), exited(0, oom_killed=True), None)
    assert verdict.event is JobEvent.SUCCEED
    assert "for memory" in verdict.warnings[0]


def test_memory_comes_before_a_signal_as_the_cause() -> None:
    state = exited(137, oom_killed=True, killed_from_outside="KILL")
    assert failure_of(a_running_job(), state).kind is FailureKind.OOM


# --- signals from elsewhere


def test_a_signal_sent_through_the_container_engine_by_someone_else_is_told() -> None:
    failure = failure_of(a_running_job(), exited(143, killed_from_outside="TERM"))
    assert (failure.kind, failure.retryable) == (FailureKind.SIGNAL, True)
    assert "SIGTERM" in failure.message


def test_a_supervisor_that_noted_sigterm_proves_a_signal_from_outside() -> None:
    notes = ProgramNotes(began=1.0, terminated=2.0, exit_code=9)
    failure = failure_of(a_running_job(commands=["sleep 60"]), exited(9), notes)
    assert (failure.kind, "SIGTERM" in failure.message) == (FailureKind.SIGNAL, True)


@pytest.mark.parametrize(("code", "name"), [(137, "SIGKILL"), (143, "SIGTERM"), (139, "SIGSEGV"), (160, "SIG32")])
def test_a_supervisor_that_could_not_note_its_end_was_killed_from_outside(code: int, name: str) -> None:
    failure = failure_of(a_running_job(commands=["sleep 60"]), exited(code), BEGAN)
    assert (failure.kind, name in failure.message) == (FailureKind.SIGNAL, True)


def test_a_supervisor_without_a_noted_end_and_with_an_ordinary_code_proves_nothing() -> None:
    assert failure_of(a_running_job(commands=["x"]), exited(2), BEGAN).kind is FailureKind.EXIT


def test_a_supervisor_that_never_began_proves_nothing() -> None:
    notes = ProgramNotes(terminated=2.0)
    assert failure_of(a_running_job(commands=["x"]), exited(143), notes).kind is FailureKind.EXIT


# --- cancel


@pytest.mark.parametrize("code", [0, 1, 137, 143])
def test_a_cancel_before_the_end_makes_the_job_cancelled_whatever_its_code(code: int) -> None:
    verdict = judge(a_running_job(cancelled_at=BEFORE, reason="no longer needed"), exited(code), None)
    assert (verdict.event, verdict.failure, verdict.why) == (JobEvent.CANCEL, None, "no longer needed")


@pytest.mark.fault("F34")
@pytest.mark.parametrize(("code", "event"), [(0, JobEvent.SUCCEED), (1, JobEvent.FAIL)])
def test_a_cancel_after_the_natural_end_changes_nothing(code: int, event: JobEvent) -> None:
    assert judge(a_running_job(cancelled_at=AFTER), exited(code), None).event is event


def test_two_clocks_may_differ_a_little() -> None:
    assert judge(a_running_job(cancelled_at=END + CLOCK_TOLERANCE), exited(0), None).event is JobEvent.CANCEL
    late = END + CLOCK_TOLERANCE + timedelta(microseconds=1)
    assert judge(a_running_job(cancelled_at=late), exited(0), None).event is JobEvent.SUCCEED


def test_a_container_without_a_time_of_its_end_ended_after_the_cancel() -> None:
    assert judge(a_running_job(cancelled_at=AFTER), exited(0, finished_at=None), None).event is JobEvent.CANCEL


def test_a_cancel_without_a_reason_still_has_one_in_the_audit_trail() -> None:
    assert judge(a_running_job(cancelled_at=BEFORE), exited(143), None).why == "cancelled"


def test_a_cancel_stands_before_a_time_limit() -> None:
    job = a_running_job(cancelled_at=BEFORE, timed_out_at=BEFORE)
    assert judge(job, exited(143), None).event is JobEvent.CANCEL


# --- time limits


@pytest.mark.parametrize("code", [0, 124, 137, 143])
def test_a_time_limit_that_passed_before_the_end_is_timed_out_whatever_the_code(code: int) -> None:
    verdict = judge(a_running_job(timed_out_at=BEFORE), exited(code), None)
    assert verdict.event is JobEvent.TIME_OUT
    assert verdict.failure is not None
    assert verdict.failure.kind is FailureKind.TIMEOUT
    assert verdict.failure.message == "The job ran longer than its limit of 600 s."


def test_a_time_limit_that_fired_after_the_natural_end_changes_nothing() -> None:
    assert judge(a_running_job(timed_out_at=AFTER), exited(0), None).event is JobEvent.SUCCEED


def test_a_steps_shorter_limit_is_named() -> None:
    job = a_running_job(timed_out_at=BEFORE, commands=["true", {"run": "sleep 9", "timeout_s": 2.5}])
    failure = failure_of(job, exited(143), BEGAN, failed_step=1)
    assert (failure.kind, failure.step) == (FailureKind.TIMEOUT, 1)
    assert failure.message == "Step 2 ran longer than its limit of 2.5 s."


@pytest.mark.parametrize(("deadline_at", "whose"), [(BEFORE, "The job"), (END, "Step 1")])
def test_the_limit_that_passed_first_is_the_one_named(deadline_at: datetime, whose: str) -> None:
    step = {"run": "sleep 9", "timeout_s": 5}
    job = a_running_job(timed_out_at=BEFORE, deadline_at=deadline_at, commands=[step])
    assert failure_of(job, exited(143), BEGAN, failed_step=0).message.startswith(f"{whose} ran longer")


@pytest.mark.parametrize("step", [None, 0, 1, 7])
def test_a_limit_that_the_step_does_not_have_is_the_jobs(step: int | None) -> None:
    job = a_running_job(commands=["true", {"run": "sleep 9", "timeout_s": 900}])
    assert timeout_failure(job, step).message == "The job ran longer than its limit of 600 s."


def test_a_job_without_an_attempt_is_judged_by_its_code() -> None:
    assert judge(a_job(), exited(0), None).event is JobEvent.SUCCEED


# --- gone


def test_a_container_that_is_gone_is_lost() -> None:
    failure = failure_of(a_running_job(), None)
    assert (failure.kind, failure.retryable) == (FailureKind.CONTAINER_LOST, True)


def test_a_container_that_is_gone_after_a_cancel_is_cancelled() -> None:
    assert judge(a_running_job(cancelled_at=BEFORE), None, None).event is JobEvent.CANCEL


def test_a_container_that_is_gone_after_its_time_limit_is_timed_out() -> None:
    verdict = judge(a_running_job(timed_out_at=BEFORE), None, None)
    assert (verdict.event, verdict.why) == (JobEvent.TIME_OUT, "time limit")


def test_a_container_that_is_gone_before_any_attempt_was_noted_is_lost() -> None:
    assert failure_of(a_job(), None).kind is FailureKind.CONTAINER_LOST


# --- what others did


@pytest.mark.parametrize("code", [0, 1, 137, 143, 255])
def test_a_container_that_the_engine_took_along_is_lost_whatever_code_it_left(code: int) -> None:
    failure = failure_of(a_running_job(), exited(code, killed_from_outside="TERM", went_down_with_engine=True))
    assert (failure.kind, failure.retryable) == (FailureKind.CONTAINER_LOST, True)
    assert "went down" in failure.message


@pytest.mark.parametrize("code", [0, 7])
def test_a_container_that_somebody_started_again_is_tampered_with(code: int) -> None:
    failure = failure_of(a_running_job(), exited(code, restarted=True))
    assert (failure.kind, failure.retryable) == (FailureKind.TAMPERED, True)


def test_a_stop_of_ours_stands_before_what_others_did() -> None:
    job = a_running_job(cancelled_at=BEFORE)
    assert judge(job, exited(143, restarted=True, went_down_with_engine=True), None).event is JobEvent.CANCEL


def test_a_success_after_a_foreign_signal_says_so() -> None:
    verdict = judge(a_running_job(), exited(0, killed_from_outside="HUP"), None)
    assert verdict.event is JobEvent.SUCCEED
    assert verdict.warnings == ("Something outside OrcaOps sent the container SIGHUP before it ended.",)
