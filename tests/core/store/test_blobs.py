from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING, Any, NoReturn

import anyio
import anyio.to_thread
import pytest

from core.errors import StoreError
from core.store.blobs import Blob, BlobFolder, sweep_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGE = os.urandom(3_500_000)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    folder.mkdir()
    return folder


@pytest.fixture
def blobs(tmp_path: Path, parts: Path) -> BlobFolder:
    return BlobFolder(tmp_path / "kept" / "here", parts)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _modes(file: Path) -> tuple[int, int]:
    return stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)


def _blob(data: bytes) -> Blob:
    return Blob(hashlib.sha256(data).hexdigest(), len(data))


@pytest.mark.parametrize("data", [b"", b"hello", _LARGE])
@pytest.mark.hostile("B74")
async def test_bytes_are_kept_under_their_hash(blobs: BlobFolder, parts: Path, data: bytes) -> None:
    blob = await blobs.put(data)
    assert blob == _blob(data)
    assert await blobs.put(data) == blob
    assert await blobs.has(blob.sha256)
    assert await blobs.read(blob.sha256) == data
    assert _names(parts) == []
    assert _modes(blobs.path(blob.sha256)) == (0o600, 0o700)


async def test_a_file_may_come_in_pieces_and_is_read_in_slices(blobs: BlobFolder) -> None:
    async with blobs.writing() as writer:
        for start in range(0, len(_LARGE), 300_000):
            await writer.write(_LARGE[start : start + 300_000])
        assert writer.size == len(_LARGE)
        blob = await writer.keep()
    assert blob == _blob(_LARGE)
    assert await blobs.read(blob.sha256, 1_000_000, 10) == _LARGE[1_000_000:1_000_010]
    assert await blobs.read(blob.sha256, len(_LARGE)) == b""


async def test_a_file_that_is_not_finished_leaves_nothing(blobs: BlobFolder, parts: Path, tmp_path: Path) -> None:
    async def give_up() -> None:
        async with blobs.writing() as writer:
            await writer.write(_LARGE)
            assert len(_names(parts)) == 1
            raise LookupError

    with pytest.raises(LookupError):
        await give_up()
    with anyio.CancelScope() as scope:
        async with blobs.writing() as writer:
            await writer.write(_LARGE)
            scope.cancel()
            await anyio.sleep_forever()
    assert _names(parts) == []
    assert _names(tmp_path / "kept" / "here") == []


async def test_a_thread_stores_pieces_and_nothing_stays_when_they_break_off(blobs: BlobFolder, parts: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise LookupError

    def store() -> Blob:
        with pytest.raises(LookupError):
            blobs.put_pieces(broken())
        return blobs.put_pieces(iter((_LARGE[:10], _LARGE[10:])))

    assert await anyio.to_thread.run_sync(store) == _blob(_LARGE)
    assert _names(parts) == []


async def test_some_files_are_stored_at_once_or_not_at_all(blobs: BlobFolder, parts: Path, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise LookupError

    with pytest.raises(LookupError):
        await blobs.put_many([[b"one"], broken()])
    assert _names(parts) == []
    assert _names(tmp_path / "kept" / "here") == []
    stored = await blobs.put_many([[b"o", b"ne"], [], [_LARGE]])
    assert stored == [_blob(b"one"), _blob(b""), _blob(_LARGE)]
    assert await blobs.sizes([blob.sha256 for blob in stored]) == {blob.sha256: blob.size for blob in stored}
    assert await blobs.put_many([]) == []


async def test_a_disk_that_is_full_leaves_nothing(
    blobs: BlobFolder, parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as refused:
        await blobs.put(b"hello")
    assert "disk is full" in refused.value.hint
    with pytest.raises(StoreError):
        await blobs.put_many([[b"one"], [b"two"]])
    assert _names(parts) == []
    assert not await blobs.has(_blob(b"hello").sha256)


async def test_what_a_crash_left_half_written_is_swept(blobs: BlobFolder, parts: Path) -> None:
    blob = await blobs.put(b"whole")
    os.close(os.open(parts / ".part-0123", os.O_CREAT))
    assert await sweep_parts(parts) == 1
    assert await sweep_parts(parts) == 0
    assert _names(parts) == []
    assert await blobs.read(blob.sha256) == b"whole"


async def test_removing_is_repeatable(blobs: BlobFolder, tmp_path: Path) -> None:
    first, second = await blobs.put(b"1"), await blobs.put(b"2")
    for _ in range(2):
        await blobs.remove(first.sha256)
        assert _names(tmp_path / "kept" / "here") == [second.sha256]
    for _ in range(2):
        await blobs.remove_all()
        assert _names(tmp_path / "kept") == []


async def test_a_file_that_is_not_there_is_a_store_error(blobs: BlobFolder) -> None:
    with pytest.raises(StoreError, match="No such file"):
        await blobs.read("0" * 64)


@pytest.mark.parametrize("name", ["", "../" + "0" * 61, "0" * 63, "0" * 65, "G" * 64, "0" * 64 + "\n"])
async def test_only_a_hash_names_a_file(blobs: BlobFolder, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        blobs.path(name)
