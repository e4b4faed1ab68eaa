"""The memory of jobs that just changed: it never tells what is not in the database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.lifecycle.job import JobStatus
from core.store.recent import RecentJobs
from core.testing.factories import a_job

if TYPE_CHECKING:
    from core.records.job import Job


def write(recent: RecentJobs, job: Job) -> None:
    recent.begin(job.job_id)
    recent.end(job.job_id, job)


def test_a_job_is_known_after_its_write_and_not_while_it_is_written() -> None:
    recent, job = RecentJobs(10, 10), a_job()
    assert recent.begin(job.job_id) is None
    assert recent.find(job.job_id) is None
    recent.end(job.job_id, job)
    assert recent.find(job.job_id) is job
    assert recent.begin(job.job_id) is job


def test_a_write_that_did_not_return_leaves_the_job_unknown() -> None:
    recent, job = RecentJobs(10, 10), a_job()
    write(recent, job)
    recent.begin(job.job_id)
    recent.end(job.job_id, None)
    assert recent.find(job.job_id) is None


def test_of_writes_that_overlap_none_is_known() -> None:
    recent, job = RecentJobs(10, 10), a_job()
    recent.begin(job.job_id)
    write(recent, job)
    recent.end(job.job_id, replace(job, version=2))
    assert recent.find(job.job_id) is None
    write(recent, later := replace(job, version=3))
    assert recent.find(job.job_id) is later


def test_the_job_untouched_for_longest_is_forgotten_first() -> None:
    recent, jobs = RecentJobs(2, 2), [a_job() for _ in range(3)]
    for job in jobs[:2]:
        write(recent, job)
    assert recent.find(jobs[0].job_id) is jobs[0]
    write(recent, jobs[2])
    assert [recent.find(job.job_id) for job in jobs] == [jobs[0], None, jobs[2]]


def test_of_jobs_that_have_ended_fewer_are_kept_and_they_push_no_live_one_out() -> None:
    recent, live = RecentJobs(2, 1), [a_job() for _ in range(2)]
    ended = [replace(a_job(), status=JobStatus.SUCCESS) for _ in range(3)]
    for job in [*live, *ended]:
        write(recent, job)
    assert [recent.find(job.job_id) for job in ended] == [None, None, ended[2]]
    assert [recent.find(job.job_id) for job in live] == live


def test_a_job_that_ends_is_kept_once() -> None:
    recent, job = RecentJobs(1, 1), a_job()
    end = replace(job, status=JobStatus.FAILED)
    for each in (job, end):
        write(recent, each)
    assert recent.find(job.job_id) is end
    assert recent.begin(job.job_id) is end
    recent.end(job.job_id, None)
    assert recent.find(job.job_id) is None
