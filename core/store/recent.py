"""The jobs that changed last, kept in memory: what is asked for most is a job that just moved.

Only what a finished write returned is kept, never what was read, and nothing of writes to one job that overlapped: who
returns last did not for that write last. So an entry is the job as the database has it, also when a writer is cancelled
half-way, and a deleted job has none.

Of jobs that have ended only the last few are asked for again, by whoever waited for them. More of them would let a
process grow for its first thousand jobs.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.records.job import Job


class _Kept:
    """Jobs of one sort, the one untouched for longest first."""

    __slots__ = ("_capacity", "jobs")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.jobs: OrderedDict[str, Job] = OrderedDict()

    def keep(self, job: Job) -> None:
        self.jobs[job.job_id] = job
        if len(self.jobs) > self._capacity:
            self.jobs.popitem(last=False)


class RecentJobs:
    """A bounded memory of jobs. Used on the event loop only.

    Args:
        live: As many jobs that have not ended are kept; the one untouched for longest goes first.
        ended: The same of jobs that have ended.
    """

    def __init__(self, live: int, ended: int) -> None:
        self._live, self._ended = _Kept(live), _Kept(ended)
        self._writing: dict[str, int] = {}
        self._overlapping: set[str] = set()

    def find(self, job_id: str) -> Job | None:
        """The job, if it is known for certain."""
        for jobs in (self._live.jobs, self._ended.jobs):
            job = jobs.get(job_id)
            if job is not None:
                jobs.move_to_end(job_id)
                return job
        return None

    def begin(self, job_id: str) -> Job | None:
        """A write to the job is under way, and ends with `end`; the job as it was known until now."""
        known = self._live.jobs.pop(job_id, None) or self._ended.jobs.pop(job_id, None)
        under_way = self._writing.get(job_id, 0)
        if under_way:
            self._overlapping.add(job_id)
        self._writing[job_id] = under_way + 1
        return known

    def end(self, job_id: str, written: Job | None) -> None:
        """A write to the job is over, with what it returned; None if it did not return."""
        if written is not None and job_id not in self._overlapping:
            (self._ended if written.status.is_terminal else self._live).keep(written)
        under_way = self._writing.pop(job_id) - 1
        if under_way:
            self._writing[job_id] = under_way
        else:
            self._overlapping.discard(job_id)
