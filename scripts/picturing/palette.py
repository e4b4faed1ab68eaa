"""Makes a picture of a screen small: its colours, which are few, become numbers in a table of at most 256."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_MOST: Final = 256
_FREQUENT: Final = 96
_EIGHT_BITS, _COLOUR, _COLOUR_ALPHA, _INDEXED = 8, 2, 6, 3


def indexed_png(data: bytes) -> bytes:
    """The same picture with a table of colours; those that are rare take the nearest one that is not.

    Args:
        data: A PNG as Chromium takes it: eight bits a channel, not interlaced.

    Raises:
        ValueError: It is of another form.
    """
    width, height, pixels = _pixels(data)
    counts = Counter(pixels)
    table = _table(counts)
    numbers = {colour: number for number, colour in enumerate(table)}
    for colour in counts:
        if colour not in numbers:
            numbers[colour] = min(range(len(table)), key=lambda number: _distance(table[number], colour))
    rows = (
        b"\0" + bytes(map(numbers.__getitem__, pixels[start : start + width]))
        for start in range(0, width * height, width)
    )
    head = struct.pack(">IIBBBBB", width, height, _EIGHT_BITS, _INDEXED, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", b"".join(table)), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(map(_chunk, *zip(*parts, strict=True)))


def _table(counts: Counter[bytes]) -> list[bytes]:
    """The most frequent colours, and of the rest those that are furthest from all that are in."""
    table = [colour for colour, _ in counts.most_common(_FREQUENT)]
    far = {
        colour: min(_distance(colour, one) for one in table) * count**0.5
        for colour, count in counts.items()
        if colour not in table
    }
    while far and len(table) < _MOST:
        chosen = max(far, key=lambda colour: far[colour])
        table.append(chosen)
        del far[chosen]
        for colour, distance in far.items():
            far[colour] = min(distance, _distance(colour, chosen) * counts[colour] ** 0.5)
    return table


def _pixels(data: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height, and the colour of each point, row by row."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("no PNG")
    head, packed, place = b"", b"", len(_SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        head = body if kind == b"IHDR" else head
        packed += body if kind == b"IDAT" else b""
        place += length + 12
    width, height, depth, form, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if depth != _EIGHT_BITS or form not in {_COLOUR, _COLOUR_ALPHA} or interlaced:
        raise ValueError("a PNG of another form than Chromium's")
    size = 3 if form == _COLOUR else 4
    rows = _unfiltered(zlib.decompress(packed), width * size, size)
    return width, height, [row[at : at + 3] for row in rows for at in range(0, width * size, size)]


def _unfiltered(raw: bytes, length: int, size: int) -> list[bytes]:
    """The rows as they were before PNG's filters (https://www.w3.org/TR/png-3/#9Filters)."""
    rows: list[bytes] = []
    above = bytes(length)
    for start in range(0, len(raw), length + 1):
        row = bytearray(raw[start + 1 : start + 1 + length])
        how = raw[start]
        if how == 2:
            row = bytearray((one + up) & 255 for one, up in zip(row, above, strict=True))
        elif how:
            for at in range(length):
                left = row[at - size] if at >= size else 0
                corner = above[at - size] if at >= size else 0
                row[at] = (row[at] + _guess(how, left, above[at], corner)) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def _guess(how: int, left: int, up: int, corner: int) -> int:
    if how == 1:
        return left
    if how == 3:
        return (left + up) // 2
    whole = left + up - corner
    return min((left, up, corner), key=lambda value: abs(whole - value))


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
