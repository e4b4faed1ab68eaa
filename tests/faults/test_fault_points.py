"""An engine dies before, during and after every act of an attempt; the next one goes on as if nothing had been."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import anyio
import pytest

from tests.faults.crashing import everything_ended_well, killed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.slow]

EVERYWHERE: Final = "CRASH_KILLS" in os.environ
"""Whether every moment is tried, which takes minutes, or some of each kind."""

DURING_S: Final = 0.02
"""A call that was sent so long ago is under way, whether its answer has come or not."""

WRITES: Final = [
    ("move", "start"),
    ("change", "starting"),
    ("move", "succeed"),
    ("move", "requeue"),
    ("move", "fail"),
    ("change", "done"),
]
CALLS: Final = [
    ("POST", "*/create*"),
    ("POST", "/networks/create"),
    ("PUT", "*/archive"),
    ("POST", "*/start"),
    ("GET", "*/archive"),
    ("DELETE", "/containers/*"),
    ("DELETE", "/networks/*"),
]


def moments() -> list[tuple[tuple[str, ...], float]]:
    """Where to die, and how long after."""
    found: list[tuple[tuple[str, ...], float]] = []
    for act, what in WRITES:
        found += [((act, what), 0), (({"move": "moved", "change": "changed"}[act], what), 0)]
    for method, path in CALLS:
        asked = ("docker", method, path, "asked")
        found += [(asked, 0), (asked, DURING_S), (("docker", method, path, "answered"), 0)]
    return [*found, (("log", "write"), 0), (("log", "written"), 0)]


@pytest.mark.fault("F1", "F2", "F3", "F4", "F5", "F6", "F57")
@pytest.mark.timeout(1800)
async def test_jobs_end_once_and_whole_wherever_in_an_act_their_engine_dies(tmp_path: Path) -> None:
    async def chain(name: str, some: list[tuple[tuple[str, ...], float]]) -> None:
        for words, after_s in some:
            await killed(tmp_path / f"home-{name}", *words, at_once=2, after_s=after_s, within_s=300)
        assert await everything_ended_well(tmp_path / f"home-{name}") >= 2

    chosen = moments()[:: 1 if EVERYWHERE else 5]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(chain, "even", chosen[::2])
        tasks.start_soon(chain, "odd", chosen[1::2])
