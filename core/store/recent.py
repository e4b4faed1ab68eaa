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
    from collections.abc import Callable

    from core.records.job import Job


class _Kept:
    """Jobs of one sort, the one untouched for longest first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def find(self, job_id: str) -> Job | None:
        job = self._jobs.get(job_id)
        if job is not None:
            self._jobs.move_to_end(job_id)
        return job

    def keep(self, job: Job) -> None:
        self._jobs[job.job_id] = job
        if len(self._jobs) > self._capacity:
            self._jobs.popitem(last=False)

    def forget(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)


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
        return self._live.find(job_id) or self._ended.find(job_id)

    def writing(self, job_id: str) -> _Writing:
        """Hold this while a write to the job is under way, and hand what it returned to the function given."""
        return _Writing(self, job_id)

    def begin(self, job_id: str) -> None:
        """A write to the job is under way."""
        self._live.forget(job_id)
        self._ended.forget(job_id)
        under_way = self._writing.get(job_id, 0)
        if under_way:
            self._overlapping.add(job_id)
        self._writing[job_id] = under_way + 1

    def end(self, job_id: str, written: Job | None) -> None:
        """A write to the job is over, with what it returned; None if it did not return."""
        if written is not None and job_id not in self._overlapping:
            (self._ended if written.status.is_terminal else self._live).keep(written)
        under_way = self._writing.pop(job_id) - 1
        if under_way:
            self._writing[job_id] = under_way
        else:
            self._overlapping.discard(job_id)


class _Writing:
    """A write that is under way; a class, since there are several for every job."""

    __slots__ = ("_job_id", "_recent", "_written")

    def __init__(self, recent: RecentJobs, job_id: str) -> None:
        self._recent, self._job_id = recent, job_id
        self._written: Job | None = None

    def __enter__(self) -> Callable[[Job], Job]:
        self._recent.begin(self._job_id)
        return self._note

    def _note(self, job: Job) -> Job:
        self._written = job
        return job

    def __exit__(self, *_: object) -> None:
        self._recent.end(self._job_id, self._written)
