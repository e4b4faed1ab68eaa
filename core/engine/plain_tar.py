"""Short names out of a small tar: what lies in one folder, found by its headers alone.

`tarfile` reads every header for whatever it may say; here a member with a long name, or with one that only an
extended header spells out, is passed over, since none that is looked for has such a name.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Final

_BLOCK: Final = 512
_HEADER: Final = Struct("100s 24x 12s 20x c 100x 6s 82x c 166x")
"""A header's name, size, type, magic and the first byte of its prefix."""

_FILE: Final = frozenset({b"0", b"\0"})
_LONG_NAME: Final = b"L"
_EXTENDED: Final = b"x"


def plain_members(data: bytes) -> list[tuple[bytes, int, int]]:
    """The regular files whose names their headers hold whole, up to the archive's end or the first header that is none.

    Returns:
        The name of each, where its bytes begin, and how many there are: more than the archive has if that was cut off.
    """
    members: list[tuple[bytes, int, int]] = []
    start, is_named_elsewhere = 0, False
    while len(block := data[start : start + _BLOCK]) == _BLOCK:
        header = _header_of(block)
        if header is None:
            break
        name, size, kind, has_prefix = header
        content = start + _BLOCK
        if kind in _FILE and not (is_named_elsewhere or has_prefix):
            members.append((name, content, size))
        is_named_elsewhere = kind == _LONG_NAME or (kind == _EXTENDED and b" path=" in data[content : content + size])
        start = content + -(-size // _BLOCK) * _BLOCK
    return members


@lru_cache(maxsize=2048)  # jobs that are alike leave files that are alike
def _header_of(block: bytes) -> tuple[bytes, int, bytes, bool] | None:
    """Name, size and type of a member, and whether its name has a first part elsewhere; None for no header."""
    padded, digits, kind, magic, prefix = _HEADER.unpack(block)
    name = padded.partition(b"\0")[0]
    try:
        size = int(digits.rstrip(b" \0") or b"0", 8)
    except ValueError:  # larger than all that is read, or no archive
        return None
    return (name, size, kind, magic == b"ustar\0" and prefix != b"\0") if name and size >= 0 else None
