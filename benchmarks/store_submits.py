"""Durable submits a second, beside huey on SQLite and beside one transaction each.

Every way syncs to disk (``synchronous=FULL``, WAL) before it answers. Ours writes a job, its first audit row and its
place in five indexes; huey writes one row of a pickled task and one index; the plain way writes what ours writes.

Run: ``python benchmarks/store_submits.py [--submits N] [--tasks N] [--rounds N]``
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import huey

from core.clock import SystemClock
from core.ids import new_job_id
from core.lifecycle.job import JobStatus
from core.records.job import Job
from core.spec.job import JobSpec
from core.store import encoding
from core.store.changes import Submission
from core.store.database import open_database
from core.store.jobs import JobStore
from core.store.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

_SPEC: Final = JobSpec.model_validate({"image": "alpine:3.20", "command": ("echo", "hello"), "name": "benchmark"})
_CLOCK: Final = SystemClock()


def ours(folder: Path, submits: int, tasks: int) -> float:
    """Seconds for that many submits by that many tasks."""
    return anyio.run(_ours, folder, submits, tasks)


async def _ours(folder: Path, submits: int, tasks: int) -> float:
    async with open_database(folder / "ours.db") as database:
        jobs = JobStore(database, _CLOCK)

        async def submit(count: int) -> None:
            for _ in range(count):
                await jobs.submit(
                    new_job_id(), _SPEC, by="benchmark", idempotency_key=None, request_digest="", max_queued=1_000_000
                )

        start = time.perf_counter()
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(submit, submits // tasks)
        return time.perf_counter() - start


def one_transaction_each(folder: Path, submits: int, _tasks: int) -> float:
    """Seconds for that many submits by one thread, the same rows, each with a commit of its own."""
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None)) as connection:
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")
        migrate(connection)
        start = time.perf_counter()
        for _ in range(submits):
            now = _CLOCK.now()
            job = Job(new_job_id(), _SPEC, JobStatus.QUEUED, 1, now, now)
            submission = Submission(job, encoding.spec_to_json(_SPEC), None, "", 1_000_000)
            connection.execute("BEGIN IMMEDIATE")
            submission.insert(connection)
            connection.execute("COMMIT")
        return time.perf_counter() - start


def huey_threads(folder: Path, submits: int, tasks: int) -> float:
    """Seconds for that many enqueues by that many threads."""
    queue: Any = huey.SqliteHuey("benchmark", filename=str(folder / "huey.db"), fsync=True)
    echo: Any = queue.task()(_echo)

    def enqueue(count: int) -> None:
        for _ in range(count):
            echo("alpine:3.20", ["echo", "hello"])

    threads = [threading.Thread(target=enqueue, args=(submits // tasks,)) for _ in range(tasks)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    queue.storage.close()
    return seconds


def huey_alone(folder: Path, submits: int, _tasks: int) -> float:
    """Seconds for that many enqueues by one thread: what suits huey best."""
    return huey_threads(folder, submits, 1)


def _echo(_image: str, _command: list[str]) -> None:
    """The task that huey queues; nothing runs it."""


_WAYS: Final[tuple[tuple[str, Callable[[Path, int, int], float]], ...]] = (
    ("ours, group commit", ours),
    ("huey, as many threads", huey_threads),
    ("huey, one thread", huey_alone),
    ("ours, one transaction each", one_transaction_each),
)


def main() -> None:
    """Measure every way in turn, several rounds, and print the medians."""
    parser = argparse.ArgumentParser(description="Durable submits a second.")
    parser.add_argument("--submits", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rates: dict[str, list[float]] = {name: [] for name, _ in _WAYS}
    for _ in range(options.rounds):
        for name, way in _WAYS:
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # /tmp may be memory, where syncing is free
                rates[name].append(options.submits / way(Path(folder), options.submits, options.tasks))
    print(f"{options.submits} submits from {options.tasks} tasks, median of {options.rounds} rounds, per second:")
    for name, measured in rates.items():
        print(f"  {name:28}{statistics.median(measured):8.0f}   ({min(measured):.0f} to {max(measured):.0f})")


if __name__ == "__main__":
    main()
