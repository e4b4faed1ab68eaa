"""Fifty clients at once over HTTP; a thousand readers of one log; how soon a printed line is out."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import anyio

from benchmarks.http_door import HttpDoor, served
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENTS: Final = 50
REQUESTS: Final = 200
P99_PROMISE_MS: Final = 500
READERS: Final = 1000
LINES: Final = 200
LAG_PROMISE_MS: Final = 300


async def mixed_load(door: HttpDoor) -> list[float]:
    """Seconds each request took; every second one is a submit, the others look at jobs. Raises if one is lost."""
    times: list[float] = []
    submitted: set[str] = set()

    async def client(number: int) -> None:
        async with door.connect() as caller:
            mine = ""
            for index in range(REQUESTS):
                began = time.perf_counter()
                if index % 2 == 0:
                    spec = {"image": "busybox", "command": ["true"], "name": f"c{number}", "timeout_s": 5}
                    status, answer = await caller.ask("POST", "/orcaops/jobs", spec)
                    assert status == 201, answer
                    mine = answer["job_id"]
                    submitted.add(mine)
                else:
                    path = f"/orcaops/jobs/{mine}" if index % 4 == 1 else "/orcaops/jobs?limit=20"
                    status, answer = await caller.ask("GET", path)
                    assert status == 200, answer
                times.append(time.perf_counter() - began)

    async with anyio.create_task_group() as tasks:
        for number in range(CLIENTS):
            tasks.start_soon(client, number)
    assert len(submitted) == CLIENTS * REQUESTS // 2
    await _all_are_there(door, submitted)
    return times


async def _all_are_there(door: HttpDoor, submitted: set[str]) -> None:
    seen: set[str] = set()
    async with door.connect() as caller:
        cursor = ""
        while True:
            _, page = await caller.ask("GET", f"/orcaops/jobs?limit=200{f'&cursor={cursor}' if cursor else ''}")
            seen |= {job["job_id"] for job in page["items"]}
            cursor = page["next_cursor"]
            if not cursor:
                break
    assert seen == submitted, f"{len(submitted - seen)} of {len(submitted)} jobs were lost"


async def many_readers(door: HttpDoor, count: int) -> float:
    """Seconds until ``count`` readers of one running log had each of its lines once, in order."""
    script = f"sleep 5; i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); done"
    async with door.connect() as caller:
        _, job = await caller.ask("POST", "/orcaops/jobs", {"image": "busybox", "command": ["sh", "-c", script]})
    ready, gate = 0, anyio.Event()

    async def reader() -> None:
        nonlocal ready
        async with door.connect() as caller:
            ready += 1
            if ready == count:
                gate.set()
            path = f"/orcaops/jobs/{job['job_id']}/logs/stream"
            numbers = [json.loads(data)["n"] async for event, data in caller.events(path) if event == "log"]
            assert numbers == list(range(1, LINES + 1)), f"a reader saw {len(numbers)} of {LINES} lines"

    began = 0.0
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(reader)
        await gate.wait()
        began = time.perf_counter()
    return time.perf_counter() - began


async def lags(door: HttpDoor) -> Sequence[float]:
    """Seconds from a line's time at the container engine to its arrival at `curl -N`, for fifty lines."""
    script = "i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); sleep 0.1; done"
    async with door.connect() as caller:
        _, job = await caller.ask("POST", "/orcaops/jobs", {"image": "busybox", "command": ["sh", "-c", script]})
    url = f"http://{door.host}:{door.port}/orcaops/jobs/{job['job_id']}/logs/stream"
    found: list[float] = []
    ended = False
    async with await anyio.open_process([shutil.which("curl") or "curl", "-sN", url], stderr=None) as curl:
        assert curl.stdout is not None
        async for chunk in curl.stdout:
            now = datetime.now(UTC)
            for line in chunk.decode().splitlines():
                ended = ended or line == "event: end"
                if line.startswith('data: {"n"'):
                    shown: dict[str, Any] = json.loads(line[6:])
                    found.append((now - datetime.fromisoformat(shown["ts"])).total_seconds())
    assert ended, "the stream did not say that it ended"
    return found


async def measure() -> list[Row]:
    """Latency under load, the readers beside one reader, and the lag of a line."""
    async with served("simulated", QUEUE_MAX_QUEUED="1000000", SIMULATION_TIME_SCALE="1") as door:
        times = sorted(await mixed_load(door))
    async with served("simulated") as door:
        one = await many_readers(door, 1)
        all_of_them = await many_readers(door, READERS)
    async with served("docker") as door:
        lag = max(await lags(door))
    p50, p99 = statistics.median(times) * 1000, times[int(len(times) * 0.99)] * 1000
    return [
        Row(
            f"{CLIENTS} clients x {REQUESTS} requests, p99 (p50 {p50:.0f} ms)",
            f"{p99:.0f} ms",
            "promise",
            f"{P99_PROMISE_MS} ms",
            p99 / P99_PROMISE_MS,
            1.0,
        ),
        Row(
            f"{LINES} lines to {READERS} readers",
            f"{all_of_them:.1f} s",
            "one reader",
            f"{one:.1f} s",
            all_of_them / one,
            10.0,
        ),
        Row(
            "a printed line at curl -N, slowest of 50",
            f"{lag * 1000:.0f} ms",
            "promise",
            f"{LAG_PROMISE_MS} ms",
            lag * 1000 / LAG_PROMISE_MS,
            1.0,
        ),
    ]
