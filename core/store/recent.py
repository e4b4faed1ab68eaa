"""The jobs that changed last, kept in memory: what is asked for most is a job that just moved.

Only what a finished write returned is kept, never what was read, and nothing of writes to one job that overlapped: who
returns last did not for that write last. So an entry is the job as the database has it, also when a writer is cancelled
half-way, and a deleted job has none.

Of jobs that have ended only the last few are asked for again, by whoever waited for them. More of them would let a
process grow for its first thousand jobs.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

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
        self._writing: Counter[str] = Counter()
        self._overlapping: set[str] = set()

    def find(self, job_id: str) -> Job | None:
        """The job, if it is known for certain."""
        return self._live.find(job_id) or self._ended.find(job_id)

    @contextmanager
    def writing(self, job_id: str) -> Generator[Callable[[Job], Job]]:
        """Hold this while a write to the job is under way, and hand what it returned to the function given."""
        self._live.forget(job_id)
        self._ended.forget(job_id)
        self._writing[job_id] += 1
        if self._writing[job_id] > 1:
            self._overlapping.add(job_id)
        written: list[Job] = []

        def note(job: Job) -> Job:
            written.append(job)
            return job

        try:
            yield note
        finally:
            if written and job_id not in self._overlapping:
                (self._ended if written[0].status.is_terminal else self._live).keep(written[0])
            self._writing[job_id] -= 1
            if not self._writing[job_id]:
                del self._writing[job_id]
                self._overlapping.discard(job_id)
