"""Mounts, and files that are sent from the disk: what every backend promises."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from core.backends.base import ArchiveEntry, Mount
from core.errors import BackendError
from core.testing.stage import printed

if TYPE_CHECKING:
    from pathlib import Path

    from core.testing.stage import Stage


async def test_a_mount_is_a_folder_of_the_container(stage: Stage, tmp_path: Path) -> None:
    mounts = (Mount(str(tmp_path), "/in/side"), Mount(str(tmp_path), "/other", read_only=False))
    ended = await stage.ended("sh", "-c", "cd /in/side && cd /other && pwd", mounts=mounts)
    assert ended.exit_code == 0
    assert printed(await stage.output(ended.container_id), 1) == b"/other\n"


async def test_a_file_of_the_disk_goes_in_with_its_mode_and_all_its_bytes(stage: Stage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"0123456789" * 300_000)
    made = await stage.backend.create(stage.request("cat", "/data/b"))
    await stage.backend.put(
        made.container_id, "/data", [ArchiveEntry("a/large", file=source), ArchiveEntry("b", b"x", 0o755)]
    )
    await stage.backend.start(made.container_id)
    assert (await stage.end_of(made.container_id)).exit_code == 0
    assert printed(await stage.output(made.container_id), 1) == b"x"
    async with stage.backend.archive(made.container_id, "/data/a/large") as chunks:
        packed = b"".join([chunk async for chunk in chunks])
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        content = tar.extractfile("large")
        assert content is not None
        assert content.read() == source.read_bytes()


async def test_a_file_that_is_not_on_the_disk_any_more_is_a_backend_error(stage: Stage, tmp_path: Path) -> None:
    made = await stage.backend.create(stage.request("true"))
    with pytest.raises(BackendError):
        await stage.backend.put(made.container_id, "/data", [ArchiveEntry("a", file=tmp_path / "none")])


async def test_a_backend_tells_how_it_is_commanded(stage: Stage) -> None:
    assert all(path.startswith("/") for path in stage.backend.control_paths or ())
