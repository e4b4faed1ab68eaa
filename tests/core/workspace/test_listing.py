"""Folders listed and hashed, whatever lies in them."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from core.errors import BusyError, InvalidArgumentError
from core.settings import WorkspaceSettings
from core.workspace.hashes import FileStamp, HashCache, opened
from core.workspace.listing import list_workspace

LATER_NS = 1 << 62
"""A moment at which every file of a test was changed long ago."""


def a_cache() -> HashCache:
    return HashCache(now_ns=lambda: LATER_NS)


def reasons(folder: Path) -> dict[str, str]:
    return {item.path: item.reason for item in list_workspace(folder).skipped}


def test_files_come_in_the_order_of_their_paths_with_hash_size_and_execute_bit(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "b" / "run").chmod(0o755)
    (tmp_path / "a").write_bytes(b"text")
    workspace = list_workspace(tmp_path)
    told = [(file.path, file.sha256, file.size, file.executable) for file in workspace.files]
    assert told == [
        ("a", hashlib.sha256(b"text").hexdigest(), 4, False),
        ("b/run", hashlib.sha256(b"#!/bin/sh\n").hexdigest(), 10, True),
    ]
    assert workspace.bytes == 14
    assert [file.path for file in workspace.manifest()] == ["a", "b/run"]


def test_what_git_keeps_for_itself_is_never_sent(tmp_path: Path) -> None:
    for folder in (tmp_path / ".git", tmp_path / "module" / ".git"):
        folder.mkdir(parents=True)
        (folder / "config").write_bytes(b"[url]")
    (tmp_path / "worktree").mkdir()
    (tmp_path / "worktree" / ".git").write_bytes(b"gitdir: elsewhere")
    (tmp_path / "worktree" / "a").write_bytes(b"")
    assert [file.path for file in list_workspace(tmp_path).files] == ["worktree/a"]


def test_a_link_inside_the_folder_is_a_copy_and_one_that_leaves_it_is_told(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "d").mkdir(parents=True)
    (root / "d" / "real").write_bytes(b"real")
    (root / ".gitignore").write_text("secret\n", encoding="utf-8")
    (root / "secret").write_bytes(b"s")
    (tmp_path / "outside").write_bytes(b"outside")
    for name, target in {
        "near": "d/real", "twice": "near", "far": "../outside", "host": "/etc/passwd", "folder": "d",
        "nowhere": "gone", "circle": "circle", "hidden": "secret",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    files = {file.path: file.sha256 for file in list_workspace(root).files}
    assert files["near"] == files["twice"] == files["d/real"]
    assert set(files) == {".gitignore", "near", "twice", "d/real"}
    said = reasons(root)
    assert said["far"] == said["host"] == "a link that leads out of the folder"
    assert said["folder"] == "a link to a folder"
    assert said["hidden"] == said["nowhere"] == said["circle"] == "a link to a file that is not sent"


def test_sockets_and_pipes_and_names_that_cannot_be_passed_on_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
    Path(os.fsdecode(b"bad\xff")).write_bytes(b"")
    assert reasons(tmp_path) == {
        "pipe": "a socket, pipe or device",
        "sock": "a socket, pipe or device",
        "bad\\udcff": "its name cannot be passed on",
    }


def test_what_is_left_out_by_name_is_not_even_told(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_bytes(b"secret")
    (tmp_path / "a").write_bytes(b"")
    workspace = list_workspace(tmp_path, without=(tmp_path / "home",))
    assert [file.path for file in workspace.files] == ["a"]


@pytest.mark.parametrize(
    ("limits", "largest"),
    [(WorkspaceSettings(bytes=2000), r"largest: big/ \(3000 bytes, 1 files\)"), (WorkspaceSettings(files=3), "many/")],
)
def test_too_large_a_folder_is_refused_and_the_largest_entries_are_named(
    tmp_path: Path, limits: WorkspaceSettings, largest: str
) -> None:
    for name, count, size in (("big", 1, 3000), ("many", 3, 10)):
        (tmp_path / name).mkdir()
        for index in range(count):
            (tmp_path / name / str(index)).write_bytes(b"x" * size)
    with pytest.raises(InvalidArgumentError, match=largest) as refused:
        list_workspace(tmp_path, limits)
    assert ".gitignore" in refused.value.hint


def test_no_folder_and_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(InvalidArgumentError, match="cannot be read"):
            list_workspace(path)


def test_ignore_files_that_cannot_be_heeded_are_refused_rather_than_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(InvalidArgumentError, match="larger than 1 MiB"):
        list_workspace(tmp_path)


def test_the_second_listing_only_looks_at_times_and_a_change_is_seen(tmp_path: Path) -> None:
    for index in range(20):
        (tmp_path / str(index)).write_bytes(b"%d" % index)
    cache = a_cache()
    first = list_workspace(tmp_path, cache=cache)
    assert cache.reads == 20
    assert list_workspace(tmp_path, cache=cache) == first
    assert cache.reads == 20
    (tmp_path / "7").write_bytes(b"changed")
    changed = list_workspace(tmp_path, cache=cache)
    assert cache.reads == 21
    assert {file.path for file, old in zip(changed.files, first.files, strict=True) if file != old} == {"7"}


def test_a_file_that_changed_a_moment_ago_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"a")
    cache = HashCache(now_ns=lambda: file.stat().st_ctime_ns)
    list_workspace(tmp_path, cache=cache)
    list_workspace(tmp_path, cache=cache)
    assert cache.reads == 2


def test_only_so_many_hashes_are_remembered(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode())
    cache = HashCache(2, now_ns=lambda: LATER_NS)
    list_workspace(tmp_path, cache=cache)
    stamp = FileStamp.of((tmp_path / "c").stat())
    cache.look_up(str(tmp_path / "c"), stamp)
    assert cache.reads == 3
    cache.look_up(str(tmp_path / "a"), FileStamp.of((tmp_path / "a").stat()))
    assert cache.reads == 4


@pytest.mark.parametrize("by", ["a link", "a rename"])
def test_another_file_put_in_place_of_a_listed_one_is_never_read(tmp_path: Path, by: str) -> None:
    place, other = tmp_path / "a", tmp_path / "secret"
    place.write_bytes(b"mine")
    other.write_bytes(b"theirs")
    stamp = FileStamp.of(place.stat())
    place.rename(tmp_path / "moved")
    if by == "a link":
        place.symlink_to(other)
    else:
        other.rename(place)
    with pytest.raises((BusyError, OSError)), opened(str(place), stamp):
        pytest.fail("it was opened")


def test_a_folder_swapped_for_a_link_on_the_way_to_a_file_is_noticed(tmp_path: Path) -> None:
    for name in ("real", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_bytes(name.encode())
    stamp = FileStamp.of((tmp_path / "real" / "a").stat())
    (tmp_path / "real").rename(tmp_path / "moved")
    (tmp_path / "real").symlink_to("elsewhere")
    with pytest.raises(BusyError, match="replaced"), opened(str(tmp_path / "real" / "a"), stamp):
        pytest.fail("it was opened")


def test_a_listing_can_be_broken_off_between_files(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"")

    def stop() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        list_workspace(tmp_path, between=stop)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "a").chmod(0)
    assert "cannot be read" in reasons(tmp_path)["a"]


def test_an_ignore_file_that_is_a_link_or_a_folder_says_nothing_as_in_git(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("a\n", encoding="utf-8")
    (tmp_path / ".gitignore").symlink_to("rules")
    (tmp_path / "d" / ".gitignore").mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"")
    assert [file.path for file in list_workspace(tmp_path).files] == [".gitignore", "a", "rules"]


def test_far_too_many_entries_are_refused_before_they_are_all_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.workspace.walk._ENTRIES", 3)
    for name in "abcd":
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InvalidArgumentError, match="more than 3 entries"):
        list_workspace(tmp_path)
