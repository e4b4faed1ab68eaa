"""Finished jobs as history: listed, written to files, deleted."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from core import (
    InvalidArgumentError,
    JobFilter,
    JobNotFinishedError,
    JobNotFoundError,
    JobStatus,
    LogQuery,
    job_document,
    new_job_id,
    open_engine,
)
from core.backends.simulated.backend import SimulatedBackend
from core.testing.clock import MovingClock
from core.testing.factories import a_job_spec
from tests.core.engine.breaking import BreakingBackend, a_job_that_stays, is_done, submit, until, until_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core import Engine, EngineSettings, Job, JobSpec

_KEEPS = ("sh", "-c", "echo hello; echo kept > out.txt")


async def a_run(engine: Engine, spec: JobSpec | None = None) -> Job:
    """A job that has run and whose container was seen to."""
    return await until(engine, await submit(engine, spec or a_job_spec()), is_done)


async def until_true(look: Callable[[], bool]) -> None:
    """Wait for something that is announced nowhere, such as a file."""
    with anyio.fail_after(60):
        while not await anyio.to_thread.run_sync(look):
            await anyio.lowlevel.checkpoint()


def lines(home: Path) -> list[dict[str, Any]]:
    path = home / "runs.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def filed(home: Path) -> dict[str, dict[str, Any]]:
    """Documents by id, which are the lines too."""
    documents = {path.stem: json.loads(path.read_text()) for path in (home / "runs").iterdir()}
    told = lines(home)
    assert {line["job_id"]: line for line in told} == documents
    assert len(told) == len(documents)
    return documents


def files_of(home: Path, job_id: str) -> list[Path]:
    return [path for path in home.rglob(f"{job_id}*") if path.name.partition(".")[0] == job_id]


# --- list and read


async def test_runs_are_the_finished_jobs_newest_first(engine: Engine) -> None:
    first, second = await a_run(engine), await a_run(engine, a_job_spec(command=("sh", "-c", "exit 1")))
    alive = await submit(engine, a_job_that_stays())
    page = await engine.list_runs(limit=1)
    assert [job.job_id for job in page.items] == [second.job_id]
    rest = await engine.list_runs(JobFilter(finished=False), cursor=page.next_cursor)
    assert [job.job_id for job in rest.items] == [first.job_id]
    with pytest.raises(JobNotFinishedError, match="has not finished"):
        await engine.get_run(alive)
    assert await engine.get_run(first.job_id) == first
    await engine.cancel_job(alive, grace_s=0)


async def test_jobs_are_counted_by_status(engine: Engine) -> None:
    await a_run(engine)
    assert await engine.count_jobs() == {**dict.fromkeys(JobStatus, 0), JobStatus.SUCCESS: 1}


@pytest.mark.parametrize("job_id", ["", "../x", "job_"])
async def test_what_is_no_id_is_no_run(engine: Engine, job_id: str) -> None:
    for ask in (engine.get_run, engine.delete_run):
        with pytest.raises(JobNotFoundError):
            await ask(job_id)


# --- files


async def test_a_run_is_written_to_the_home_with_all_that_is_known_of_it(
    engine: Engine, settings: EngineSettings
) -> None:
    job = await a_run(engine, a_job_spec(command=_KEEPS, artifacts=("*.txt",), workdir="/work", tags=("t",)))
    await until_true(lambda: bool(lines(settings.home)))
    document = filed(settings.home)[job.job_id]
    assert document == job_document(job, await engine.list_artifacts(job.job_id))
    assert (document["cleanup"], document["artifacts"][0]["path"]) == ("removed", "out.txt")


async def test_a_job_that_never_ran_is_written_too(settings: EngineSettings) -> None:
    backend = BreakingBackend("pull")
    async with open_engine(settings, backend=backend) as engine:
        await submit(engine, a_job_spec())
        await backend.broke.wait()
        waiting = await submit(engine, a_job_spec())
        await engine.cancel_job(waiting)
        await until_true(lambda: bool(lines(settings.home)))
    assert filed(settings.home)[waiting]["status"] == "cancelled"


async def test_closing_an_engine_leaves_no_run_unwritten(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        job_id = await submit(engine, a_job_spec())
        with anyio.fail_after(60):
            await engine.wait_for_job(job_id)
    assert filed(settings.home)[job_id]["cleanup"] == "removed"


async def test_a_disk_that_takes_nothing_harms_no_job_is_told_once_and_made_up_for(
    settings: EngineSettings, caplog: pytest.LogCaptureFixture
) -> None:
    clock = MovingClock()
    folder = settings.home / "runs"
    with caplog.at_level(logging.INFO, logger="core.engine.filing"):
        async with open_engine(settings, backend=SimulatedBackend(clock=clock), clock=clock) as engine:
            await anyio.to_thread.run_sync(lambda: (folder.rmdir(), folder.touch()))
            jobs = [await a_run(engine) for _ in range(3)]
            assert {job.status for job in jobs} == {JobStatus.SUCCESS}
            with anyio.fail_after(60):
                await clock.until_sleeping(4)  # the gate, the sweeps, and who tries again
                clock.advance(60)
                await clock.until_sleeping(4)
            await anyio.to_thread.run_sync(lambda: (folder.unlink(), folder.mkdir()))
            clock.advance(60)
            await until_true(lambda: len(lines(settings.home)) == 3)
    assert filed(settings.home).keys() == {job.job_id for job in jobs}
    told = [record.message for record in caplog.records if record.name == "core.engine.filing"]
    assert [text.split(":")[0] for text in told] == [
        "runs are not written to the home for now",
        "runs are written to the home again",
    ]


async def test_what_an_engine_could_not_write_the_next_one_writes(settings: EngineSettings) -> None:
    folder = settings.home / "runs"
    async with open_engine(settings) as engine:
        await anyio.to_thread.run_sync(lambda: (folder.rmdir(), folder.touch()))
        job = await a_run(engine)
    await anyio.to_thread.run_sync(lambda: (folder.unlink(), folder.mkdir()))
    async with open_engine(settings):
        await until_true(lambda: bool(lines(settings.home)))
    assert filed(settings.home).keys() == {job.job_id}


async def test_an_export_makes_all_files_again(engine: Engine, settings: EngineSettings) -> None:
    jobs = [await a_run(engine) for _ in range(3)]
    expected = {job.job_id: job_document(job) for job in jobs}
    assert await engine.export_runs() == 3
    home = settings.home

    def spoil() -> None:
        (home / "runs.jsonl").write_text("nonsense\n")
        (home / "runs" / f"{jobs[0].job_id}.json").unlink()
        (home / "runs" / f"{jobs[1].job_id}.json").write_text("{")
        (home / "runs" / f"{new_job_id()}.json").write_text("{}")

    await anyio.to_thread.run_sync(spoil)
    assert await engine.export_runs() == 3
    assert filed(home) == expected
    assert [line["job_id"] for line in lines(home)] == [job.job_id for job in jobs]


# --- delete


async def test_a_deleted_run_leaves_nothing(engine: Engine, settings: EngineSettings) -> None:
    spec = a_job_spec(command=_KEEPS, artifacts=("*.txt",), workdir="/work")
    submitted = await engine.submit_job(spec, idempotency_key="k")
    job = await until(engine, submitted.job.job_id, is_done)
    other = await a_run(engine)
    await engine.export_runs()
    assert len(files_of(settings.home, job.job_id)) == 3
    removed = await engine.delete_run(job.job_id, by="cli")
    assert (removed.deleted, removed.job_ids, removed.remaining) == (1, (job.job_id,), 1)
    assert removed.bytes > len("hello") + len("kept\n")
    for ask in (engine.get_job, engine.history, engine.list_artifacts, engine.read_logs, engine.delete_run):
        with pytest.raises(JobNotFoundError):
            await ask(job.job_id)
    assert files_of(settings.home, job.job_id) == []
    assert filed(settings.home).keys() == {other.job_id}
    assert not (await engine.submit_job(spec, idempotency_key="k")).replayed


async def test_a_job_that_has_not_finished_is_not_deleted(engine: Engine) -> None:
    job_id = await submit(engine, a_job_that_stays())
    await until_up(engine, job_id)
    with pytest.raises(JobNotFinishedError):
        await engine.delete_run(job_id)
    await engine.cancel_job(job_id, grace_s=0)
    await until(engine, job_id, is_done)
    assert (await engine.delete_run(job_id)).deleted == 1


async def test_of_many_who_delete_one_run_one_does(engine: Engine) -> None:
    job = await a_run(engine)
    outcomes: list[int] = []

    async def delete() -> None:
        try:
            outcomes.append((await engine.delete_run(job.job_id)).deleted)
        except JobNotFoundError:
            outcomes.append(0)

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(delete)
    assert sorted(outcomes) == [0] * 9 + [1]


async def test_a_container_that_was_kept_goes_with_its_run(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        job = await a_run(engine, a_job_spec(cleanup="keep"))
        assert len(await backend.list_owned(engine.home_id)) == 1
        await engine.delete_run(job.job_id)
        assert await backend.list_owned(engine.home_id) == []


async def test_a_run_is_deleted_while_the_container_engine_is_away(settings: EngineSettings) -> None:
    backend = BreakingBackend("remove")
    async with open_engine(settings, backend=backend) as engine:
        jobs = [await a_run(engine, a_job_spec(cleanup="keep")) for _ in range(2)]
        removed = await engine.clean_runs(keep=0)
        assert (removed.deleted, removed.remaining) == (2, 0)
        assert backend.broke.is_set()
        with pytest.raises(JobNotFoundError):
            await engine.get_job(jobs[0].job_id)


# --- clean up


async def test_cleaning_up_takes_the_oldest_and_tells_what_it_took(settings: EngineSettings) -> None:
    clock = MovingClock()
    async with open_engine(settings, backend=SimulatedBackend(clock=clock), clock=clock) as engine:
        jobs: list[Job] = []
        for number in range(5):
            jobs.append(await a_run(engine, a_job_spec(command=("sh", "-c", f"echo up; exit {number % 2}"))))
            clock.advance(3600)
        await engine.export_runs()
        ids = [job.job_id for job in jobs]
        dry = await engine.clean_runs(older_than=timedelta(hours=3), dry_run=True)
        assert (dry.deleted, dry.job_ids, dry.dry_run, dry.remaining) == (2, (ids[0], ids[1]), True, 3)
        assert dry.bytes > 0
        assert len(filed(settings.home)) == 5
        wet = await engine.clean_runs(older_than=timedelta(hours=3), by="cli")
        assert (wet.deleted, wet.bytes, wet.job_ids, wet.dry_run) == (2, dry.bytes, dry.job_ids, False)
        assert filed(settings.home).keys() == set(ids[2:])
        failed = await engine.clean_runs(statuses=[JobStatus.FAILED])
        assert failed.job_ids == (ids[3],)
        assert (await engine.clean_runs(keep=1)).job_ids == (ids[2],)
        assert (await engine.clean_runs(older_than=timedelta(days=10**6))).deleted == 0
        assert (await engine.clean_runs(older_than=timedelta(0))).job_ids == (ids[4],)
        assert filed(settings.home) == {}


async def test_cleaning_up_takes_more_than_fit_one_transaction_and_no_live_job(engine: Engine) -> None:
    alive = await submit(engine, a_job_that_stays())
    await until_up(engine, alive)
    ids = [await submit(engine, a_job_spec()) for _ in range(50)]
    for job_id in ids:
        await until(engine, job_id, is_done)
    removed = await engine.clean_runs(keep=0)
    assert (removed.deleted, removed.remaining) == (50, 0)
    assert set(removed.job_ids) == set(ids)
    assert [job.job_id for job in (await engine.list_jobs()).items] == [alive]
    assert (await engine.read_logs(alive, LogQuery())).lines
    await engine.cancel_job(alive, grace_s=0)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "nothing says which runs"),
        ({"older_than": timedelta(seconds=-1)}, "older_than"),
        ({"keep": -1}, "keep"),
        ({"keep": 10**30}, "keep"),
        ({"statuses": [JobStatus.FAILED, JobStatus.RUNNING]}, "running is not a finished job's"),
    ],
)
async def test_a_cleanup_that_is_not_clear_is_refused(
    engine: Engine, arguments: dict[str, Any], complaint: str
) -> None:
    await a_run(engine)
    with pytest.raises(InvalidArgumentError, match=complaint):
        await engine.clean_runs(**arguments)
    assert (await engine.count_jobs())[JobStatus.SUCCESS] == 1


async def test_a_cleanup_that_is_given_up_leaves_no_half_of_a_run(engine: Engine, settings: EngineSettings) -> None:
    ids = [await submit(engine, a_job_spec()) for _ in range(60)]
    for job_id in ids:
        await until(engine, job_id, is_done)
    await engine.export_runs()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(engine.clean_runs, keep=0))
        await until_true(lambda: not (settings.home / "logs" / ids[0]).exists())
        tasks.cancel_scope.cancel()
    left = {job.job_id for job in (await engine.list_runs(limit=200)).items}
    assert filed(settings.home).keys() == left
    assert {path.name for path in (settings.home / "logs").iterdir()} == left
