"""The steps of a running job, as its log tells of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from core.logs.markers import StepMarks
    from core.records.job import StepResult, StepStatus


def steps_with_marks(
    steps: tuple[StepResult, ...], marks: Iterable[StepMarks], success_codes: Collection[int]
) -> tuple[StepResult, ...]:
    """The steps with what their marks say; marks of steps that do not exist are passed over.

    Args:
        steps: The job's steps, all of them.
        marks: What the log told so far.
        success_codes: Exit codes that count as the job's success, beside a step's 0.
    """
    known = list(steps)
    for mark in marks:
        if mark.index >= len(known):
            continue
        status: StepStatus = "running"
        if mark.ended:
            status = "success" if mark.exit_code == 0 or mark.exit_code in success_codes else "failed"
        known[mark.index] = replace(
            known[mark.index],
            status=status,
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
