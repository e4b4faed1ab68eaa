"""The home's disk fills up: what runs goes on, what was acknowledged stays, and all goes on once there is room."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import anyio
import pytest

from core import EngineSettings, JobStatus, LogQuery, RetentionSettings, StoreError, open_engine, parse_job
from core.settings import MIB

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from core import Engine

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")]


class SmallDisk:
    """A file system of 24 MiB.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "somebody-elses-file"

    def fill(self) -> None:
        """Leave no byte."""
        with self._filler.open("wb", buffering=0) as file:
            for size in (MIB, 4096, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Take the filler away."""
        self._filler.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Generator[SmallDisk]:
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(path)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def settings(disk: SmallDisk) -> EngineSettings:
    return EngineSettings(home=disk.path / "home", backend="simulated", retention=RetentionSettings(reserve_mb=2))


async def _started(engine: Engine, script: str) -> str:
    request = {"image": "busybox", "commands": [script], "artifacts": ["*.txt"], "timeout_s": 600}
    return (await engine.submit_job(parse_job(request))).job.job_id


async def _texts(engine: Engine, job_id: str) -> list[str]:
    return [line.text for line in (await engine.read_logs(job_id, LogQuery(max_lines=5000, max_bytes=MIB))).lines]


@pytest.mark.fault("F40", "F41")
async def test_a_job_that_runs_while_the_disk_is_full_ends_with_its_whole_log_and_its_files(
    disk: SmallDisk, settings: EngineSettings
) -> None:
    async with open_engine(settings) as engine:
        done = await _started(engine, "echo early")
        await engine.wait_for_job(done)
        running = await _started(engine, "echo begun; sleep 6; seq 1 2000; echo kept > file.txt")
        await engine.wait([running], until="log_match", pattern="begun", timeout_s=60)
        disk.fill()
        with pytest.raises(StoreError) as refused:
            await _started(engine, "true")
        assert "disk is full" in refused.value.hint
        assert await _texts(engine, done) == ["early"]
        with anyio.fail_after(60), engine.subscribe([running]) as news:
            while "waiting for room" not in (engine.progress(running) or ""):
                await news.wait()
                news.take()
        disk.free()
        with anyio.fail_after(60):
            job = await engine.wait_for_job(running)
            later = await engine.wait_for_job(await _started(engine, "echo again"))
        assert (job.status, later.status) == (JobStatus.SUCCESS, JobStatus.SUCCESS)
        assert await _texts(engine, running) == ["begun", *map(str, range(1, 2001))]
        assert job.attempt is not None
        assert job.attempt.log.complete
        assert [artifact.path for artifact in await engine.list_artifacts(running)] == ["file.txt"]
    with closing(sqlite3.connect(settings.home / "orcaops.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.fault("F40")
async def test_old_jobs_can_be_deleted_from_a_full_disk(disk: SmallDisk, settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        old = await _started(engine, "seq 1 100000")
        await engine.wait_for_job(old)
        disk.fill()
        with pytest.raises(StoreError):
            await _started(engine, "true")
        cleaned = await engine.clean_runs(keep=0)
        assert cleaned.job_ids == (old,)
        with anyio.fail_after(60):
            job = await engine.wait_for_job(await _started(engine, "echo there is room again"))
        assert job.status is JobStatus.SUCCESS
