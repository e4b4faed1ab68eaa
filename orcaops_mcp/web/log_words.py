"""What is said of a log beside its lines: why there are none, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core import Engine, Job, LogWindow


def nothing_yet(engine: Engine, job: Job, window: LogWindow, *, of_job: bool = True) -> str:
    """Why a log shows nothing.

    Args:
        engine: Whose job it is.
        job: The record.
        window: What was found, which is no line.
        of_job: Whether it is the job's own log rather than a service's.
    """
    if window.total_lines:
        return "No line of this log is among those asked for." if window.is_whole else "Looking…"
    if window.is_over:
        kept = job.attempt.log.lines if job.attempt and window.attempt == job.attempt_number and of_job else 0
        if kept:
            return f"This log had {kept:,} line{'' if kept == 1 else 's'} and is no longer there."
        if not window.attempt:
            return "This job never started, so it printed nothing."
        return "This job printed nothing." if of_job else "This service printed nothing."
    if not window.attempt:
        return waiting(engine, job)
    progress = engine.progress(job.job_id)
    return f"No output yet: {progress}." if progress else "No output yet."


def waiting(engine: Engine, job: Job) -> str:
    """Why a queued job has not begun."""
    place = engine.queue_place(job.job_id)
    if place is None:
        return "Waiting to begin."
    ahead = place.position - 1
    before = "next in the queue" if not ahead else f"{ahead:,} ahead in the queue"
    return f"{place.reason[:1].upper()}{place.reason[1:]}: {before}."


def missing(job: Job, window: LogWindow) -> str:
    """What of an attempt's output is not in its log; empty if nothing is known to be."""
    log = job.attempt.log if job.attempt and window.attempt == job.attempt_number else None
    if log is None or (log.complete and not log.truncated):
        return ""
    if not log.truncated:
        return "Output may be missing: the container engine was away meanwhile."
    if log.gap_after is None:
        return "The log stopped at its limit."
    return f"The log reached its limit: what came after line {log.gap_after:,} is left out, but for the end."
