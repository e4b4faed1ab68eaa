"""Where a job stands and what moves it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from core.lifecycle.machine import Lifecycle


class JobStatus(StrEnum):
    """Where a job stands; the wire uses these words."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows."""
        return self in JOB_LIFECYCLE.terminal


class JobEvent(StrEnum):
    """What moves a job."""

    START = "start"
    """A slot is free; the first act of an attempt follows."""
    SUCCEED = "succeed"
    FAIL = "fail"
    TIME_OUT = "time_out"
    CANCEL = "cancel"
    """The job never started, or its container is gone because somebody asked for that."""
    REQUEUE = "requeue"
    """The attempt ended without success and another one is allowed."""


class JobPhase(StrEnum):
    """How far the present attempt has come; for recovery and display, not a status."""

    PULLING = "pulling"
    CREATING = "creating"
    STARTING = "starting"
    RUNNING = "running"
    COLLECTING = "collecting"
    REMOVING = "removing"
    """The outcome is settled; the container still has to go."""
    DONE = "done"
    """Nothing of the attempt is left but its record."""


JOB_LIFECYCLE: Final = Lifecycle(
    "job",
    JobStatus.QUEUED,
    {
        (JobStatus.QUEUED, JobEvent.START): JobStatus.RUNNING,
        (JobStatus.QUEUED, JobEvent.CANCEL): JobStatus.CANCELLED,
        (JobStatus.RUNNING, JobEvent.SUCCEED): JobStatus.SUCCESS,
        (JobStatus.RUNNING, JobEvent.FAIL): JobStatus.FAILED,
        (JobStatus.RUNNING, JobEvent.TIME_OUT): JobStatus.TIMED_OUT,
        (JobStatus.RUNNING, JobEvent.CANCEL): JobStatus.CANCELLED,
        (JobStatus.RUNNING, JobEvent.REQUEUE): JobStatus.QUEUED,
    },
)
"""The job's table of moves."""
