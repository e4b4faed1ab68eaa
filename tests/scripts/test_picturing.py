"""Pictures for the documentation: made small without losing what stands out."""

from __future__ import annotations

import struct
import zlib

import pytest

from scripts.picturing.palette import indexed_png


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def a_png(rows: list[list[tuple[int, int, int]]], filters: list[int], form: int = 2) -> bytes:
    """A picture whose rows are written with these filters of PNG's."""
    width, above, raw = len(rows[0]), bytes(len(rows[0]) * 3), b""
    for row, how in zip(rows, filters, strict=True):
        plain = b"".join(map(bytes, row))
        told = bytearray()
        for at, value in enumerate(plain):
            left, up, corner = (plain[at - 3] if at >= 3 else 0), above[at], (above[at - 3] if at >= 3 else 0)
            whole = left + up - corner
            paeth = min((left, up, corner), key=lambda one: abs(whole - one))
            told.append((value - (0, left, up, (left + up) // 2, paeth)[how]) & 255)
        raw, above = raw + bytes([how]) + bytes(told), plain
    head = struct.pack(">IIBBBBB", width, len(rows), 8, form, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def points_of(data: bytes) -> list[list[tuple[int, ...]]]:
    """The points of an indexed picture without filters."""
    parts: dict[bytes, bytes] = {}
    place = 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        parts[data[place + 4 : place + 8]] = data[place + 8 : place + 8 + length]
        place += length + 12
    width, height = struct.unpack_from(">II", parts[b"IHDR"])
    raw, table = zlib.decompress(parts[b"IDAT"]), parts[b"PLTE"]
    return [
        [tuple(table[3 * n : 3 * n + 3]) for n in raw[y * (width + 1) + 1 : (y + 1) * (width + 1)]]
        for y in range(height)
    ]


def test_a_picture_of_few_colours_stays_as_it_is_whatever_its_rows_are_filtered_with() -> None:
    rows = [[(x * 20 % 256, y * 30, (x * y) % 7) for x in range(12)] for y in range(5)]
    assert points_of(indexed_png(a_png(rows, [0, 1, 2, 3, 4]))) == rows


def test_of_many_colours_the_frequent_ones_stay_and_so_does_one_that_stands_out() -> None:
    rows = [[(x % 256, x // 4 % 256, y * 9) for x in range(400)] for y in range(4)]
    rows += [[(250, 250, 250)] * 400, [(255, 0, 0)] * 40 + [(250, 250, 250)] * 360]
    found = points_of(indexed_png(a_png(rows, [0] * 6)))
    assert found[4:] == rows[4:]
    assert len({point for row in found for point in row}) == 256
    near = [
        sum(abs(a - b) for a, b in zip(one, other, strict=True)) for one, other in zip(rows[1], found[1], strict=True)
    ]
    assert max(near) < 60


@pytest.mark.parametrize("data", [b"GIF89a", a_png([[(1, 2, 3)]], [0], form=0)])
def test_a_picture_of_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="PNG"):
        indexed_png(data)
