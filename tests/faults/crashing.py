"""Has an engine die under its load, and looks at what became of each job in the end."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

import core
from core import Engine, Job, open_engine
from tests.end_to_end.conftest import everything_is_settled, whole_log
from tests.end_to_end.operator import Operator
from tests.faults.doing import numbers
from tests.faults.load import settings_of, work

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


async def killed(
    home: Path, *words: str, at_once: int, nth: int = 1, after_s: float = 0, within_s: float = 120
) -> None:
    """An engine goes on with the load of a home, and dies of SIGKILL; see `tests.faults.load`."""
    root = Path(core.__file__).parents[1]
    options = [str(home), str(at_once), str(nth), str(after_s), *words]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with anyio.fail_after(within_s):
        died = await anyio.run_process(
            [sys.executable, "-m", "tests.faults.load", *options], cwd=root, env=environment, check=False, stderr=None
        )
    assert died.returncode == -signal.SIGKILL


async def everything_ended_well(home: Path, *, within_s: float = 600) -> int:
    """The next engine sees the load through: every job ends as it had to, and nothing is left.

    Returns:
        How many jobs there were.
    """
    async with open_engine(settings_of(home)) as engine:
        with anyio.fail_after(within_s):
            jobs = [await engine.wait_for_job(job.job_id) async for job in _all_jobs(engine)]
            await everything_is_settled(engine)  # all have ended: nothing is cancelled by it
        for job in jobs:
            await _check(engine, job)
    assert await anyio.to_thread.run_sync(_left_of, engine.home_id) == []
    return len(jobs)


def _left_of(home_id: str) -> list[str]:
    operator = Operator()
    try:
        return operator.all_of(home_id)
    finally:
        operator.close()


async def _all_jobs(engine: Engine) -> AsyncGenerator[Job]:
    page = await engine.list_jobs(limit=100)
    while True:
        for job in page.items:
            yield job
        if page.next_cursor is None:
            return
        page = await engine.list_jobs(limit=100, cursor=page.next_cursor)


async def _check(engine: Engine, job: Job) -> None:
    """A job of the load has ended as it had to: once, with its own code, every line and its file."""
    asked = work(int((job.spec.name or "").removeprefix("load-")))
    history = await engine.history(job.job_id)
    found = (job.status, job.exit_code, job.attempt_number)
    assert found == (asked.status, asked.code, asked.attempts), (job.failure, history)
    assert sum(change.after.is_terminal for change in history) == 1
    identity, *counted = await whole_log(engine, job.job_id)
    assert identity.startswith("run ")
    assert counted == numbers(asked.lines)
    assert job.attempt is not None
    assert tuple(step.status for step in job.attempt.steps) == asked.steps
    text = "".join(f"{number}\n" for number in numbers(asked.lines)).encode()
    files = await engine.list_artifacts(job.job_id, "/tmp/numbers")
    (artifact,) = [item for item in files if item.attempt == job.attempt_number]
    assert (artifact.state, artifact.sha256) == ("kept", hashlib.sha256(text).hexdigest())
