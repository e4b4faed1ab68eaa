from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core.errors import IllegalMoveError, JobNotFoundError, StoreError
from core.ids import new_job_id
from core.lifecycle.job import JobEvent, JobPhase, JobStatus
from core.records.job import Attempt, CancelRequest, Failure, FailureKind, Job, StepResult, Usage
from core.records.log import LogSummary
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from core.store.database import Database
    from core.store.jobs import JobStore
    from core.testing.clock import MovingClock

_FAILURE = Failure(FailureKind.EXIT, "exit 3: é", hint="look", retryable=True, step=1)


_LEFT = """
SELECT (SELECT count(*) FROM attempts), (SELECT count(*) FROM transitions), (SELECT count(*) FROM job_tags)
"""


def an_attempt(number: int = 1, **changes: Any) -> Attempt:
    return replace(Attempt(number, JobPhase.PULLING, f"orcaops-{number}", token="t" * 32), **changes)


async def a_queued_job(jobs: JobStore, **changes: Any) -> Job:
    spec = a_job_spec(**changes)
    submitted = await jobs.submit(
        new_job_id(), spec, by="mcp", idempotency_key=None, request_digest="d", max_queued=10_000
    )
    return submitted.job


async def a_running_job(jobs: JobStore, **changes: Any) -> Job:
    job = await a_queued_job(jobs, **changes)
    return await jobs.move(job.job_id, JobEvent.START, by="engine", new_attempt=an_attempt())


async def test_starting_a_job_begins_an_attempt(jobs: JobStore, others: JobStore) -> None:
    queued = await a_queued_job(jobs)
    started = await jobs.move(queued.job_id, JobEvent.START, by="engine", new_attempt=an_attempt())
    assert started == replace(queued, status=JobStatus.RUNNING, version=2, attempt=an_attempt(), attempt_number=1)
    assert await jobs.get(queued.job_id) == await others.get(queued.job_id) == started
    assert await jobs.attempts(queued.job_id) == (an_attempt(),)


async def test_what_changes_of_an_attempt_with_its_beginning_is_read_back(jobs: JobStore, others: JobStore) -> None:
    job = await a_queued_job(jobs)
    begun = an_attempt()
    started = await jobs.move(
        job.job_id, JobEvent.START, by="engine", new_attempt=begun, attempt={"phase": JobPhase.STARTING, "exit_code": 7}
    )
    assert started.attempt == replace(begun, phase=JobPhase.STARTING, exit_code=7)
    assert (started.attempt_number, started.version) == (1, 2)
    assert await others.get(job.job_id) == started


async def test_a_move_carries_changes_of_the_job_and_of_its_attempt(
    jobs: JobStore, others: JobStore, clock: MovingClock
) -> None:
    job = await a_running_job(jobs)
    clock.advance(2.5)
    ended = await jobs.move(
        job.job_id,
        JobEvent.FAIL,
        by="engine",
        job={"failure": _FAILURE, "exit_code": 3, "outputs": {"a": "1", "ü": ""}, "warnings": ("w",)},
        attempt={"phase": JobPhase.REMOVING, "exit_code": 3, "failure": _FAILURE},
    )
    assert ended.status is JobStatus.FAILED
    assert ended.finished_at == clock.now()
    assert (ended.failure, ended.exit_code, ended.warnings) == (_FAILURE, 3, ("w",))
    assert ended.outputs == {"a": "1", "ü": ""}
    assert ended.attempt == an_attempt(phase=JobPhase.REMOVING, exit_code=3, failure=_FAILURE)
    assert await others.get(job.job_id) == ended


async def test_who_remembers_an_older_record_changes_the_present_one(jobs: JobStore, others: JobStore) -> None:
    job = await a_running_job(jobs)
    await others.change(job.job_id, job={"exit_code": 7}, attempt={"container_id": "c" * 64})
    changed = await jobs.change(job.job_id, attempt={"phase": JobPhase.STARTING})
    assert (changed.exit_code, changed.version) == (7, 4)
    assert changed.attempt == an_attempt(phase=JobPhase.STARTING, container_id="c" * 64)
    await others.move(job.job_id, JobEvent.SUCCEED, by="engine")
    with pytest.raises(IllegalMoveError):
        await jobs.move(job.job_id, JobEvent.FAIL, by="engine")
    assert (await jobs.get(job.job_id)).status is JobStatus.SUCCESS


async def test_a_move_that_only_an_older_record_forbids_is_made(jobs: JobStore, others: JobStore) -> None:
    job = await a_queued_job(jobs)
    await others.move(job.job_id, JobEvent.START, by="engine", new_attempt=an_attempt())
    await others.change(job.job_id, attempt={"container_id": "c0ffee"})
    ended = await jobs.move(job.job_id, JobEvent.SUCCEED, by="engine", attempt={"phase": JobPhase.DONE})
    assert (ended.status, ended.version) == (JobStatus.SUCCESS, 4)
    assert await jobs.get_many([job.job_id]) == (ended,)
    assert ended.attempt == an_attempt(phase=JobPhase.DONE, container_id="c0ffee")


async def test_how_far_an_attempt_is_reads_back(jobs: JobStore, others: JobStore) -> None:
    job = await a_running_job(jobs)
    await jobs.change(job.job_id, attempt={"phase": JobPhase.STARTING, "container_id": "c" * 64})
    changed = await jobs.change(job.job_id, attempt={"phase": JobPhase.RUNNING})
    assert changed == await others.get(job.job_id)
    assert changed.attempt == an_attempt(phase=JobPhase.RUNNING, container_id="c" * 64)


async def test_a_retry_joins_the_queue_again_and_keeps_the_attempt_before(jobs: JobStore, clock: MovingClock) -> None:
    job = await a_running_job(jobs)
    clock.advance(10)
    later = clock.now() + timedelta(seconds=4)
    queued = await jobs.move(
        job.job_id, JobEvent.REQUEUE, by="engine", job={"not_before": later}, attempt={"phase": JobPhase.DONE}
    )
    assert (queued.status, queued.queued_at, queued.not_before) == (JobStatus.QUEUED, clock.now(), later)
    assert queued.created_at == job.created_at
    await jobs.move(job.job_id, JobEvent.START, by="engine", new_attempt=an_attempt(2))
    assert [(each.number, each.phase) for each in await jobs.attempts(job.job_id)] == [
        (1, JobPhase.DONE),
        (2, JobPhase.PULLING),
    ]
    assert (await jobs.get(job.job_id)).attempt == an_attempt(2)


async def test_an_attempt_whose_number_does_not_follow_is_refused_and_nothing_changes(jobs: JobStore) -> None:
    job = await a_queued_job(jobs)
    with pytest.raises(IllegalMoveError, match="Attempt 2 does not follow attempt 0"):
        await jobs.move(job.job_id, JobEvent.START, by="engine", new_attempt=an_attempt(2))
    assert await jobs.get(job.job_id) == job


@pytest.mark.parametrize("event", [JobEvent.SUCCEED, JobEvent.FAIL, JobEvent.TIME_OUT, JobEvent.REQUEUE])
async def test_an_illegal_move_changes_nothing(jobs: JobStore, event: JobEvent) -> None:
    job = await a_queued_job(jobs)
    before = await jobs.history(job.job_id)
    with pytest.raises(IllegalMoveError, match="it may cancel, start"):
        await jobs.move(job.job_id, event, by="engine", job={"exit_code": 1})
    assert await jobs.get(job.job_id) == job
    assert await jobs.history(job.job_id) == before


async def test_of_many_who_move_one_job_at_once_exactly_one_wins(jobs: JobStore) -> None:
    job = await a_running_job(jobs)
    outcomes: list[str] = []

    async def finish(event: JobEvent) -> None:
        try:
            outcomes.append((await jobs.move(job.job_id, event, by="engine")).status)
        except IllegalMoveError:
            outcomes.append("refused")

    async with anyio.create_task_group() as tasks:
        for event in (JobEvent.SUCCEED, JobEvent.FAIL, JobEvent.CANCEL, JobEvent.TIME_OUT) * 10:
            tasks.start_soon(finish, event)
    assert len([outcome for outcome in outcomes if outcome != "refused"]) == 1
    assert len(await jobs.history(job.job_id)) == 3


async def test_the_audit_trail_tells_every_move(jobs: JobStore, clock: MovingClock) -> None:
    job = await a_queued_job(jobs)
    created_at = clock.now()
    clock.advance(1)
    await jobs.move(job.job_id, JobEvent.START, by="engine", new_attempt=an_attempt())
    await jobs.change(job.job_id, attempt={"phase": JobPhase.RUNNING})
    clock.advance(1)
    await jobs.move(job.job_id, JobEvent.REQUEUE, by="engine", why="exit 1, attempt 1 of 2")
    await jobs.move(job.job_id, JobEvent.CANCEL, by="cli", why="no longer needed")
    told = [
        (change.at - created_at, change.event, change.before, change.after, change.by, change.why, change.attempt)
        for change in await jobs.history(job.job_id)
    ]
    second = timedelta(seconds=1)
    assert told == [
        (0 * second, None, None, "queued", "mcp", "", 0),
        (1 * second, "start", "queued", "running", "engine", "", 1),
        (2 * second, "requeue", "running", "queued", "engine", "exit 1, attempt 1 of 2", 1),
        (2 * second, "cancel", "queued", "cancelled", "cli", "no longer needed", 1),
    ]


async def test_a_change_raises_the_version_and_leaves_the_rest(jobs: JobStore, clock: MovingClock) -> None:
    job = await a_running_job(jobs)
    now = clock.now()
    step = StepResult(0, "build", "failed", exit_code=3, started_at=now, finished_at=now, first_line=1, last_line=9)
    log = LogSummary(lines=9, size=120, truncated=True, gap_after=5, complete=False)
    usage = Usage(cpu_seconds=1.25, peak_memory_bytes=2**40, exact=True)
    changed = await jobs.change(
        job.job_id,
        job={"started_at": now},
        attempt={
            "phase": JobPhase.RUNNING,
            "container_id": "c0ffee",
            "image_digest": "busybox@sha256:1",
            "started_at": now,
            "finished_at": now,
            "deadline_at": now + timedelta(minutes=10),
            "timeout_fired_at": now,
            "steps": (step, StepResult(1, "test")),
            "usage": usage,
            "log": log,
        },
    )
    assert changed.version == job.version + 1
    assert changed.started_at == now
    assert changed.attempt is not None
    assert (changed.attempt.steps[0], changed.attempt.usage, changed.attempt.log) == (step, usage, log)
    assert await jobs.get(job.job_id) == changed


async def test_an_attempt_cannot_be_changed_before_there_is_one(jobs: JobStore) -> None:
    job = await a_queued_job(jobs)
    with pytest.raises(StoreError, match="no attempt yet"):
        await jobs.change(job.job_id, attempt={"phase": JobPhase.DONE})


async def test_the_first_request_to_cancel_stands(jobs: JobStore, clock: MovingClock) -> None:
    job = await a_running_job(jobs)
    request = CancelRequest(clock.now(), "cli", "wrong branch", 2.5)
    asked = await jobs.request_cancel(job.job_id, request)
    assert asked == replace(job, cancel=request, version=job.version + 1)
    assert await jobs.request_cancel(job.job_id, CancelRequest(clock.now(), "mcp", "me too", None)) == asked
    assert await jobs.get(job.job_id) == asked


async def test_cancelling_a_finished_job_returns_it_unchanged(jobs: JobStore, clock: MovingClock) -> None:
    job = await a_running_job(jobs)
    ended = await jobs.move(job.job_id, JobEvent.SUCCEED, by="engine")
    assert await jobs.request_cancel(job.job_id, CancelRequest(clock.now(), "cli", "", None)) == ended


async def test_only_a_finished_job_is_deleted_and_nothing_of_it_stays(jobs: JobStore, database: Database) -> None:
    job, missing = await a_running_job(jobs, tags=("t",)), new_job_id()
    assert await jobs.delete([job.job_id, missing]) == {}
    await jobs.move(job.job_id, JobEvent.SUCCEED, by="engine")
    assert await jobs.delete([job.job_id, missing]) == {job.job_id: 0}
    for ask in (jobs.get, jobs.history, jobs.attempts):
        with pytest.raises(JobNotFoundError):
            await ask(job.job_id)
    assert await jobs.delete([job.job_id]) == {}
    assert set((await jobs.counts()).values()) == {0}
    assert await database.read(lambda connection: connection.execute(_LEFT).fetchone()) == (0, 0, 0)


async def test_a_job_that_is_deleted_while_it_changes_is_not_remembered(jobs: JobStore) -> None:
    job = await a_running_job(jobs)
    await jobs.move(job.job_id, JobEvent.SUCCEED, by="engine")

    async def change() -> None:
        await jobs.change(job.job_id, attempt={"phase": JobPhase.DONE})

    async with anyio.create_task_group() as tasks:  # one transaction: the first to ask is the last to return
        tasks.start_soon(change)
        tasks.start_soon(jobs.delete, [job.job_id])
    with pytest.raises(JobNotFoundError):
        await jobs.get(job.job_id)


async def test_changes_made_at_once_are_all_read_afterwards(jobs: JobStore) -> None:
    job = await a_running_job(jobs)

    async def change(code: int) -> None:
        await jobs.change(job.job_id, job={"exit_code": code})

    async with anyio.create_task_group() as tasks:
        for code in (1, 2, 3):
            tasks.start_soon(change, code)
    assert (await jobs.get(job.job_id),) == await jobs.get_many([job.job_id])


async def test_what_does_not_exist_cannot_be_changed(jobs: JobStore, clock: MovingClock) -> None:
    missing = new_job_id()
    with pytest.raises(JobNotFoundError):
        await jobs.move(missing, JobEvent.CANCEL, by="cli")
    with pytest.raises(JobNotFoundError):
        await jobs.change(missing)
    with pytest.raises(JobNotFoundError):
        await jobs.request_cancel(missing, CancelRequest(clock.now(), "cli", "", None))
