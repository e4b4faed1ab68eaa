"""Where a job went wrong: the line of its log that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import JobStatus, LogCursor, LogQuery, clean_text

if TYPE_CHECKING:
    from core import Engine, Job

QUICK_LINES: Final = 2000
"""A log of so many lines at most is looked through while its page is made."""
_WHOLE_LINES: Final = 50_000
"""A log of more lines is not read whole for this: the first line that tells of an error is taken."""
_HEADLINE: Final = 300
_WENT_WRONG: Final = frozenset({JobStatus.FAILED, JobStatus.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class FirstError:
    """What a log says first about a job's failure.

    Attributes:
        line: The line that says so; None when only the job's end does.
        headline: What it says.
        hint: What to do about it; may be empty.
    """

    line: int | None
    headline: str
    hint: str = ""


def went_wrong(job: Job) -> bool:
    """Whether there is an error to look for."""
    return job.status in _WENT_WRONG and job.attempt is not None


async def first_error(engine: Engine, job: Job) -> FirstError | None:
    """The first real cause of a job's failure, as its log tells it; None if it did not fail or nothing was found.

    A log of any length takes a moment: a long one is read up to the first line that tells of an error, in the step
    that failed if there are steps.
    """
    if not went_wrong(job) or job.attempt is None:
        return None
    if job.attempt.log.lines <= _WHOLE_LINES:
        cause = (await engine.explain_failure(job.job_id)).diagnosis.cause
        return FirstError(cause.line or None, cause.headline, cause.hint) if cause else None
    step = job.failure.step if job.failure else None
    asked = LogQuery(cursor=LogCursor(job.attempt_number, 1), errors_only=True, step=step, max_lines=1)
    while True:
        page = await engine.read_logs(job.job_id, asked)
        if page.lines:
            found = page.lines[0]
            return FirstError(found.number, clean_text(found.text).strip()[:_HEADLINE])
        if page.at_end:
            return None
        asked = LogQuery(cursor=page.next_cursor, errors_only=True, step=step, max_lines=1)
