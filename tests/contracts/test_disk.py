"""What a container has written can be asked for while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.backends.base import ArchiveEntry

if TYPE_CHECKING:
    from core.testing.stage import Stage

MIB = 1024 * 1024


async def test_what_is_in_a_containers_own_layer_is_counted(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("sleep", "600"))
    await stage.backend.put(made.container_id, "/data", [ArchiveEntry("big", b"x" * 4 * MIB)])
    await stage.backend.start(made.container_id)
    written = await stage.backend.written_bytes(made.container_id)
    assert written is not None
    assert 4 * MIB <= written < 5 * MIB


async def test_nothing_is_counted_of_what_is_gone(stage: Stage) -> None:
    assert await stage.backend.written_bytes("f" * 64) is None


async def test_what_is_free_is_some_bytes_or_not_known(stage: Stage) -> None:
    free = await stage.backend.free_bytes()
    assert free is None or free > 0
