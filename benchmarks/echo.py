"""What OrcaOps adds to one small job: submit to finished, against bare docker-py doing the same acts.

Both make the same container (the very create payload OrcaOps sends), start it, wait for it, read its log and remove
it. They take turns, so that what else the machine does meets both.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import uuid
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import anyio
import anyio.to_thread
import docker

from benchmarks.report import Row
from core import Engine, EngineSettings, JobSpec, JobStatus, LogQuery, QueueSettings, open_engine
from core.backends.base import LABEL_HOME, ContainerRequest
from core.backends.docker.translate import create_payload

PAIRS: Final = 25
JOBS: Final = 40
AT_ONCE: Final = 8
ROUNDS: Final = 5
COMMAND: Final = ("echo", "hello")
LIMIT: Final = 1.10


def spec() -> JobSpec:
    """One ``echo`` without a network, so that the network's own cost does not hide ours."""
    return JobSpec(image="busybox:latest", command=COMMAND, network="none")


async def payload(engine: Engine, image_id: str) -> dict[str, Any]:
    """The create call's body for the same job."""
    admitted = await engine.admit(spec())
    return create_payload(
        ContainerRequest(
            name="bare",
            image=image_id,
            argv=COMMAND,
            entrypoint=None,
            env={"CI": "true"},
            workdir="/work",
            user=None,
            labels={LABEL_HOME: "benchmark"},
            network="none",
            init=True,
            cpus=admitted.cpus or 1,
            memory_bytes=(admitted.memory_mb or 1) << 20,
            pids=admitted.pids or 1,
            gpus=0,
            log_bytes=admitted.log_limit.bytes or 1,
            log_lines=admitted.log_limit.lines or 1,
        )
    )


def bare_run(client: Any, body: dict[str, Any]) -> None:
    """Create, start, wait, logs, remove."""
    container = client.create_container_from_config(body, f"bench-{uuid.uuid4().hex}")
    client.start(container)
    assert client.wait(container)["StatusCode"] == 0
    assert client.logs(container) == b"hello\n"
    client.remove_container(container, v=True)


async def our_run(engine: Engine) -> None:
    """Submit, wait until it has finished, read its log."""
    submitted = await engine.submit_job(spec())
    job = await engine.wait_for_job(submitted.job.job_id)
    assert job.status is JobStatus.SUCCESS, job.failure
    page = await engine.read_logs(job.job_id, LogQuery())
    assert [line.text for line in page.lines] == ["hello"]


async def one_at_a_time(engine: Engine, client: Any, body: dict[str, Any]) -> tuple[float, float, float]:
    """Medians of our and the bare time, in seconds, and of the pairs' ratio."""
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(PAIRS):
        began = perf_counter()
        await anyio.to_thread.run_sync(bare_run, client, body)
        bare.append(perf_counter() - began)
        began = perf_counter()
        await our_run(engine)
        ours.append(perf_counter() - began)
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    return statistics.median(ours), statistics.median(bare), ratio


async def pooled(client: Any, body: dict[str, Any], pool: anyio.CapacityLimiter) -> None:
    """One bare run in a thread of the pool."""
    await anyio.to_thread.run_sync(bare_run, client, body, limiter=pool)


async def many_at_once(engine: Engine, client: Any, body: dict[str, Any]) -> tuple[float, float, float]:
    """The same for 40 jobs, 8 at once, against a pool of 8 threads."""
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        pool = anyio.CapacityLimiter(AT_ONCE)
        began = perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(JOBS):
                tasks.start_soon(pooled, client, body, pool)
        bare.append(perf_counter() - began)
        began = perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(JOBS):
                tasks.start_soon(our_run, engine)
        ours.append(perf_counter() - began)
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    return statistics.median(ours), statistics.median(bare), ratio


async def measure() -> list[Row]:
    """Both comparisons, in one run."""
    client: Any = docker.APIClient(version="auto", max_pool_size=AT_ONCE)
    image_id: str = client.inspect_image("busybox:latest")["Id"]
    with tempfile.TemporaryDirectory() as folder:
        settings = EngineSettings(home=Path(folder) / "home", queue=QueueSettings(max_running=AT_ONCE))
        async with open_engine(settings) as engine:
            body = json.loads(json.dumps(await payload(engine, image_id)))
            await our_run(engine)
            single = await one_at_a_time(engine, client, body)
            many = await many_at_once(engine, client, body)
    one = (f"{single[0] * 1000:.0f} ms", "bare docker-py", f"{single[1] * 1000:.0f} ms", single[2])
    all_of_them = (f"{many[0]:.2f} s", "bare thread pool", f"{many[1]:.2f} s", many[2])
    return [Row("submit to finished, echo", *one, LIMIT), Row("40 jobs, 8 at once", *all_of_them, LIMIT)]
