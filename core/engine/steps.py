"""The steps of a running job, as its log tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.frozen import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.logs.markers import StepMarks
    from core.records.job import StepOutcome, StepResult, StepStatus
    from core.spec.job import JobSpec


def steps_with_marks(
    steps: tuple[StepResult, ...], marks: Iterable[StepMarks], spec: JobSpec
) -> tuple[StepResult, ...]:
    """The steps with what their marks say; marks of steps that do not exist are passed over.

    Args:
        steps: The job's steps, all of them.
        marks: What the log told so far.
        spec: What was asked of them.
    """
    known = list(steps)
    for mark in marks:
        if mark.index >= len(known):
            continue
        status: StepStatus = "running"
        outcome: StepOutcome | None = None
        if mark.ended:
            code = mark.exit_code or 0
            outcome = "success" if code == 0 or code in spec.success_exit_codes else "failure"
            is_fine = outcome == "success" or spec.commands[mark.index].tolerates(code)
            status = "success" if is_fine else "failed"
        known[mark.index] = replace(
            known[mark.index],
            status=status,
            outcome=outcome,
            attempts=max(1, known[mark.index].attempts),
            exit_code=mark.exit_code,
            started_at=mark.began_at,
            finished_at=mark.ended_at,
            first_line=mark.first_line,
            last_line=mark.last_line,
        )
    return tuple(known)


def running_step(steps: Iterable[StepResult]) -> StepResult | None:
    """The step that runs now, if one does."""
    return next((step for step in steps if step.status == "running"), None)
