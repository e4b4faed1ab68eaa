"""One server under a steady mix of work: what is begun when, and what is seen of the process meanwhile."""

from __future__ import annotations

import sys
from itertools import cycle
from typing import TYPE_CHECKING, Final, cast

import anyio
import httpx2
from websockets.exceptions import WebSocketException

from benchmarks.soak.guest import Guest, Unexpected, a_guest
from benchmarks.soak.judging import Findings, Sample, sample
from benchmarks.soak.mix import KINDS, ROUND_JOBS, Kind
from benchmarks.soak.server import Server, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

_WARM_UP: Final = 0.1
"""The part of the time before the figures that those at the end are held against.

A tenth, whatever a soak then shows: three minutes of thirty, in which each kind of work has come nine times. What is
bounded but fills more slowly counts as growth, since nobody who watches a process could tell it from a leak.
"""
_SAMPLES: Final = 120
MOST_AT_ONCE: Final = 20
"""Pieces of work under way: five for each of four jobs that run. More would only wait, each with its connections."""
_MOST_TOLD: Final = 20
_PATIENCE_S: Final = 600
_SETTLE_S: Final = 12
"""Threads of Python's pools that nobody needs leave after ten seconds."""
_ENDED: Final = frozenset({"success", "failed", "timed_out", "cancelled"})


class Soak:
    """Begins work and keeps count of it.

    Args:
        server: Who does it.
        settle_s: How long to wait after the last work before the figures are taken.

    Attributes:
        samples: The figures of its process.
        wrong: What did not end as it should.
    """

    def __init__(self, server: Server, settle_s: float = _SETTLE_S) -> None:
        self._server = server
        self._settle_s = settle_s
        self._began = anyio.current_time()
        self._begun = 0
        self._ended = 0
        self.samples: list[Sample] = []
        self.wrong: list[str] = []

    async def sample_every(self, pause_s: float) -> None:
        """Take the figures again and again."""
        while True:
            self.look()
            await anyio.sleep(pause_s)

    def look(self, *, is_quiet: bool = False) -> None:
        """Take the figures now."""
        if not self._server.is_alive:
            return
        at_s = anyio.current_time() - self._began
        self.samples.append(sample(self._server.process.pid, at_s, self._begun, self._ended, is_quiet=is_quiet))

    async def work(self, kinds: list[Kind], within_s: float) -> None:
        """Begin these pieces of work at their moments, and wait until all have ended and nothing goes on.

        A machine too slow for that gets the next one when one has ended: what is watched is a long time, not a rush.
        """
        began = anyio.current_time()
        room = anyio.Semaphore(MOST_AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for kind, moment in zip(kinds, moments(len(kinds), within_s), strict=True):
                await anyio.sleep_until(began + moment)
                await room.acquire()
                tasks.start_soon(self._do, kind, room)
        await anyio.sleep(self._settle_s)
        self.look(is_quiet=True)

    async def _do(self, kind: Kind, room: anyio.Semaphore) -> None:
        self._begun += 1
        try:
            with anyio.fail_after(_PATIENCE_S):
                async with a_guest(self._server) as guest:
                    await kind.tell(guest)
        except* (Unexpected, TimeoutError, OSError, httpx2.HTTPError, WebSocketException) as group:
            for error in _causes(group):
                self.wrong.append(f"{kind.name}: {type(error).__name__}: {error}")
                if len(self.wrong) < _MOST_TOLD:
                    print(self.wrong[-1], file=sys.stderr)
        self._ended += 1
        room.release()


async def soak(backend: str, *, jobs: int, minutes: float, max_running: int) -> Findings:
    """Soak a server of its own.

    Args:
        backend: What runs its containers.
        jobs: About how many jobs it gets.
        minutes: In how many minutes.
        max_running: How many it runs at once.
    """
    async with serve(backend, max_running=max_running) as server:
        soaking = Soak(server)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(soaking.sample_every, minutes * 60 / _SAMPLES)
            first, rest = plan(jobs)
            await soaking.work(first, minutes * 60 * _WARM_UP)
            await soaking.work(rest, minutes * 60 * (1 - _WARM_UP))
            tasks.cancel_scope.cancel()
        wrong = soaking.wrong
        if server.is_alive:
            async with a_guest(server) as guest:
                wrong += await unfinished(guest)
        left = await server.left()
    return Findings(backend, soaking.samples, wrong, left, server.said, server.exit_code)


def plan(jobs: int) -> tuple[list[Kind], list[Kind]]:
    """The work for about so many jobs, in the order it is begun: the warm-up and the rest, each with every kind."""
    kinds: Iterator[Kind] = cycle(KINDS)
    chosen = [next(kinds) for _ in range(2 * len(KINDS))]
    many = 2 * ROUND_JOBS
    while many < jobs:
        chosen.append(next(kinds))
        many += chosen[-1].jobs
    warm = max(len(KINDS), round(len(chosen) * _WARM_UP))
    return chosen[:warm], chosen[warm:]


def moments(many: int, within_s: float) -> list[float]:
    """When so many pieces of work begin, in seconds: as many as there may be at once do at the start, the rest evenly.

    So a process has had its most guests before its memory is looked at first: a pause of the machine's later on, in
    which guests gather, does not look like growth.
    """
    rest = max(0, many - MOST_AT_ONCE)
    return [0.0] * (many - rest) + [within_s * (number + 1) / (rest + 1) for number in range(rest)]


async def unfinished(guest: Guest) -> list[str]:
    """Jobs and runs that have not ended although nobody waits for them, and containers that nobody needs."""
    found: list[str] = []
    for kind in ("jobs", "workflows"):
        cursor = ""
        while True:
            page = await guest.ask(
                "GET", f"/orcaops/{kind}", params={"limit": 200} | ({"cursor": cursor} if cursor else {})
            )
            found += [f"{each['name']} is {each['status']}" for each in page["items"] if each["status"] not in _ENDED]
            cursor = page.get("next_cursor")
            if not cursor:
                break
    facts = (await guest.ask("GET", "/readyz"))["containers"]["facts"]
    if (many := facts.get("containers", "0")) != "0" and guest.server.backend == "simulated":
        found.append(f"{many} containers are left")
    return found


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, or those in a group, whatever groups they stand in."""
    if isinstance(error, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _causes(each)
    else:
        yield error
