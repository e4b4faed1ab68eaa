"""Whole workflow runs: what a node costs with nothing to do, and a diamond of containers beside the same ones by hand.

The layered runs have simulated containers that end at once: what is left is what conducting costs. The diamond's
containers are real: one, then eighteen at four at a time, then one; by hand a pool of four threads does what such a
job needs with bare docker-py: make the container, put a script in, start, wait, read the log, take a file of outputs
out, remove. They take turns, so that what else the machine does meets both.
"""

from __future__ import annotations

import io
import json
import statistics
import tarfile
import tempfile
import uuid
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import anyio
import anyio.to_thread
import docker

from benchmarks.echo import payload
from benchmarks.report import Row
from core import Engine, EngineSettings, QueueSettings, WorkflowRequest, WorkflowStatus, open_engine
from orcaops_mcp.daemon.garbage import collect_seldom

FEW: Final = 100
MANY: Final = 10_000
LAYER: Final = 100
SLOTS: Final = 64
MANY_LIMIT_S: Final = 25.0
FLAT_LIMIT: Final = 1.5
FEW_ROUNDS: Final = 9

DIAMOND: Final = 20
AT_ONCE: Final = 4
ROUNDS: Final = 5
DIAMOND_LIMIT: Final = 1.10


def layered(nodes: int) -> str:
    """A file whose jobs stand in layers; each needs two of the layer above."""
    jobs: dict[str, Any] = {}
    for number in range(nodes):
        job: dict[str, Any] = {"commands": "true"}  # short, since a file may hold 100,000 values
        layer, place = divmod(number, LAYER)
        if layer:
            above = (layer - 1) * LAYER
            job["needs"] = [f"job-{above + place}", f"job-{above + (place + 1) % LAYER}"]
        jobs[f"job-{number}"] = job
    return json.dumps({"name": "layered", "defaults": {"image": "busybox:latest"}, "jobs": jobs})


def diamond() -> str:
    """A file of one job, eighteen that need it, and one that needs them all; each is the echo of that benchmark."""
    job: dict[str, Any] = {"image": "busybox:latest", "commands": ["echo hello"]}
    middle = {f"middle-{number}": {**job, "needs": ["top"]} for number in range(DIAMOND - 2)}
    return json.dumps({"name": "diamond", "jobs": {"top": job, **middle, "bottom": {**job, "needs": [*middle]}}})


async def conducted(engine: Engine, text: str, nodes: int) -> float:
    """Seconds from submitting a run to its end."""
    began = perf_counter()
    run = (await engine.run_workflow(WorkflowRequest(text=text))).run
    waited = await engine.wait_for_runs([run.workflow_id])
    took = perf_counter() - began
    ended = waited.workflows[0].run
    assert ended.status is WorkflowStatus.SUCCESS, ended.failure
    assert ended.counts.success == nodes
    return took


def packed(text: bytes) -> bytes:
    """A tar with a script and a file for outputs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in (("script", text), ("output", b"")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def bare_job(client: Any, body: dict[str, Any]) -> None:
    """One job of the diamond with bare docker-py."""
    container = client.create_container_from_config(body, f"bench-{uuid.uuid4().hex}")
    client.put_archive(container, "/", packed(b"echo hello\n"))
    client.start(container)
    assert client.wait(container)["StatusCode"] == 0
    assert client.logs(container) == b"hello\n"
    pieces, _ = client.get_archive(container, "/output")
    assert b"".join(pieces)
    client.remove_container(container, v=True)


async def pooled(client: Any, body: dict[str, Any], pool: anyio.CapacityLimiter) -> None:
    """One job in a thread of the pool."""
    await anyio.to_thread.run_sync(bare_job, client, body, limiter=pool)


async def by_hand(client: Any, body: dict[str, Any]) -> float:
    """Seconds for the diamond's containers without an engine of ours."""
    pool = anyio.CapacityLimiter(AT_ONCE)
    began = perf_counter()
    await pooled(client, body, pool)
    async with anyio.create_task_group() as tasks:
        for _ in range(DIAMOND - 2):
            tasks.start_soon(pooled, client, body, pool)
    await pooled(client, body, pool)
    return perf_counter() - began


async def _layers() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        queue = QueueSettings(max_running=SLOTS)
        async with open_engine(EngineSettings(home=Path(folder) / "home", backend="simulated", queue=queue)) as engine:
            await conducted(engine, layered(FEW), FEW)
            few = statistics.median([await conducted(engine, layered(FEW), FEW) for _ in range(FEW_ROUNDS)]) / FEW
            took = await conducted(engine, layered(MANY), MANY)
    many = took / MANY
    whole = f"a run of {MANY:,} nodes in layers"
    return [
        Row(whole, f"{took:.1f} s", "promise", f"{MANY_LIMIT_S:.0f} s", took / MANY_LIMIT_S, 1.0),
        Row(
            f"a node of {MANY:,}", f"{many * 1000:.2f} ms", f"of {FEW}", f"{few * 1000:.2f} ms", many / few, FLAT_LIMIT
        ),
    ]


async def _diamond() -> Row:
    client: Any = docker.APIClient(version="auto", max_pool_size=AT_ONCE)
    image_id: str = client.inspect_image("busybox:latest")["Id"]
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = EngineSettings(home=Path(folder) / "home", queue=QueueSettings(max_running=AT_ONCE))
        async with open_engine(settings) as engine:
            body = json.loads(json.dumps(await payload(engine, image_id)))
            body["HostConfig"]["NetworkMode"] = "bridge"  # a workflow's jobs have the network that jobs have by default
            body["Cmd"] = ["sh", "/script"]
            for _ in range(ROUNDS):
                bare.append(await by_hand(client, body))
                ours.append(await conducted(engine, diamond(), DIAMOND))
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    figures = (f"{statistics.median(ours):.2f} s", f"bare pool of {AT_ONCE}", f"{statistics.median(bare):.2f} s", ratio)
    return Row(f"a diamond of {DIAMOND} containers", *figures, DIAMOND_LIMIT)


async def measure() -> list[Row]:
    """What conducting costs alone, and what it adds to containers."""
    collect_seldom()  # as a process of the engine's
    return [*await _layers(), await _diamond()]
