"""What goes by itself after its time."""

from __future__ import annotations

import hashlib
import logging
import os
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from core import JobNotFoundError, JobStatus, RetentionSettings, UploadNotFoundError, new_job_id, open_engine
from core.backends.simulated.backend import SimulatedBackend
from core.engine.retention import Retention
from core.testing.factories import a_job_spec
from tests.core.engine.breaking import a_job_that_stays, submit, until, until_up
from tests.core.engine.test_runs import a_run, filed, lines

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from core import Engine, EngineSettings, Job
    from core.testing.clock import MovingClock

_DAY = 86_400
_AGE = "UPDATE jobs SET created_us = 1, queued_us = 1, finished_us = iif(finished_us IS NULL, NULL, 1)"
"""Every job becomes ancient."""


def opened(settings: EngineSettings, clock: MovingClock, **retention: Any) -> AbstractAsyncContextManager[Engine]:
    chosen = settings.model_copy(update={"retention": RetentionSettings(**retention)})
    return open_engine(chosen, backend=SimulatedBackend(clock=clock), clock=clock)


async def some_runs(engine: Engine, clock: MovingClock, count: int, *, apart_s: float = 60) -> list[str]:
    made: list[Job] = []
    for _ in range(count):
        made.append(await a_run(engine))
        clock.advance(apart_s)
    await engine.export_runs()
    return [job.job_id for job in made]


async def left(engine: Engine) -> list[str]:
    return [job.job_id for job in (await engine.list_runs(limit=200)).items][::-1]


async def sweep(engine: Engine) -> None:
    await Retention(engine._parts).sweep()


async def test_runs_go_after_their_days_and_jobs_that_have_not_ended_stay(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, days=3) as engine:
        alive = await submit(engine, a_job_that_stays())
        await until_up(engine, alive)
        retried = a_job_spec(command=("sh", "-c", "exit 1"), retries=1, retry_delay_s=3600)
        waiting = await submit(engine, retried)
        await until(engine, waiting, lambda job: job.not_before is not None)
        runs = [await a_run(engine) for _ in range(2)]
        await engine._parts.jobs._database.write(lambda connection: connection.execute(_AGE))
        await sweep(engine)
        assert await left(engine) == []
        for run in runs:
            with pytest.raises(JobNotFoundError):
                await engine.get_job(run.job_id)
        assert (await engine.get_job(alive)).status is JobStatus.RUNNING
        assert (await engine.get_job(waiting)).status is JobStatus.QUEUED


async def test_a_run_goes_once_its_days_are_over_and_not_before(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, days=3) as engine:
        ids = await some_runs(engine, moving_clock, 3, apart_s=_DAY)
        await sweep(engine)
        assert await left(engine) == ids
        moving_clock.advance(1)
        await sweep(engine)
        assert await left(engine) == ids[1:]
        assert filed(settings.home).keys() == set(ids[1:])


async def test_beyond_their_number_the_runs_that_ended_first_go(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, max_runs=3) as engine:
        ids = await some_runs(engine, moving_clock, 7)
        await sweep(engine)
        assert await left(engine) == ids[4:]
        assert filed(settings.home).keys() == set(ids[4:])
        await sweep(engine)
        assert await left(engine) == ids[4:]


async def test_beyond_their_bytes_the_runs_that_ended_first_go(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    big = a_job_spec(command=("sh", "-c", f"flood 800 {'x' * 500}"))
    async with opened(settings, moving_clock) as engine:
        small = await a_run(engine)
        ids = [small.job_id]
        for _ in range(3):
            moving_clock.advance(60)
            ids.append((await a_run(engine, big)).job_id)
        await engine.export_runs()
    # the time of the second engine stands still: there is no sweep but the test's
    async with opened(settings, moving_clock, max_bytes=1024 * 1024) as engine:
        assert (await engine.clean_runs(keep=0, dry_run=True)).bytes > 3 * 400_000
        await sweep(engine)
        assert await left(engine) == ids[-2:]
        assert 2 * 400_000 < (await engine.clean_runs(keep=0, dry_run=True)).bytes <= 1024 * 1024


async def test_the_sweep_comes_by_itself_soon_after_a_start_and_then_again(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, max_runs=1, sweep_s=100) as engine:
        for seconds in (30, 100):
            ids = await some_runs(engine, moving_clock, 2, apart_s=1)
            assert (await left(engine))[-2:] == ids
            with anyio.fail_after(60):
                await moving_clock.until_sleeping(3)  # the gate and the sweeps
                moving_clock.advance(seconds)
                while await left(engine) != ids[1:]:
                    await anyio.lowlevel.checkpoint()


async def test_what_a_crash_left_of_a_deleted_run_is_removed(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    stray = new_job_id()
    home = settings.home
    async with opened(settings, moving_clock) as engine:
        (kept,) = await some_runs(engine, moving_clock, 1)

    def as_after_a_crash() -> None:
        for folder in ("logs", "artifacts"):
            (home / folder / stray).mkdir()
            (home / folder / stray / "file").touch()
        (home / "runs" / f"{stray}.json").write_text("{}")
        (home / "logs" / "not of a job").mkdir()
        line = (home / "runs.jsonl").read_text()
        (home / "runs.jsonl").write_text(f'{line}{{"job_id":"{stray}"}}\n{line}{{"job_id":"torn')

    await anyio.to_thread.run_sync(as_after_a_crash)
    async with opened(settings, moving_clock) as engine:
        await sweep(engine)
        assert filed(home).keys() == {kept}
        assert (await engine.read_logs(kept)).lines
    names = {path.name for folder in ("logs", "artifacts") for path in (home / folder).iterdir()}
    assert names == {kept, "not of a job"}


async def test_a_sweep_that_cannot_write_still_makes_room(
    settings: EngineSettings, moving_clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(settings, moving_clock) as engine:
        ids = await some_runs(engine, moving_clock, 4)
    # the time of the second engine stands still: there is no sweep but the test's
    async with opened(settings, moving_clock, days=1, max_runs=1) as engine:
        parts = settings.home / "parts"
        await anyio.to_thread.run_sync(lambda: (parts.rmdir(), parts.touch()))
        with caplog.at_level(logging.WARNING, logger="core.engine.retention"):
            await sweep(engine)
        assert await left(engine) == ids[3:]
        assert [path.name for path in (settings.home / "logs").iterdir()] == ids[3:]
        assert any("looked for later" in record.message for record in caplog.records)
        await anyio.to_thread.run_sync(lambda: (parts.unlink(), parts.mkdir()))
        assert len(lines(settings.home)) == 4
        await sweep(engine)
        assert filed(settings.home).keys() == set(ids[3:])


# --- uploads


async def test_an_upload_goes_after_its_days_and_its_files_once_no_job_needs_them(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, upload_days=2) as engine:
        files = {"needed.txt": b"needed", "not.txt": b"not needed"}
        upload = await engine.upload_files(files)
        needed = tuple(file for file in upload.files if file.path == "needed.txt")
        job = await a_run(engine, a_job_spec(files=needed))
        shas = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        await grow_old(settings.home, moving_clock)
        await sweep(engine)
        assert await uploaded(settings.home) == set(shas.values())
        moving_clock.advance(3 * _DAY)
        await sweep(engine)
        with pytest.raises(UploadNotFoundError):
            await engine.get_upload(upload.upload_id)
        assert await uploaded(settings.home) == {shas["needed.txt"]}
        await engine.delete_run(job.job_id)
        await sweep(engine)
        assert await uploaded(settings.home) == set()


async def test_a_file_that_came_lately_stays_though_nobody_names_it_yet(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, upload_days=2) as engine:
        upload = await engine.upload_files({"a.txt": b"a"})
        await grow_old(settings.home, moving_clock)
        moving_clock.advance(2 * _DAY + 60)  # the upload has expired, its file a little later
        await sweep(engine)
        assert await uploaded(settings.home) == {file.sha256 for file in upload.files}


async def grow_old(home: Path, clock: MovingClock) -> None:
    """Files are written by the machine's clock: have them written by the test's."""
    moment = clock.now().timestamp()

    def date() -> None:
        for path in (home / "uploads").iterdir():
            os.utime(path, (moment, moment))

    await anyio.to_thread.run_sync(date)


async def uploaded(home: Path) -> set[str]:
    return await anyio.to_thread.run_sync(lambda: {path.name for path in (home / "uploads").iterdir()})
