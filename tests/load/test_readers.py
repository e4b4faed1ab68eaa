"""Hundreds of readers of one log, some slow, some dead, at a real `orcaops serve` process.

With the variable ``LOAD`` set there are three hundred, and it is waited until the dead ones are let go, which takes a
minute; the suite is content with fifty.
"""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio
import pytest

from benchmarks.soak.guest import Guest, a_guest
from benchmarks.soak.judging import sample
from benchmarks.soak.server import serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.soak.guest import Facts

pytestmark = pytest.mark.slow

_FULL = bool(os.environ.get("LOAD"))
_READERS = 120 if _FULL else 20
"""Of each way: server-sent events, WebSockets. Half as many are dead."""
_SLOW = 30 if _FULL else 4
_LINES = 400
_TEXT = "x" * 1000
_HELD_KIB = 64 * 1024
"""The server may grow by so much for all of them, however many."""


@pytest.mark.fault("F39")
async def test_slow_and_dead_readers_hold_up_neither_the_job_nor_the_others_and_cost_little() -> None:
    script = f"for n in 1 2 3 4; do flood {_LINES // 4} {_TEXT}; sleep 0.5; done"
    wanted = [_TEXT] * _LINES
    ended: list[int] = []
    async with serve("simulated", max_running=2) as server, a_guest(server) as guest:
        job_id = await guest.submit("sh", "-c", f"sleep 2; {script}", log_limit={"bytes": 8 << 20})
        path = f"/orcaops/jobs/{job_id}"
        large = await guest.submit("flood", "8000", _TEXT, log_limit={"bytes": 16 << 20})

        async def follow(way: Callable[[str], Awaitable[tuple[list[str], Facts]]]) -> None:
            lines, end = await way(path)
            ended.append(lines == wanted and end["status"] == "success")

        before = sample(server.process.pid, 0, 0, 0)
        async with AsyncExitStack() as dead:
            for _ in range(_READERS // 2):
                await dead.enter_async_context(guest.that_never_reads(f"/orcaops/jobs/{large}"))
            with anyio.fail_after(200):
                async with anyio.create_task_group() as tasks:
                    for _ in range(_READERS):
                        tasks.start_soon(follow, guest.followed)
                        tasks.start_soon(follow, guest.over_socket)
                    for _ in range(_SLOW):
                        tasks.start_soon(_read_slowly, guest, path, ended)
            assert ended == [True] * (2 * _READERS + _SLOW)
            assert await open_streams(guest) == _READERS // 2
            after = sample(server.process.pid, 0, 0, 0)
            assert after.rss_kib - before.rss_kib < _HELD_KIB
            assert (await guest.job(job_id))["status"] == "success"
            if _FULL:
                await all_streams_are_closed(guest)
        await all_streams_are_closed(guest)
    assert server.exit_code == 0
    assert server.said == []


async def _read_slowly(guest: Guest, path: str, ended: list[int]) -> None:
    """Take a line, let others go first for a while, and take the next."""
    texts: list[str] = []
    async for name, data in guest.events(f"{path}/logs/stream"):
        if name == "log":
            texts.append(data["text"])
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        if name == "end":
            ended.append(texts == [_TEXT] * _LINES)


async def all_streams_are_closed(guest: Guest) -> None:
    with anyio.fail_after(200):
        while await open_streams(guest):
            await anyio.lowlevel.checkpoint()


async def open_streams(guest: Guest) -> int:
    text = (await guest.http.get("/orcaops/metrics")).text
    return sum(
        int(float(line.rpartition(" ")[2])) for line in text.splitlines() if line.startswith("orcaops_http_streams{")
    )
