from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import IllegalMoveError, StoreError
from core.lifecycle.job import JobEvent, JobPhase, JobStatus
from core.records.job import Attempt, CancelRequest, Failure, FailureKind, StatusChange
from core.store.export import RunIndex
from core.store.listing import JobFilter
from core.store.past import PastJob, keep_past_jobs
from core.testing.clock import START
from core.testing.factories import a_job, a_job_spec

if TYPE_CHECKING:
    from core.store.database import Database
    from core.store.jobs import JobStore

_END = START + timedelta(seconds=9)


def a_past_job(**changes: Any) -> PastJob:
    attempts = tuple(
        Attempt(number, JobPhase.DONE, f"orcaops-{number}", started_at=START, finished_at=_END) for number in (1, 2)
    )
    told = (
        (None, None, JobStatus.QUEUED),
        (JobEvent.START, JobStatus.QUEUED, JobStatus.RUNNING),
        (JobEvent.REQUEUE, JobStatus.RUNNING, JobStatus.QUEUED),
        (JobEvent.START, JobStatus.QUEUED, JobStatus.RUNNING),
        (JobEvent.FAIL, JobStatus.RUNNING, JobStatus.FAILED),
    )
    history = tuple(StatusChange(START, event, before, after, "engine", "why", 1) for event, before, after in told)
    job = a_job(
        spec=a_job_spec(name="past", tags=("tests",)),
        status=JobStatus.FAILED,
        version=7,
        started_at=START,
        finished_at=_END,
        attempt=attempts[-1],
        attempt_number=2,
        exit_code=1,
        failure=Failure(FailureKind.EXIT, "It ended with exit code 1."),
        cancel=CancelRequest(_END, "cli", "enough", 2.5),
    )
    return PastJob(replace(job, **changes), attempts, history, kept_bytes=4096)


async def test_a_past_job_is_read_as_it_was_told(database: Database, jobs: JobStore) -> None:
    past = a_past_job()
    await keep_past_jobs(database, [past])
    assert await jobs.get(past.job.job_id) == past.job
    assert await jobs.attempts(past.job.job_id) == past.attempts
    assert await jobs.history(past.job.job_id) == past.history


async def test_past_jobs_are_counted_found_by_tag_and_count_as_filed(database: Database, jobs: JobStore) -> None:
    one, other = a_past_job(), a_past_job(status=JobStatus.SUCCESS, failure=None, exit_code=0)
    await keep_past_jobs(database, [one, other])
    counts = await jobs.counts()
    assert (counts[JobStatus.FAILED], counts[JobStatus.SUCCESS], counts[JobStatus.QUEUED]) == (1, 1, 0)
    assert len((await jobs.list(JobFilter(tag="tests"))).items) == 2
    assert await RunIndex(database).unfiled("", 10) == ()


async def test_a_job_that_has_not_ended_is_no_past_job(database: Database, jobs: JobStore) -> None:
    running = a_past_job(status=JobStatus.RUNNING, finished_at=None)
    with pytest.raises(IllegalMoveError, match="has not ended: it is running"):
        await keep_past_jobs(database, [a_past_job(), running])
    assert (await jobs.list()).items == ()


async def test_of_past_jobs_all_are_kept_or_none(database: Database, jobs: JobStore) -> None:
    past = a_past_job()
    with pytest.raises(StoreError):
        await keep_past_jobs(database, [past, past])
    assert (await jobs.list()).items == ()
