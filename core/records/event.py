"""What the bus announces, after the commit that made it true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.records.job import Job


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job's record changed.

    Attributes:
        job: The record after the change.
        status_changed: Whether its status moved with it.
    """

    job: Job
    status_changed: bool


@dataclass(frozen=True, slots=True)
class LogGrew:
    """A job's log has more lines than before.

    Attributes:
        job_id: Whose.
        attempt: Of which attempt.
        lines: How many there are now.
    """

    job_id: str
    attempt: int
    lines: int


@dataclass(frozen=True, slots=True)
class ProgressChanged:
    """What a job does right now, in words; not stored.

    Attributes:
        job_id: Whose.
        text: Such as ``pulling alpine:3.20, 45 %``.
    """

    job_id: str
    text: str


EngineEvent = JobChanged | LogGrew | ProgressChanged
