"""Real jobs on a real Docker Engine, through the engine's front door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from core import (
    DockerSettings,
    Engine,
    EngineSettings,
    Job,
    JobPhase,
    LogCursor,
    LogQuery,
    QueueSettings,
    open_engine,
    parse_job,
)
from core.store.database import open_database
from core.store.home import home_id
from tests.end_to_end.operator import Operator

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from pathlib import Path

REGISTRIES = ("127.0.0.1:5000", "127.0.0.1:5001", "127.0.0.1:1")


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_of_any_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[None]:
    """After the last test: no container and no network of any home that a test had in its folder."""
    yield
    if not any(item.get_closest_marker("docker") for item in request.session.items):
        return
    databases = [*tmp_path_factory.getbasetemp().glob("*/home*/orcaops.db")]
    operator = Operator()
    try:
        left = {home_id: operator.all_of(home_id) for home_id in anyio.run(_home_ids, databases)}
    finally:
        operator.close()
    assert not {home_id: names for home_id, names in left.items() if names}


async def _home_ids(databases: list[Path]) -> list[str]:
    found: list[str] = []
    for path in databases:
        async with open_database(path, may_create=False) as database:
            found.append(await home_id(database))
    return found


@pytest.fixture
def docker_settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(
        home=tmp_path / "home",
        queue=QueueSettings(max_running=4),
        docker=DockerSettings(local_registries=REGISTRIES),
    )


@pytest.fixture
async def docker_engine(docker_settings: EngineSettings, operator: Operator) -> AsyncGenerator[Engine]:
    async with open_engine(docker_settings) as engine:
        yield engine
        await everything_is_settled(engine)
    assert await anyio.to_thread.run_sync(operator.containers, engine.home_id) == []


@pytest.fixture
def operator() -> Generator[Operator]:
    """The container engine as an operator reaches it, past OrcaOps."""
    reached = Operator()
    yield reached
    reached.close()


@pytest.fixture
def run(docker_engine: Engine) -> Callable[..., Awaitable[Job]]:
    """Submit a job by the fields of its request and wait for its end."""

    async def submit_and_wait(**request: Any) -> Job:
        submitted = await docker_engine.submit_job(parse_job({"image": "busybox:latest", **request}))
        with anyio.fail_after(120):
            return await docker_engine.wait_for_job(submitted.job.job_id)

    return submit_and_wait


async def everything_is_settled(engine: Engine) -> None:
    """Cancel what still runs and wait until no container of ours is needed any more."""
    with anyio.fail_after(120), engine.subscribe() as news:
        while True:
            jobs = (await engine.list_jobs(limit=200)).items
            for job in jobs:
                if not job.is_finished and job.cancel is None:
                    await engine.cancel_job(job.job_id, grace_s=0)
            if all(job.is_finished and (job.attempt is None or job.attempt.phase is JobPhase.DONE) for job in jobs):
                return
            await news.wait()
            news.take()


async def whole_log(engine: Engine, job_id: str) -> list[str]:
    """Every line kept of the last attempt, read page by page by cursor."""
    texts: list[str] = []
    cursor: LogCursor | None = None
    while True:
        page = await engine.read_logs(job_id, LogQuery(cursor=cursor, max_lines=5000, max_bytes=1 << 20))
        texts += [line.text for line in page.lines]
        if page.at_end:
            return texts
        cursor = page.next_cursor
