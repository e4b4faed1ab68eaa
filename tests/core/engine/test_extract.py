"""Files out of tar streams that were made to do harm."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.extract import Extracted, Extraction, ExtractLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = {"stream": 10_000_000, "total": 1_000_000, "file": 500_000, "files": 50}


def a_tar(*members: tarfile.TarInfo | tuple[str, bytes] | tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive:
        for member in members:
            info, data = member if isinstance(member, tuple) else (member, b"")
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def a_member(name: str, kind: bytes = tarfile.REGTYPE, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def a_block(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    """A header block as a hostile writer makes it, checksum included."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:124] = b"0000000\0" * 2
    block[124:136] = b"%011o\0" % size if size >= 0 else b"\xff" + (size % 2**88).to_bytes(11)
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar  \0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


class Kept:
    """Where extracted bytes go, by hash."""

    def __init__(self, **limits: float) -> None:
        self.blobs: dict[str, bytes] = {}
        merged: dict[str, Any] = {**LIMITS, **limits}
        self.extraction = Extraction(self.keep, ExtractLimits(**merged))

    def keep(self, chunks: Iterator[bytes], size: int) -> str:
        data = b"".join(chunks)
        assert len(data) == size
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return digest

    def take(self, data: bytes, *, piece: int = 1 << 20) -> str | None:
        stream = io.BytesIO(data)
        return self.extraction.take(
            lambda size: stream.read(min(size, piece)), lambda _: True, lambda name: b"/w/" + name
        )

    @property
    def found(self) -> dict[bytes, bytes | str]:
        """Contents or notes by name."""
        return {item.name: item.note or self.blobs[item.sha256] for item in self.extraction.found}


@pytest.mark.parametrize("piece", [1, 7, 512, 1 << 20])
def test_files_come_out_whole_however_the_stream_is_cut(piece: int) -> None:
    kept = Kept()
    data = bytes(range(256)) * 10
    assert kept.take(a_tar(a_member("dir", tarfile.DIRTYPE), ("dir/a", data), ("b", b"")), piece=piece) is None
    assert kept.found == {b"/w/dir/a": data, b"/w/b": b""}
    assert kept.extraction.found[0] == Extracted(b"/w/dir/a", 2560, hashlib.sha256(data).hexdigest())


def test_only_what_is_wanted_is_kept() -> None:
    kept = Kept()
    stream = io.BytesIO(a_tar(("a.txt", b"1"), ("b.log", b"2")))
    assert kept.extraction.take(stream.read, lambda path: path.endswith(b".txt"), lambda name: b"/" + name) is None
    assert kept.found == {b"/a.txt": b"1"}


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("../../etc/passwd", "its name is climbing"),
        ("a/../../b", "its name is climbing"),
        ("a/..", "its name is climbing"),
        ("/etc/passwd", "its name is absolute"),
        ("./.", "its name is empty"),
        ("x" * 1025, "its name is too long"),
        ("/".join("d" * 33), "its name is too deep"),
    ],
)
@pytest.mark.hostile("B70", "B72")
def test_a_name_that_leads_astray_is_skipped_with_the_reason(name: str, note: str) -> None:
    kept = Kept()
    assert kept.take(a_tar((name, b"evil"), ("fine", b"1"))) is None
    assert [item.note for item in kept.extraction.found] == [note, ""]
    assert kept.extraction.found[0].name == name.encode()[:200]
    assert list(kept.blobs.values()) == [b"1"]


def test_a_name_that_holds_nul_is_skipped() -> None:
    kept = Kept()
    assert kept.take(a_tar(a_member("x", pax_headers={"path": "a\0b"}))) is None
    assert [item.note for item in kept.extraction.found] == ["its name is not a name (NUL)"]


@pytest.mark.parametrize(
    "name",
    [
        b"a b",
        b"-rf",
        b"new\nline",
        b"\x1b[2J",
        b"back\\slash",
        b"con:x",
        b"\xff\xfe",
        "\u202eright".encode(),
        b"x" * 300,
    ],
)
@pytest.mark.hostile("B71")
def test_an_odd_name_is_kept_byte_for_byte(name: bytes) -> None:
    kept = Kept()
    assert kept.take(a_tar((name.decode("utf-8", "surrogateescape"), b"1"))) is None
    assert kept.found == {b"/w/" + name: b"1"}


def test_names_are_told_in_one_spelling() -> None:
    kept = Kept()
    assert kept.take(a_tar(("./a//b/./c", b"1"))) is None
    assert list(kept.found) == [b"/w/a/b/c"]


@pytest.mark.hostile("B70")
def test_of_equal_names_the_first_stands() -> None:
    kept = Kept()
    assert kept.take(a_tar(("a", b"first"), ("./a", b"second"))) is None
    assert kept.take(a_tar(("a", b"third"))) is None
    assert kept.found == {b"/w/a": b"first"}


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (tarfile.SYMTYPE, "a symbolic link, which is not kept"),
        (tarfile.CHRTYPE, "a device, which is not kept"),
        (tarfile.BLKTYPE, "a device, which is not kept"),
        (tarfile.FIFOTYPE, "a pipe, which is not kept"),
    ],
)
@pytest.mark.hostile("B67", "B69")
def test_what_is_no_file_is_skipped_with_the_reason(kind: bytes, note: str) -> None:
    kept = Kept()
    assert kept.take(a_tar(a_member("x", kind, linkname="/etc/passwd"), ("y", b"1"))) is None
    assert kept.found == {b"/w/x": note, b"/w/y": b"1"}


@pytest.mark.hostile("B68")
def test_a_hard_link_to_a_kept_file_is_the_same_bytes() -> None:
    kept = Kept()
    links = [a_member("b", tarfile.LNKTYPE, linkname="a"), a_member("c", tarfile.LNKTYPE, linkname="./b")]
    assert kept.take(a_tar(("a", b"1"), *links)) is None
    assert kept.found == {b"/w/a": b"1", b"/w/b": b"1", b"/w/c": b"1"}
    assert len(kept.blobs) == 1


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "later", "", "x"])
@pytest.mark.hostile("B68")
def test_a_hard_link_to_anything_else_is_skipped(target: str) -> None:
    kept = Kept()
    assert kept.take(a_tar(a_member("x", tarfile.LNKTYPE, linkname=target), ("later", b"1"))) is None
    assert kept.found == {b"/w/x": "a hard link to a file that is not kept", b"/w/later": b"1"}


@pytest.mark.hostile("B76")
def test_an_archive_in_the_archive_is_only_a_file() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    kept = Kept()
    assert kept.take(a_tar(("bomb.gz", bomb))) is None
    assert kept.found == {b"/w/bomb.gz": bomb}


@pytest.mark.hostile("B76")
def test_the_stream_itself_is_never_unpacked() -> None:
    assert Kept().take(gzip.compress(a_tar(("a", b"1")))) == "the archive is damaged (ReadError)"


# --- bounds


@pytest.mark.hostile("B73")
def test_a_file_beyond_its_limit_is_skipped_and_the_rest_goes_on() -> None:
    kept = Kept(file=10)
    assert kept.take(a_tar(("big", b"x" * 11), ("small", b"x" * 10))) is None
    assert kept.found == {b"/w/big": "larger than 10 bytes", b"/w/small": b"x" * 10}
    assert kept.extraction.found[0].size == 11


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"total": 5}, "more than 5 bytes in all"),
        ({"files": 1}, "more than 1 files"),
        ({"members": 2}, "more than 2 files to look through"),
        ({"stream": 1000}, "more than 1000 bytes to look through"),
        ({"seconds": 0}, "took longer than 0 s"),
    ],
)
def test_at_a_bound_of_the_whole_the_rest_is_left_with_the_reason(limits: dict[str, float], reason: str) -> None:
    kept = Kept(**limits)
    assert kept.take(a_tar(a_member("d", tarfile.DIRTYPE), ("a", b"123"), ("b", b"456"))) == reason
    assert kept.found in ({b"/w/a": b"123"}, {})


def test_bounds_on_what_is_kept_hold_over_all_streams() -> None:
    kept = Kept(total=5)
    assert kept.take(a_tar(("a", b"123"))) is None
    assert kept.take(a_tar(("b", b"456"))) == "more than 5 bytes in all"


@pytest.mark.hostile("B73")
def test_a_sparse_giant_is_judged_by_its_real_size() -> None:
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40)}
    info = a_member("giant", pax_headers={**headers, "GNU.sparse.name": "giant"}, size=512)
    kept = Kept()
    assert kept.take(a_tar((info, b"0\n".ljust(512, b"\0")), ("y", b"1"))) is None
    assert kept.found == {b"/w/giant": "larger than 500000 bytes", b"/w/y": b"1"}


@pytest.mark.hostile("B77")
def test_a_size_that_an_extension_header_overrides_is_the_size_that_counts() -> None:
    kept = Kept(file=10)
    assert kept.take(a_tar((a_member("x", pax_headers={"size": "600"}, size=600), b"x" * 600))) is None
    assert kept.found == {b"/w/x": "larger than 10 bytes"}


@pytest.mark.hostile("B73")
def test_a_million_members_do_not_pile_up_in_memory() -> None:
    kept = Kept(members=3000)
    folders = a_block(b"d", 0, tarfile.DIRTYPE) * 3000 + bytes(1024)
    assert kept.take(folders) is None
    assert kept.extraction.found == []


# --- damage


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"garbage" * 200,
        a_tar(("a", b"x" * 2000))[:700],
        a_tar(("a", b"x" * 2000))[:2560],
        a_tar(("a", b"1"), ("b", b"2"))[:1024],
        a_tar(("a", b"1"), ("b", b"2"))[:1300],
        a_tar(("a", b"1"))[:1024] + b"\xff" * 512 + a_tar(("b", b"2")),
        a_block(b"negative", -512) + bytes(1024),
        a_block(b"././@LongLink", 600, tarfile.GNUTYPE_LONGNAME) + b"n" * 300,
        a_block(b"x", 20, tarfile.XHDTYPE) + b"99 path=broken\n".ljust(512, b"\0") + bytes(1024),
        a_block(b"x", 0, tarfile.XHDTYPE) * 2000 + bytes(1024),
        a_block(b"././@LongLink", 2_000_000, tarfile.GNUTYPE_LONGNAME) + b"n" * 3_000_000,
        a_block(b"x", 2_000_000, tarfile.XHDTYPE) + b"n" * 3_000_000,
    ],
    ids=range(14),
)
@pytest.mark.hostile("B77")
def test_a_damaged_archive_is_told_and_leaves_nothing_half(data: bytes) -> None:
    kept = Kept()
    reason = kept.take(data)
    assert reason is not None
    assert reason.startswith("the archive is damaged (")
    assert set(kept.blobs.values()) <= {b"1", b"x" * 2000}
    assert all(item.sha256 in kept.blobs for item in kept.extraction.found)


def test_an_empty_folder_is_a_whole_archive() -> None:
    assert Kept().take(a_tar(a_member("d", tarfile.DIRTYPE))) is None


_SOUND = a_tar(
    ("a", b"x" * 600),
    a_member("l", tarfile.LNKTYPE, linkname="a"),
    a_member("s", tarfile.SYMTYPE, linkname="a"),
    ("n" * 200, b"1"),
    a_member("g", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}),
)


@given(
    st.lists(st.tuples(st.integers(0, len(_SOUND) - 1), st.integers(0, 255)), max_size=20),
    st.integers(0, len(_SOUND)),
)
@settings(max_examples=300, deadline=None)
@pytest.mark.hostile("B77")
def test_no_damage_raises_and_no_bound_is_passed(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(_SOUND)
    for place, value in changes:
        data[place] = value
    kept = Kept(total=1000, file=700)
    reason = kept.take(bytes(data[:length]))
    assert reason is None or reason.startswith(("the archive is damaged", "more than"))
    assert sum(map(len, kept.blobs.values())) <= 1000
    assert all(b"/../" not in item.name for item in kept.extraction.found if item.sha256)
