"""Put, stat and archive: what every backend promises of a container's files."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from core.backends.base import ArchiveEntry, Placement
from core.testing.stage import printed

if TYPE_CHECKING:
    from pathlib import Path

    from core.testing.stage import Stage


async def archived(stage: Stage, container_id: str, path: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    data = bytearray()
    async with stage.backend.archive(container_id, path) as chunks:
        async for chunk in chunks:
            data += chunk
    members: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as tar:
        for member in tar:
            opened = tar.extractfile(member) if member.isfile() else None
            members[member.name] = (member, opened.read() if opened else b"")
    return members


async def test_a_file_put_before_the_start_is_read_by_the_process(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("cat", "/data/in/data.txt"))

    await stage.backend.put(made.container_id, "/data", [ArchiveEntry("in/data.txt", b"one\ntwo\n")])
    await stage.backend.start(made.container_id)

    assert printed(await stage.output(made.container_id), 1) == b"one\ntwo\n"


async def test_a_script_put_before_the_start_can_be_run(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("sh", "/orcaops/script"))

    await stage.backend.put(
        made.container_id, "/orcaops", [ArchiveEntry("script", b"echo from the script\nexit 7\n", 0o755)]
    )
    await stage.backend.start(made.container_id)

    assert (await stage.end_of(made.container_id)).exit_code == 7
    assert printed(await stage.output(made.container_id), 1) == b"from the script\n"


async def test_putting_again_replaces_the_file(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("cat", "/data/a"))

    await stage.backend.put(made.container_id, "/data", [ArchiveEntry("a", b"a longer first version")])
    await stage.backend.put(made.container_id, "/data", [ArchiveEntry("a", b"second")])

    assert (await archived(stage, made.container_id, "/data/a"))["a"][1] == b"second"


async def test_modes_and_owner_are_as_asked(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("true"))

    entries = [ArchiveEntry("run.sh", b"#!/bin/sh\n", 0o755), ArchiveEntry("deep/er/data", b"x", 0o600)]
    await stage.backend.put(made.container_id, "/data", entries, owner="1000:2000")

    members = await archived(stage, made.container_id, "/data")
    assert members["data"][0].mode & 0o777 == 0o777
    assert members["data/run.sh"][0].mode & 0o777 == 0o755
    assert members["data/deep/er/data"][0].mode & 0o777 == 0o600
    for name in ("data/run.sh", "data/deep", "data/deep/er", "data/deep/er/data"):
        assert (members[name][0].uid, members[name][0].gid) == (1000, 2000)


async def test_folders_get_the_mode_that_is_asked_for(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("true"))

    entries = [ArchiveEntry("build/out/a", b"x", 0o444)]
    await stage.backend.put(made.container_id, "/given", entries, claim=True, mode=0o755)

    members = await archived(stage, made.container_id, "/given")
    modes = {name: member.mode & 0o777 for name, (member, _) in members.items()}
    assert modes == {"given": 0o755, "given/build": 0o755, "given/build/out": 0o755, "given/build/out/a": 0o444}


async def test_several_folders_are_put_at_once_each_with_its_own_mode_and_owner(stage: Stage, tmp_path: Path) -> None:
    made = await stage.backend.create(stage.request("true"))
    (tmp_path / "large").write_bytes(b"y" * 100_000)
    placements = [
        Placement("/one", (ArchiveEntry("a", b"first", 0o600), ArchiveEntry("b", b"", 0o666)), is_ours=True),
        Placement("/two", (ArchiveEntry("in/c", file=tmp_path / "large"),), "1000:2000", is_ours=True, mode=0o755),
        Placement("/two/below", (ArchiveEntry("d", b"last"),)),
        Placement("/none", (), is_ours=True, mode=0o700),
    ]

    for _ in range(2):  # an answer may be lost
        await stage.backend.put_all(made.container_id, placements)

    one = await archived(stage, made.container_id, "/one")
    two = await archived(stage, made.container_id, "/two")
    assert {name: (member.mode & 0o777, member.uid) for name, (member, _) in one.items()} == {
        "one": (0o777, 0),
        "one/a": (0o600, 0),
        "one/b": (0o666, 0),
    }
    assert (two["two/in/c"][1], two["two/below/d"][1]) == (b"y" * 100_000, b"last")
    assert (two["two/in"][0].mode & 0o777, two["two/in/c"][0].uid, two["two/in/c"][0].gid) == (0o755, 1000, 2000)
    assert two["two/below/d"][0].uid == 0
    assert "none" in await archived(stage, made.container_id, "/none")


async def test_a_folder_that_is_claimed_is_made_without_a_file_in_it(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("true"))

    await stage.backend.put(made.container_id, "/given", (), claim=True, mode=0o755)

    info = await stage.backend.stat(made.container_id, "/given")
    assert info is not None
    assert info.kind == "folder"


async def test_a_file_that_lies_packed_is_put_there_unpacked(stage: Stage, tmp_path: Path) -> None:
    data = b"".join(b"line %d\n" % number for number in range(50_000))
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(data))
    made = await stage.backend.create(stage.request("true"))

    await stage.backend.put(
        made.container_id, "/data", [ArchiveEntry("big", file=packed, unpacked_size=len(data)), ArchiveEntry("b", b"2")]
    )

    members = await archived(stage, made.container_id, "/data")
    assert members["data/big"][1] == data
    assert members["data/b"][1] == b"2"


async def test_what_the_process_wrote_is_archived_with_its_bytes_and_names(stage: Stage) -> None:
    script = "mkdir -p /out/sub; printf 'a\\nb' > /out/one.txt; seq 5000 > /out/sub/two; ln -s one.txt /out/link"
    ended = await stage.ended("sh", "-c", script)

    members = await archived(stage, ended.container_id, "/out")

    assert set(members) == {"out", "out/one.txt", "out/sub", "out/sub/two", "out/link"}
    assert members["out"][0].isdir()
    assert members["out/one.txt"][1] == b"a\nb"
    assert members["out/sub/two"][1] == b"".join(b"%d\n" % number for number in range(1, 5001))
    assert members["out/link"][0].issym()
    assert members["out/link"][0].linkname == "one.txt"


async def test_a_single_file_is_archived_under_its_own_name(stage: Stage) -> None:
    ended = await stage.ended("sh", "-c", "mkdir -p /out; echo hi > /out/one.txt")

    members = await archived(stage, ended.container_id, "/out/one.txt")

    assert [(name, data) for name, (_, data) in members.items()] == [("one.txt", b"hi\n")]


async def test_an_archive_need_not_be_read_to_its_end(stage: Stage) -> None:
    ended = await stage.ended("sh", "-c", "mkdir -p /out; seq 200000 > /out/big")

    async with stage.backend.archive(ended.container_id, "/out/big") as chunks:
        async for chunk in chunks:
            assert chunk
            break

    await stage.backend.remove(ended.container_id)
    assert await stage.backend.inspect(ended.container_id) is None


async def test_an_archive_of_nothing_is_refused(stage: Stage) -> None:
    ended = await stage.ended("true")

    with pytest.raises(FileNotFoundError):
        async with stage.backend.archive(ended.container_id, "/nothing/here"):
            pass


async def test_stat_tells_files_folders_links_and_nothing(stage: Stage) -> None:
    ended = await stage.ended("sh", "-c", "mkdir -p /out/sub; printf 12345 > /out/one; ln -s one /out/link")
    backend, container_id = stage.backend, ended.container_id

    file = await backend.stat(container_id, "/out/one")
    folder = await backend.stat(container_id, "/out/sub")
    link = await backend.stat(container_id, "/out/link")

    assert file is not None
    assert (file.kind, file.size) == ("file", 5)
    assert folder is not None
    assert folder.kind == "folder"
    assert link is not None
    assert (link.kind, link.link_target) == ("symlink", "/out/one")
    assert await backend.stat(container_id, "/out/nothing") is None


async def test_files_can_be_read_from_a_container_that_never_started(stage: Stage) -> None:
    made = await stage.backend.create(stage.request("true"))
    await stage.backend.put(made.container_id, "/data", [ArchiveEntry("a", b"12")])

    info = await stage.backend.stat(made.container_id, "/data/a")

    assert info is not None
    assert (info.kind, info.size) == ("file", 2)
