"""Logs for people who look at them: windows by row, and searches of the whole with true counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.engine.reading import log_id_of
from core.errors import InvalidArgumentError
from core.logs.line_set import LineChoice

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.logs.line_set import ChosenLines
    from core.logs.sought import Sought
    from core.logs.window import ShownLine
    from core.records.job import Job

MAX_WINDOW: Final = 2000
"""Most lines of a window."""
BUDGET_S: Final = 2.0
"""As long a call looks through a log at most; the next one goes on from there."""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Which log is looked at.

    Attributes:
        job_id: The job's.
        attempt: Which attempt; None for the last.
        service: Of this service instead of the job itself.
    """

    job_id: str
    attempt: int | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class LogWindow:
    """Some rows of a view of a log.

    Attributes:
        attempt: Which attempt this is; 0 while there is none.
        first: The row, from 1, of the first line.
        lines: In order.
        rows: How many rows the view has, as far as it was looked at.
        total_lines: How many lines the log has.
        is_whole: Whether all of the log was looked at for this view; else the same call goes on looking.
        is_over: Whether the attempt has ended, so that nothing more will come.
    """

    attempt: int
    first: int
    lines: tuple[ShownLine, ...]
    rows: int
    total_lines: int
    is_whole: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class LogHits:
    """What a search of a whole log found, seen from one of its lines.

    Attributes:
        attempt: Which attempt this is; 0 while there is none.
        total: Lines that hold what was sought, as far as it was looked.
        is_whole: Whether all of the log was looked at; else the same call goes on looking.
        place: Which of them, from 1, is the first at or after the line.
        is_hit: Whether the line itself is one.
        following: The next one after the line.
        previous: The last one before the line.
        first: The first of all.
        last: The last of all.
    """

    attempt: int
    total: int
    is_whole: bool
    place: int
    is_hit: bool
    following: int | None
    previous: int | None
    first: int | None
    last: int | None


class LogViewDesk:
    """Shows logs.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def window(
        self, place: LogPlace, choice: LineChoice, *, first: int, limit: int, line: int | None, budget_s: float
    ) -> LogWindow:
        """Rows of a view.

        Args:
            place: Which log.
            choice: Which of its lines the view has; its rows are these.
            first: The first row wanted.
            limit: At most so many; 0 only tells how many there are.
            line: Begin at the first row whose line is this or a later one, rather than at ``first``.
            budget_s: Look through the log for so long at most.

        Raises:
            JobNotFoundError: There is no such job.
            InvalidArgumentError: The attempt or the service does not exist, or a number is out of range.
        """
        if not 0 <= limit <= MAX_WINDOW:
            raise InvalidArgumentError(f"limit: from 0 to {MAX_WINDOW:,}")
        if first < 1 or (line is not None and line < 1):
            raise InvalidArgumentError("first: lines are counted from 1")
        job = await self._parts.jobs.get(place.job_id)
        log_id, attempt = log_id_of(job, place.service), _attempt_of(job, place.attempt)
        is_over = job.is_finished or attempt < job.attempt_number  # asked before the lines: nothing comes after it
        if not attempt:
            return LogWindow(0, 1, (), 0, 0, is_whole=True, is_over=is_over)
        logs = self._parts.logs
        if choice.takes_all:
            rows = total = await logs.total_lines(log_id, attempt)
            begin, is_whole = line or first, True
            numbers = tuple(range(begin, min(begin + limit, total + 1)))
        else:
            chosen = await logs.choose(log_id, attempt, choice, budget_s=budget_s)
            total = await logs.total_lines(log_id, attempt)
            begin, rows, is_whole = chosen.place_of(line) if line else first, len(chosen), chosen.is_whole
            numbers = chosen.at(begin, limit)
        lines = await logs.show(log_id, attempt, numbers) if numbers else ()
        return LogWindow(attempt, begin, lines, rows, total, is_whole, is_over)

    async def search(
        self, place: LogPlace, choice: LineChoice, sought: Sought, *, line: int, budget_s: float
    ) -> LogHits:
        """Where something stands in a whole log.

        Args:
            place: Which log.
            choice: Which of its lines count.
            sought: What is sought in them.
            line: Seen from this line; 0 for before the first.
            budget_s: Look through the log for so long at most.

        Raises:
            JobNotFoundError: There is no such job.
            InvalidArgumentError: The attempt or the service does not exist.
        """
        job = await self._parts.jobs.get(place.job_id)
        log_id, attempt = log_id_of(job, place.service), _attempt_of(job, place.attempt)
        if not attempt:
            return LogHits(0, 0, is_whole=True, place=1, is_hit=False, **_NOWHERE)
        wanted = LineChoice(choice.streams, choice.step, sought)
        found = await self._parts.logs.choose(log_id, attempt, wanted, budget_s=budget_s)
        return _seen_from(line, found, attempt)


_NOWHERE: Final[dict[str, None]] = {"following": None, "previous": None, "first": None, "last": None}


def _seen_from(line: int, found: ChosenLines, attempt: int) -> LogHits:
    at = found.place_of(line)
    return LogHits(
        attempt=attempt,
        total=len(found),
        is_whole=found.is_whole,
        place=at,
        is_hit=found.at(at, 1) == (line,),
        following=found.after(line),
        previous=found.before(line),
        first=next(iter(found.at(1, 1)), None),
        last=next(iter(found.at(len(found), 1)), None) if len(found) else None,
    )


def _attempt_of(job: Job, attempt: int | None) -> int:
    """The attempt that is looked at; 0 while there is none.

    Raises:
        InvalidArgumentError: The job has had fewer.
    """
    if attempt is None:
        return job.attempt_number
    if not 1 <= attempt <= max(job.attempt_number, 1):
        raise InvalidArgumentError(
            f"attempt: the job has had {job.attempt_number} so far", hint="Leave it out for the last attempt."
        )
    return min(attempt, job.attempt_number)
