"""Files into containers and out of them, on the real engine."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import anyio
import pytest

from core.backends.base import ArchiveEntry, PathInfo
from core.errors import ContainerLostError, InvalidArgumentError
from tests.core.backends.docker.conftest import docker, ended, output_of, started

if TYPE_CHECKING:
    from core.backends.docker.backend import DockerBackend
    from tests.core.backends.docker.conftest import Requests

pytestmark = pytest.mark.docker


async def _fetched(backend: DockerBackend, container_id: str, path: str) -> dict[str, bytes | None]:
    """Members of the archive of a path; None for what has no bytes."""
    async with backend.archive(container_id, path) as pieces:
        packed = b"".join([piece async for piece in pieces])
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        read = ((member.name, tar.extractfile(member)) for member in tar.getmembers())
        return {name: None if file is None else file.read() for name, file in read}


async def test_what_was_put_is_there_with_folders_that_anyone_may_write(
    backend: DockerBackend, request_for: Requests
) -> None:
    look = "cd /place && cat a/b/deep.txt && ./run && touch new a/new a/b/new && stat -c '%a %u:%g %n' . a run"
    container = await backend.create(request_for("sh", "-c", look, user="65534:65534"))
    entries = [ArchiveEntry("a/b/deep.txt", b"deep\n"), ArchiveEntry("run", b"#!/bin/sh\necho ran\n", 0o755)]
    await backend.put(container.container_id, "/place", entries)
    await backend.start(container.container_id)
    state = await ended(backend, container.container_id)
    bodies = [frame.body.decode() for frame in await output_of(backend, container.container_id)]
    assert bodies == ["deep\n", "ran\n", "777 0:0 .\n", "777 0:0 a\n", "755 0:0 run\n"]
    assert state.exit_code == 0


async def test_files_belong_to_the_owner_asked_for(backend: DockerBackend, request_for: Requests) -> None:
    container = await backend.create(request_for("stat", "-c", "%u:%g", "/x/y", "/x/y/z"))
    await backend.put(container.container_id, "/x", [ArchiveEntry("y/z", b"")], owner="1000:1001")
    await backend.start(container.container_id)
    await ended(backend, container.container_id)
    assert {frame.body for frame in await output_of(backend, container.container_id)} == {b"1000:1001\n"}


async def test_folders_that_the_image_has_keep_their_mode(backend: DockerBackend, request_for: Requests) -> None:
    container = await backend.create(request_for("stat", "-c", "%a %n", "/", "/etc", "/etc/ours", "/tmp/ours"))
    await backend.put(container.container_id, "/", [ArchiveEntry("etc/ours/x", b""), ArchiveEntry("tmp/ours/x", b"")])
    await backend.start(container.container_id)
    await ended(backend, container.container_id)
    bodies = [frame.body.decode() for frame in await output_of(backend, container.container_id)]
    assert bodies == ["755 /\n", "755 /etc\n", "777 /etc/ours\n", "777 /tmp/ours\n"]


async def test_a_folder_is_made_even_when_no_file_goes_in(backend: DockerBackend, request_for: Requests) -> None:
    container = await backend.create(request_for("true"))
    await backend.put(container.container_id, "/deep/er", [])
    info = await backend.stat(container.container_id, "/deep/er")
    assert info is not None
    assert info.kind == "folder"


async def test_putting_again_replaces_the_files(backend: DockerBackend, request_for: Requests) -> None:
    container = await backend.create(request_for("true"))
    for text in (b"one", b"two"):
        await backend.put(container.container_id, "/place", [ArchiveEntry("a/f", text)])
    assert await _fetched(backend, container.container_id, "/place/a") == {"a": None, "a/f": b"two"}


async def test_an_owner_that_is_no_pair_of_numbers_is_refused(backend: DockerBackend) -> None:
    with pytest.raises(InvalidArgumentError):
        await backend.put("whatever", "/place", [], owner="root")


async def test_a_path_is_told_without_its_bytes(backend: DockerBackend, request_for: Requests) -> None:
    script = "mkdir /d; printf 12345 >/d/f; ln -s /d/f /d/l; mkfifo /d/p"
    container_id = await started(backend, request_for("sh", "-c", script))
    await ended(backend, container_id)
    assert await backend.stat(container_id, "/d/f") == PathInfo("/d/f", "file", 5, "")
    link = await backend.stat(container_id, "/d/l")
    assert link is not None
    assert (link.kind, link.link_target) == ("symlink", "/d/f")
    kinds = [info.kind for path in ("/d", "/d/p") if (info := await backend.stat(container_id, path))]
    assert kinds == ["folder", "other"]
    assert await backend.stat(container_id, "/d/nothing") is None


async def test_an_archive_names_its_members_from_the_last_part_of_the_path(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(
        backend, request_for("sh", "-c", "mkdir -p /out/a/b; echo 1 >/out/a/b/f; echo 2 >/out/g")
    )
    await ended(backend, container_id)
    assert await _fetched(backend, container_id, "/out/a") == {"a": None, "a/b": None, "a/b/f": b"1\n"}
    assert await _fetched(backend, container_id, "/out/g") == {"g": b"2\n"}


async def test_an_archive_of_nothing_is_a_missing_file(backend: DockerBackend, request_for: Requests) -> None:
    container = await backend.create(request_for("true"))
    with pytest.raises(FileNotFoundError):
        await _fetched(backend, container.container_id, "/nothing")


async def test_an_archive_that_is_left_early_does_not_keep_the_container_locked(
    backend: DockerBackend, request_for: Requests
) -> None:
    script = "dd if=/dev/zero of=/big bs=1M count=64 2>/dev/null"
    container_id = await started(backend, request_for("sh", "-c", script))
    await ended(backend, container_id)
    async with backend.archive(container_id, "/big") as pieces:
        async for piece in pieces:
            assert piece
            break
    with anyio.fail_after(60):
        assert await backend.inspect(container_id) is not None


async def test_a_reader_that_is_cancelled_does_not_keep_the_container_locked(
    backend: DockerBackend, request_for: Requests
) -> None:
    script = "dd if=/dev/zero of=/big bs=1M count=64 2>/dev/null"
    container_id = await started(backend, request_for("sh", "-c", script))
    await ended(backend, container_id)
    resting = backend._client.streams.borrowed_tokens
    async with anyio.create_task_group() as group:

        async def read_a_little() -> None:
            async with backend.archive(container_id, "/big") as pieces:
                async for _ in pieces:
                    group.cancel_scope.cancel()

        group.start_soon(read_a_little)
    with anyio.fail_after(60):
        assert await backend.inspect(container_id) is not None
    assert backend._client.streams.borrowed_tokens == resting


async def test_a_container_that_is_gone_has_no_files(backend: DockerBackend, request_for: Requests) -> None:
    container = await backend.create(request_for("true"))
    docker("rm", container.container_id)
    with pytest.raises(ContainerLostError):
        await backend.put(container.container_id, "/place", [ArchiveEntry("f", b"")])
    with pytest.raises(ContainerLostError):
        await backend.stat(container.container_id, "/place")
    with pytest.raises(ContainerLostError):
        await _fetched(backend, container.container_id, "/place")
