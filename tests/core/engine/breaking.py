"""A simulated container engine that goes away in the middle of things, and what a test waits for."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio

from core import BackendUnavailableError, JobPhase, LogQuery
from core.backends.simulated.backend import SimulatedBackend
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from core import Engine, Job, JobSpec
    from core.backends.base import ContainerState, ImageInfo

Result = TypeVar("Result")

UP = "up"
"""What jobs print once they run."""

Verb = Literal["pull", "create", "put", "start", "follow", "stop", "archive", "remove"]


class BreakingBackend(SimulatedBackend):
    """Goes away at the first use of one verb, and stays away until `come_back`.

    Args:
        verb: Which.
        done: Whether the act is done and only its answer is lost.

    Attributes:
        broke: Set once it is away.
        started: How many containers ran.
        refusal: What `remove` raises, if anything.
    """

    def __init__(self, verb: Verb, *, done: bool = False) -> None:
        super().__init__()
        self.broke = anyio.Event()
        self.started = Counter[str]()
        self.refusal: Exception | None = None
        self._verb, self._done = verb, done

    async def _at(self, verb: Verb, act: Callable[[], Awaitable[Result]]) -> Result:
        if verb != self._verb or self.broke.is_set():
            return await act()
        if self._done:
            await act()
        self.go_away()
        self.broke.set()
        raise BackendUnavailableError

    async def pull(self, *args: Any, **kwargs: Any) -> ImageInfo:
        return await self._at("pull", lambda: super(BreakingBackend, self).pull(*args, **kwargs))

    async def create(self, *args: Any, **kwargs: Any) -> ContainerState:
        return await self._at("create", lambda: super(BreakingBackend, self).create(*args, **kwargs))

    async def put(self, *args: Any, **kwargs: Any) -> None:
        await self._at("put", lambda: super(BreakingBackend, self).put(*args, **kwargs))

    async def start(self, container_id: str) -> None:
        async def act() -> None:
            before = await super(BreakingBackend, self).inspect(container_id)
            await super(BreakingBackend, self).start(container_id)
            if before is not None and before.phase == "created":
                self.started[before.name] += 1

        await self._at("start", act)

    async def follow(self, *args: Any, **kwargs: Any) -> bool:
        return await self._at("follow", lambda: super(BreakingBackend, self).follow(*args, **kwargs))

    async def stop(self, *args: Any, **kwargs: Any) -> None:
        await self._at("stop", lambda: super(BreakingBackend, self).stop(*args, **kwargs))

    @asynccontextmanager
    async def archive(self, container_id: str, path: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        async def act() -> None:
            await anyio.lowlevel.checkpoint()

        await self._at("archive", act)
        async with super().archive(container_id, path) as stream:
            yield stream

    async def remove(self, container_id: str) -> None:
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            self.broke.set()
            raise refusal
        await self._at("remove", lambda: super(BreakingBackend, self).remove(container_id))


async def until(engine: Engine, job_id: str, is_so: Callable[[Job], bool]) -> Job:
    """Wait until something is so of a job's record."""
    with anyio.fail_after(60), engine.subscribe([job_id]) as news:
        while not is_so(job := await engine.get_job(job_id)):
            await news.wait()
            news.take()
        return job


async def submit(engine: Engine, spec: JobSpec) -> str:
    return (await engine.submit_job(spec)).job.job_id


async def until_up(engine: Engine, job_id: str) -> None:
    with anyio.fail_after(60):
        assert (await engine.wait([job_id], until="log_match", pattern=UP)).met


async def end_of(engine: Engine, job_id: str) -> Job:
    with anyio.fail_after(60):
        return await engine.wait_for_job(job_id)


async def texts(engine: Engine, job_id: str) -> list[str]:
    query = LogQuery(streams=frozenset({"stdout", "stderr"}))
    return [line.text for line in (await engine.read_logs(job_id, query)).lines]


def is_done(job: Job) -> bool:
    return job.is_finished and job.attempt is not None and job.attempt.phase is JobPhase.DONE


def a_job_that_stays() -> JobSpec:
    return a_job_spec(command=("sh", "-c", f"echo {UP}; sleep 300"), timeout_s=600)
