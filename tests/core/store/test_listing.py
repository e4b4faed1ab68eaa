from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import InvalidArgumentError
from core.ids import new_job_id
from core.lifecycle.job import JobEvent, JobPhase, JobStatus
from core.records.job import Attempt
from core.store import listing
from core.store.listing import JobFilter
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    import sqlite3

    from core.records.job import Job
    from core.store.database import Database
    from core.store.jobs import JobStore
    from core.testing.clock import MovingClock

_ENDS = {JobStatus.SUCCESS: JobEvent.SUCCEED, JobStatus.FAILED: JobEvent.FAIL, JobStatus.TIMED_OUT: JobEvent.TIME_OUT}


async def _a_job(
    jobs: JobStore,
    status: JobStatus = JobStatus.QUEUED,
    phase: JobPhase = JobPhase.DONE,
    *,
    by: str = "mcp",
    **spec: Any,
) -> Job:
    job_id = new_job_id()
    submitted = await jobs.submit(
        job_id, a_job_spec(**spec), by=by, idempotency_key=None, request_digest="d", max_queued=10**6
    )
    if status is JobStatus.QUEUED:
        return submitted.job
    if status is JobStatus.CANCELLED:
        return await jobs.move(job_id, JobEvent.CANCEL, by="cli")
    job = await jobs.move(job_id, JobEvent.START, by="engine", new_attempt=Attempt(1, phase, "orcaops-1"))
    return job if status is JobStatus.RUNNING else await jobs.move(job_id, _ENDS[status], by="engine")


async def _walk(jobs: JobStore, which: JobFilter, limit: int) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await jobs.list(which, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        seen += [job.job_id for job in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return seen


async def test_the_newest_jobs_come_first(jobs: JobStore, clock: MovingClock) -> None:
    made: list[str] = []
    for _ in range(5):
        made.append((await _a_job(jobs)).job_id)
        clock.advance(1)
    page = await jobs.list(limit=2)
    assert [job.job_id for job in page.items] == made[:2:-1]
    assert await _walk(jobs, JobFilter(), 2) == made[::-1]


async def _some_jobs(jobs: JobStore, clock: MovingClock) -> list[Job]:
    chance = random.Random(4)  # noqa: S311 - repeatable on purpose
    made: list[Job] = []
    for _ in range(60):
        spec: dict[str, Any] = {
            "name": chance.choice(["a", "b", "Lint-A", None]),
            "image": chance.choice(["busybox", "alpine"]),
            "tags": tuple(chance.sample(["x", "y"], chance.randint(0, 2))),
        }
        made.append(await _a_job(jobs, chance.choice(list(JobStatus)), by=chance.choice(["mcp", "cli"]), **spec))
        clock.advance(chance.choice([0, 1]))  # several jobs share a moment
    return made


def _passes(job: Job, which: JobFilter) -> bool:
    searched = " ".join((job.spec.name or "", job.spec.image, job.job_id)).lower()
    return (
        (not which.statuses or job.status in which.statuses)
        and (which.finished is None or job.is_finished == which.finished)
        and (which.name is None or job.spec.name == which.name)
        and (which.tag is None or which.tag in job.spec.tags)
        and (which.since is None or job.created_at >= which.since)
        and (which.text is None or which.text.lower() in searched)
        and (which.submitted_by is None or job.submitted_by == which.submitted_by)
        and (which.until is None or job.created_at < which.until)
        and (which.job_id_prefix is None or job.job_id.startswith(which.job_id_prefix))
    )


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 7, 200])
async def test_every_filter_lists_exactly_what_it_says(jobs: JobStore, clock: MovingClock, limit: int) -> None:
    made = await _some_jobs(jobs, clock)
    newest_first = sorted(made, key=lambda job: (job.created_at, job.job_id), reverse=True)
    some = frozenset({JobStatus.FAILED, JobStatus.QUEUED, JobStatus.RUNNING})
    plain = (
        JobFilter(statuses, finished, name, tag, since)
        for statuses in (frozenset[JobStatus](), some)
        for finished in (None, True, False)
        for name in (None, "a", "absent")
        for tag in (None, "x")
        for since in (None, made[20].created_at)
    )
    searched = (
        JobFilter(name=name, tag=tag, text=text, submitted_by=by, until=until, job_id_prefix=prefix)
        for name in (None, "a")
        for tag in (None, "x")
        for text in (None, "LINT-a", "busy", made[7].job_id[8:], "%", "absent")
        for by in (None, "mcp")
        for until in (None, made[40].created_at)
        for prefix in (None, made[9].job_id[:-3], "job_")
    )
    for which in (*plain, *searched):
        expected = [job.job_id for job in newest_first if _passes(job, which)]
        assert await _walk(jobs, which, limit) == expected, which


async def test_a_text_that_is_not_unicode_finds_nothing(jobs: JobStore) -> None:
    await _a_job(jobs)
    odd = "\udc80"
    for which in (JobFilter(text=odd), JobFilter(job_id_prefix=odd), JobFilter(name=odd), JobFilter(tag=odd)):
        assert (await jobs.list(which)).items == ()


async def test_pages_skip_and_repeat_nothing_while_jobs_arrive_and_move(jobs: JobStore, clock: MovingClock) -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable on purpose
    made = [(await _a_job(jobs)).job_id for _ in range(50)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await jobs.list(limit=chance.randint(1, 6), cursor=cursor)
        seen += [job.job_id for job in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        clock.advance(chance.choice([0.001, 1]))
        await _a_job(jobs)
        await jobs.change(chance.choice(made), job={"exit_code": 1})
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("limit", [0, 201, -1])
async def test_a_page_has_from_1_to_200_jobs(jobs: JobStore, limit: int) -> None:
    with pytest.raises(InvalidArgumentError, match="limit"):
        await jobs.list(limit=limit)


async def test_a_made_up_cursor_is_refused(jobs: JobStore) -> None:
    with pytest.raises(InvalidArgumentError, match="cursor"):
        await jobs.list(cursor="bm90aGluZw")


async def test_a_page_walks_an_index_and_never_the_table(database: Database) -> None:
    def plans(connection: sqlite3.Connection) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for query in listing._SQL.queries.values():
            values = query.in_order(dict.fromkeys(query.placeholders, "[]"))
            rows = connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", values)
            found[query.name] = [row[3] for row in rows]
        return found

    told = await database.read(plans)
    for name, plan in told.items():
        assert not {"SCAN jobs", "SCAN j", "SCAN attempts"}.intersection(plan), name
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan or name == "list_queued", name
    for name in ("newest_by_status", "newest_by_name"):
        assert told[name][0].startswith("SEARCH jobs USING COVERING INDEX jobs_by_")
    assert told["newest_by_tag"][0].startswith("SEARCH t USING PRIMARY KEY (tag=?")


async def test_jobs_are_got_in_the_order_asked_without_the_unknown_ones(jobs: JobStore) -> None:
    first, second = await _a_job(jobs), await _a_job(jobs)
    asked = (second.job_id, new_job_id(), first.job_id, second.job_id)
    assert await jobs.get_many(asked) == (second, first)
    assert await jobs.get_many(()) == ()


async def test_ids_are_found_by_their_beginning_newest_first(jobs: JobStore) -> None:
    made = sorted([(await _a_job(jobs)).job_id for _ in range(5)], reverse=True)
    assert await jobs.ids_starting_with("job_", 3) == tuple(made[:3])
    assert await jobs.ids_starting_with("", 10) == tuple(made)
    assert await jobs.ids_starting_with(made[2], 10) == (made[2],)
    assert await jobs.ids_starting_with("job_%", 10) == ()
    assert await jobs.ids_starting_with("job_\udc80", 10) == ()


async def test_counts_follow_every_move_and_name_every_status(jobs: JobStore) -> None:
    assert await jobs.counts() == dict.fromkeys(JobStatus, 0)
    for number, status in enumerate(JobStatus, start=1):
        for _ in range(number):
            await _a_job(jobs, status)
    assert await jobs.counts() == {status: number for number, status in enumerate(JobStatus, start=1)}


async def test_the_queue_is_in_order_of_priority_and_then_of_joining(jobs: JobStore, clock: MovingClock) -> None:
    retried = await _a_job(jobs, JobStatus.RUNNING)
    clock.advance(1)
    plain = await _a_job(jobs, gpus=2)
    urgent = await _a_job(jobs, priority=10)
    await _a_job(jobs, JobStatus.SUCCESS)
    clock.advance(1)
    await jobs.move(retried.job_id, JobEvent.REQUEUE, by="engine", job={"not_before": clock.now()})
    queue = await jobs.queued()
    assert [entry.job_id for entry in queue] == [urgent.job_id, plain.job_id, retried.job_id]
    assert [entry.priority for entry in queue] == [10, 0, 0]
    assert [dict(entry.slots) for entry in queue] == [{}, {"gpus": 2}, {}]
    assert [entry.not_before for entry in queue] == [None, None, clock.now()]
    assert queue[2].created_at == retried.created_at
    assert queue[2].queued_at == clock.now()


async def test_live_are_jobs_that_run_and_ended_ones_whose_container_may_be_there(jobs: JobStore) -> None:
    await _a_job(jobs)
    await _a_job(jobs, JobStatus.CANCELLED)
    await _a_job(jobs, JobStatus.SUCCESS, JobPhase.DONE)
    running = await _a_job(jobs, JobStatus.RUNNING, JobPhase.PULLING)
    ended = await _a_job(jobs, JobStatus.FAILED, JobPhase.REMOVING)
    live = await jobs.live()
    assert sorted(job.job_id for job in live) == sorted([running.job_id, ended.job_id])
