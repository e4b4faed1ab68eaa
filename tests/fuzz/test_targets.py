"""Whatever is sent, the answer is a value or an error of ours, in bounded time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread
import pytest

from tests.fuzz import doors as at_doors
from tests.fuzz.target import try_quickly
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.target import Target

pytestmark = pytest.mark.slow
_NAMES: Final = [target.name for target in TARGETS]


@pytest.mark.parametrize("target", TARGETS, ids=_NAMES)
def test_whatever_is_given_there_is_a_value_or_an_error_of_ours(target: Target) -> None:
    try_quickly(target)


async def test_whatever_comes_in_at_a_door_is_answered_and_the_door_stays_open(tmp_path: Path) -> None:
    async with at_doors.open_doors(tmp_path / "home") as doors:
        for target in at_doors.TARGETS:
            await anyio.to_thread.run_sync(try_quickly, target.at(doors))
