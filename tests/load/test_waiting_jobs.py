"""Thousands of jobs wait, and a call about one of them does no more work than when a few do.

Work is counted and never timed: the lines of Python that run for a call, and the steps of SQLite's machine. With the
variable ``LOAD`` set there are five thousand; the suite is content with one.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import EngineSettings, JobFilter, JobStatus, QueueSettings, open_engine, parse_job

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator
    from pathlib import Path
    from types import FrameType

    from core import Engine

_FEW = 100
_MANY = 5000 if os.environ.get("LOAD") else 1000
_EVERY = 10
"""Steps of SQLite's machine that are counted at once."""


@dataclass
class Effort:
    """What a call took.

    Attributes:
        lines: Lines of Python that ran on the loop's thread.
        steps: Steps of SQLite's machine.
    """

    lines: int = 0
    steps: int = 0


@pytest.fixture
def effort(monkeypatch: pytest.MonkeyPatch) -> Effort:
    """Counts the steps of every connection that is opened from here on."""
    counted = Effort()
    connect = sqlite3.connect

    def step() -> int:
        counted.steps += _EVERY
        return 0

    def counting(*args: Any, **more: Any) -> sqlite3.Connection:
        connection = connect(*args, **more)
        connection.set_progress_handler(step, _EVERY)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counting)
    return counted


@contextmanager
def lines_counted(counted: Effort) -> Generator[None]:
    def trace(_frame: FrameType, event: str, _arg: object) -> Any:
        counted.lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


async def _submit(engine: Engine, number: int) -> list[str]:
    spec = parse_job({"image": "busybox", "command": ["sleep", "600"], "tags": ["many"]})
    ids: list[str] = []

    async def some(count: int) -> None:
        ids.extend([(await engine.submit_job(spec)).job.job_id for _ in range(count)])

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(some, number // 50)
    return sorted(ids)


async def _efforts(engine: Engine, ids: list[str], effort: Effort) -> dict[str, Effort]:
    """What each call takes; those about one job are about one in the middle of the line."""
    one, other = ids[len(ids) // 2], ids[len(ids) // 2 + 1]
    found: dict[str, Effort] = {}

    async def measure(name: str, call: Awaitable[object]) -> None:
        effort.lines = effort.steps = 0
        with lines_counted(effort):
            await call
        found[name] = Effort(effort.lines, effort.steps)

    async def place() -> None:
        assert engine.queue_place(one) is not None

    await measure("look", engine.get_job(one))
    await measure("place", place())
    await measure("list", engine.list_jobs(limit=20))
    await measure("list those that wait", engine.list_jobs(JobFilter(statuses=frozenset({JobStatus.QUEUED})), limit=20))
    await measure("list by tag", engine.list_jobs(JobFilter(tag="many"), limit=20))
    await measure("state", engine.status())
    await measure("cancel", engine.cancel_job(one))
    await measure("wait", engine.wait_for_job(one))
    await measure("delete", engine.delete_run(one))
    await measure("submit", engine.submit_job((await engine.get_job(other)).spec))
    return found


async def test_a_call_takes_no_more_work_among_thousands_of_waiting_jobs_than_among_a_hundred(
    tmp_path: Path, effort: Effort
) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", queue=QueueSettings(max_running=1))
    async with open_engine(settings) as engine:
        with anyio.fail_after(300):
            few = await _efforts(engine, await _submit(engine, _FEW), effort)
            many = await _efforts(engine, await _submit(engine, _MANY - _FEW), effort)
            assert (await engine.status()).queued >= _MANY - 10
    for name, seen in many.items():
        assert seen.lines <= 1.5 * few[name].lines + 500, (name, few[name], seen)
        assert seen.steps <= 1.5 * few[name].steps + 500, (name, few[name], seen)


async def test_a_thousand_jobs_that_wait_are_taken_up_again_in_their_order(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", queue=QueueSettings(max_running=1))
    async with open_engine(settings) as engine:
        with anyio.fail_after(300):
            ids = await _submit(engine, _MANY)
            places = {job_id: engine.queue_place(job_id) for job_id in ids}
    async with open_engine(settings) as engine:
        assert {job_id: engine.queue_place(job_id) for job_id in ids} == places
