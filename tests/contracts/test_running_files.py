"""Files go into a container that runs and come out of it: how a job's program is answered."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from core.backends.base import ArchiveEntry

if TYPE_CHECKING:
    from core.testing.stage import Stage

WAITING = "mkdir -p /orcaops; echo asked > /orcaops/steps; echo ready; sleep 600"


async def file(stage: Stage, container_id: str, path: str) -> bytes:
    data = bytearray()
    async with stage.backend.archive(container_id, path) as chunks:
        async for chunk in chunks:
            data += chunk
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as archive:
        opened = archive.extractfile(archive.getmembers()[0])
        return opened.read() if opened else b""


async def test_a_running_containers_files_are_read_and_others_are_put_beside_them(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", WAITING)
    await stage.until_printed(container_id, b"ready")
    assert await file(stage, container_id, "/orcaops/steps") == b"asked\n"
    await stage.backend.put(
        container_id, "/orcaops", [ArchiveEntry("step-2", b"echo 2\n"), ArchiveEntry("go-2s", b"run\n")]
    )
    assert await file(stage, container_id, "/orcaops/go-2s") == b"run\n"
    state = await stage.backend.inspect(container_id)
    assert state is not None
    assert state.phase == "running"
    await stage.backend.stop(container_id, 0)


async def test_an_answer_may_be_put_again_and_into_a_folder_that_was_taken_away(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo ready; sleep 600")
    await stage.until_printed(container_id, b"ready")
    for word in (b"run\n", b"skip\n"):
        await stage.backend.put(container_id, "/orcaops", [ArchiveEntry("go-1s", word)])
        assert await file(stage, container_id, "/orcaops/go-1s") == word
    await stage.backend.stop(container_id, 0)
