"""What the tests of faults do to jobs and wait for."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from core import Engine, FailureKind, Job, JobPhase, parse_job

if TYPE_CHECKING:
    from collections.abc import Callable


async def do(act: Callable[[], object]) -> None:
    """Do something from outside that takes its time."""
    await anyio.to_thread.run_sync(act)


async def submit(engine: Engine, text: str, *, steps: bool = False, **fields: object) -> str:
    """Submit a shell text as a plain command, or as a step."""
    way = {"commands": [text]} if steps else {"command": ["sh", "-c", text]}
    spec = parse_job({"image": "busybox:latest", "network": "none", **way, **fields})
    return (await engine.submit_job(spec)).job.job_id


def once_told(text: str) -> str:
    """A shell text that says it is up and goes on when its process 1 is told by `tell`, however long that takes."""
    return f"trap 'go=1' USR1; echo up; while [ -z \"$go\" ]; do usleep 50000; done; {text}"


def tell(process: int) -> None:
    """Have what waits by `once_told` go on; its container passes the signal on."""
    os.kill(process, signal.SIGUSR1)


async def until_printed(engine: Engine, job_id: str, pattern: str = ".") -> None:
    """Wait for a line of a job's log."""
    with anyio.fail_after(60):
        assert (await engine.wait([job_id], until="log_match", pattern=pattern)).met


async def end_of(engine: Engine, job_id: str, *, within_s: float = 90) -> Job:
    """The job once it has ended."""
    with anyio.fail_after(within_s):
        return await engine.wait_for_job(job_id)


async def container_of(engine: Engine, job_id: str) -> str:
    """The name of the container that the job runs in."""
    with anyio.fail_after(60), engine.subscribe([job_id]) as news:
        while True:
            attempt = (await engine.get_job(job_id)).attempt
            if attempt is not None and attempt.phase is JobPhase.RUNNING:
                return attempt.container_name
            await news.wait()
            news.take()


def kind_of(job: Job) -> FailureKind | None:
    return job.failure.kind if job.failure else None


def numbers(count: int) -> list[str]:
    """The lines of a job that counts."""
    return [str(number) for number in range(1, count + 1)]
