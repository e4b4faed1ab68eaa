"""Finding short names in a small tar."""

from __future__ import annotations

import io
import tarfile

import pytest

from core.engine.plain_tar import plain_members

Members = list[tuple[str, bytes]]


def packed(members: Members, form: int = tarfile.PAX_FORMAT, pax: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size, member.pax_headers = len(data), pax or {}
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def found(data: bytes) -> dict[bytes, bytes]:
    return {name: data[start : start + size] for name, start, size in plain_members(data)}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_files_are_found_with_their_bytes(form: int) -> None:
    data = packed([("orcaops/steps", b"s 1.00\n" * 200), ("orcaops/output", b""), ("orcaops/at", b"x")], form)
    assert found(data) == {b"orcaops/steps": b"s 1.00\n" * 200, b"orcaops/output": b"", b"orcaops/at": b"x"}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_long_name_is_passed_over_and_what_follows_is_found(form: int) -> None:
    long_name = f"orcaops/{'d' * 90}/{'e' * 20}/steps"
    assert found(packed([(long_name, b"forged"), ("orcaops/steps", b"true")], form)) == {b"orcaops/steps": b"true"}


def test_a_name_that_only_an_extended_header_spells_out_is_passed_over() -> None:
    data = packed([("orcaops/steps", b"forged")], pax={"path": "orcaops/steps\u00e9"})
    assert found(data) == {}


def test_an_extended_header_about_something_else_changes_no_name() -> None:
    data = packed([("orcaops/steps", b"true")], pax={"mtime": "1.5"})
    assert found(data) == {b"orcaops/steps": b"true"}


def test_links_and_folders_are_no_files() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("orcaops", tarfile.DIRTYPE), ("steps", tarfile.SYMTYPE), ("output", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            archive.addfile(member)
    assert found(buffer.getvalue()) == {}


def test_what_was_cut_off_tells_how_much_there_was() -> None:
    data = packed([("orcaops/steps", b"x" * 5000)])[:1024]
    assert [(size, len(data) - start) for _, start, size in plain_members(data)] == [(5000, 512)]


@pytest.mark.parametrize("size", [b"\x80\0\0\0\0\0\0\0\0\0\1\0", b"-0000000001\0", b"garbage    \0"])
def test_a_size_that_is_none_ends_the_search(size: bytes) -> None:
    data = bytearray(packed([("steps", b""), ("output", b"")]))
    data[124:136] = size
    assert found(bytes(data)) == {}


def test_what_is_no_archive_has_no_members() -> None:
    assert not found(b"")
    assert not found(bytes(10_240))
    assert not found(b"?" * 2000)
