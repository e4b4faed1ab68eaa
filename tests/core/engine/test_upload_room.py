"""Room for files that are sent in: counted as they come, looked at anew before anybody is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.engine.upload_room import UploadRoom
from core.errors import NotAdmittedError
from core.testing.clock import MovingClock

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_others_are_sending_counts_and_is_given_back_if_it_is_not_kept(tmp_path: Path) -> None:
    room = UploadRoom(tmp_path / "none yet", 100, MovingClock())
    with room.claiming() as first:
        await first.take(40)
        await first.take(40)
        with room.claiming() as second:
            with pytest.raises(NotAdmittedError, match="those that were sent in before have 0 bytes, and 100 bytes"):
                await second.take(30)
            await second.take(20)
    with room.claiming() as third:
        await third.take(100)


async def test_room_that_came_free_is_found_ten_seconds_later(tmp_path: Path) -> None:
    clock, file = MovingClock(), tmp_path / "file"
    room = UploadRoom(tmp_path, 100, clock)
    file.write_bytes(b"x" * 90)
    with room.claiming() as claim:
        for _ in range(2):
            with pytest.raises(NotAdmittedError):
                await claim.take(20)
            file.write_bytes(b"")
        clock.advance(10)
        await claim.take(20)


async def test_what_came_a_second_time_takes_no_further_room(tmp_path: Path) -> None:
    room = UploadRoom(tmp_path, 100, MovingClock())
    for _ in range(5):
        with room.claiming() as claim:
            await claim.take(40)
            (tmp_path / "file").write_bytes(b"x" * 40)
            claim.keep()
