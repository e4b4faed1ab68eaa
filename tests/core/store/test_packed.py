"""Files that lie packed: ordinary gzip for the world, readable from the middle for us."""

from __future__ import annotations

import gzip
import os
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StoreError
from core.store.blobs import BlobFolder
from core.store.packed import Packer, is_worth_packing, read_packed

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024
TEXT = b"".join(b"%d: a line of a log that says little\n" % number for number in range(90_000))
NOISE = os.urandom(300_000)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobFolder:
    (tmp_path / "parts").mkdir()
    return BlobFolder(tmp_path / "kept", tmp_path / "parts")


async def kept(blobs: BlobFolder, data: bytes, piece: int = 100_000) -> str:
    pieces = [data[start : start + piece] for start in range(0, len(data), piece)]
    return (await anyio.to_thread.run_sync(lambda: blobs.put_pieces(pieces, len(data)))).sha256


def packed(data: bytes, cuts: list[int]) -> bytes:
    packer = Packer(len(data))
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    body = b"".join(packer.feed(data[one:other]) for one, other in pairwise(edges))
    tail = packer.finish()
    return packer.header() + body + tail


async def test_a_large_text_lies_packed_and_any_gzip_reader_reads_it(blobs: BlobFolder) -> None:
    sha256 = await kept(blobs, TEXT)
    found = await blobs.find(sha256)
    assert found.encoding == "gzip"
    assert found.size < len(TEXT) / 3
    assert gzip.decompress(await anyio.Path(found.path).read_bytes()) == TEXT
    assert await blobs.has(sha256)


@pytest.mark.parametrize(
    ("start", "size"), [(0, 10), (MIB - 3, 6), (2 * MIB, 1), (3_000_000, -1), (len(TEXT) - 2, 9), (len(TEXT) + MIB, 5)]
)
async def test_a_packed_file_is_read_from_anywhere(blobs: BlobFolder, start: int, size: int) -> None:
    sha256 = await kept(blobs, TEXT)
    stop = len(TEXT) if size < 0 else start + size
    assert await blobs.read(sha256, start, size) == TEXT[start:stop]
    assert b"".join([chunk async for chunk in blobs.chunks(sha256, start, stop)]) == TEXT[start:stop]


@pytest.mark.parametrize("data", [NOISE, gzip.compress(TEXT) * 3, b"\x89PNG" + bytes(MIB), b"small text " * 100, b""])
async def test_what_is_small_or_compressed_already_lies_as_it_is(blobs: BlobFolder, data: bytes) -> None:
    sha256 = await kept(blobs, data)
    assert (await blobs.find(sha256)).encoding is None
    assert await blobs.read(sha256) == data


async def test_a_packed_file_goes_when_it_is_removed(blobs: BlobFolder) -> None:
    sha256 = await kept(blobs, TEXT)
    await blobs.remove(sha256)
    assert not await blobs.has(sha256)
    with pytest.raises(StoreError):
        await blobs.find(sha256)


async def test_a_packed_file_that_is_damaged_is_a_store_error(blobs: BlobFolder) -> None:
    sha256 = await kept(blobs, TEXT)
    path = anyio.Path((await blobs.find(sha256)).path)
    whole = await path.read_bytes()
    for broken in (whole[:5], whole[: len(whole) // 2], b"\x1f\x8b\x08\x00" + whole[4:], whole[:200] + b"\xff" * 999):
        await path.write_bytes(broken)
        with pytest.raises(StoreError):
            await blobs.read(sha256)


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(0, 3 * MIB),
    cuts=st.lists(st.integers(0, 3 * MIB), max_size=5),
    start=st.integers(0, 3 * MIB),
    length=st.integers(0, MIB),
)
def test_however_it_was_fed_each_range_is_that_of_the_original(
    tmp_path_factory: pytest.TempPathFactory, size: int, cuts: list[int], start: int, length: int
) -> None:
    data = (TEXT * 2)[:size]
    path = tmp_path_factory.mktemp("packed") / "x.gz"
    path.write_bytes(packed(data, cuts))
    assert read_packed(path, start, length) == data[start : start + length]
    assert zlib.decompress(path.read_bytes(), 31) == data


def test_a_file_of_another_size_than_announced_is_refused() -> None:
    packer = Packer(10)
    packer.feed(b"five!")
    with pytest.raises(ValueError, match="5 bytes came of 10"):
        packer.finish()


def test_the_sample_decides() -> None:
    assert is_worth_packing(MIB, TEXT[:65536])
    assert not is_worth_packing(MIB, NOISE[:65536])
    assert not is_worth_packing(1000, TEXT[:1000])
