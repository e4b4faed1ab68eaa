from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest

import core
from core.clock import SystemClock
from core.lifecycle.job import JobStatus
from core.store.database import open_database
from core.store.jobs import JobStore

pytestmark = pytest.mark.slow

_SUBMITTER = """
import sys, anyio
from pathlib import Path
from core.clock import SystemClock
from core.ids import new_job_id
from core.store.database import open_database
from core.store.jobs import JobStore
from core.spec.job import JobSpec

async def submit_for_ever(jobs):
    spec = JobSpec(image="busybox:latest", command=("true",), tags=("t",))
    while True:
        job_id = new_job_id()
        await jobs.submit(job_id, spec, by="test", idempotency_key=job_id, request_digest="d", max_queued=10**6)
        print(job_id, flush=True)

async def main():
    async with open_database(Path(sys.argv[1])) as database, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(submit_for_ever, JobStore(database, SystemClock()))

anyio.run(main)
"""


def _acknowledged_before_the_kill(path: Path, lines: int) -> set[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(core.__file__).parents[1])}
    child = subprocess.Popen(
        [sys.executable, "-c", _SUBMITTER, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    first = [child.stdout.readline() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    return {line for line in [*map(str.strip, first), *rest.split("\n")[:-1]] if line}


@pytest.mark.parametrize("lines", [1, 300, 1000])
@pytest.mark.fault("F50")
async def test_kill_9_loses_no_acknowledged_submit_and_leaves_no_half(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "orcaops.db"
    acknowledged = await anyio.to_thread.run_sync(_acknowledged_before_the_kill, path, lines)
    assert len(acknowledged) >= lines
    async with open_database(path) as database:
        jobs = JobStore(database, SystemClock())
        kept = set(await jobs.ids_starting_with("job_", 1_000_000))
        assert acknowledged <= kept
        assert (await jobs.counts())[JobStatus.QUEUED] == len(kept) == len(await jobs.queued())
        for job_id in kept - acknowledged | set(sorted(acknowledged)[-3:]):
            assert len(await jobs.history(job_id)) == 1
