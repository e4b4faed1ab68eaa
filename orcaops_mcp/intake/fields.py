"""Texts of callers that stand for something: ids, moments, spans of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from core import InvalidArgumentError, JobNotFoundError, is_job_id

_SPAN: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([smhdw]?)", re.ASCII)
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_S: Final = 100 * 365 * 86_400


def known_form(job_id: str) -> str:
    """The id, if it has the form of one.

    Raises:
        JobNotFoundError: It has not, so no job can have it.
    """
    if not is_job_id(job_id):
        raise JobNotFoundError("There is no job with this id; a job id looks like job_ and 25 letters and digits.")
    return job_id


def log_place(text: str) -> tuple[str, str | None]:
    """The job and the service whose log ``job_…`` or ``job_…/db`` names; no service for the job's own.

    Raises:
        JobNotFoundError: No job can have this id.
    """
    job_id, slash, service = text.partition("/")
    return known_form(job_id), service if slash else None


def moment(text: str, *, name: str = "since") -> datetime:
    """An RFC 3339 time; one without an offset is UTC.

    Args:
        text: What was given.
        name: The argument, for the error.

    Raises:
        InvalidArgumentError: It is not one.
    """
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidArgumentError(f"{name}: not a time in RFC 3339, such as 2026-01-31T12:00:00Z") from None


def span(text: str, *, name: str) -> timedelta:
    """A span such as ``90``, ``90s``, ``10m``, ``2h``, ``7d`` or ``4w``; a bare number is seconds.

    Args:
        text: What was given.
        name: The argument, for the error.

    Raises:
        InvalidArgumentError: It is not one.
    """
    found = _SPAN.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else _LONGEST_S + 1
    if seconds > _LONGEST_S:
        raise InvalidArgumentError(f"{name}: not a span of time, such as 90s, 10m, 2h or 7d")
    return timedelta(seconds=seconds)


def moment_or_span(text: str, now: datetime, *, name: str = "since") -> datetime:
    """A moment, or a span counted back from ``now``.

    Args:
        text: What was given.
        now: The present moment.
        name: The argument, for the error.

    Raises:
        InvalidArgumentError: It is neither.
    """
    if _SPAN.fullmatch(text.strip()):
        return now - span(text, name=name)
    return moment(text, name=name)
