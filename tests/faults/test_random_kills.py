"""An engine under load is killed at random instants; in the end every job is as if nothing had been."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Final

import pytest

from tests.faults.crashing import everything_ended_well, killed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.slow]

AT_ONCE: Final = 20
SEED: Final = 20
KILLS: Final = int(os.environ.get("CRASH_KILLS", "12"))
"""`make crash` kills a hundred times."""


@pytest.mark.fault("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8")
@pytest.mark.timeout(600 + 60 * KILLS)
async def test_every_job_ends_once_and_whole_however_often_its_engine_is_killed(tmp_path: Path) -> None:
    dice = random.Random(SEED)  # noqa: S311 - instants, no secret
    for _ in range(KILLS):
        nth, after_s = round(10 ** dice.uniform(0, 2.6)), dice.choice([0, dice.uniform(0, 0.3)])
        await killed(tmp_path / "home", "*", at_once=AT_ONCE, nth=nth, after_s=after_s, within_s=300)
    assert await everything_ended_well(tmp_path / "home", within_s=900) >= AT_ONCE
