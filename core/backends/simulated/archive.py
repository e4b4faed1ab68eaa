"""A part of a file tree as a tar, named as Docker names it."""

from __future__ import annotations

import tarfile
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

import anyio.lowlevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.backends.simulated.files import FileTree, Kind, Node

_CHUNK: Final = 64 * 1024
_END: Final = bytes(2 * tarfile.BLOCKSIZE)
_TYPES: Final = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE}


class TarStream:
    """The tar of what is at a path, as it comes over a connection; entered as a context.

    Raises:
        FileNotFoundError: Nothing is there.
    """

    def __init__(self, files: FileTree, path: str) -> None:
        self._chunks = _tar_of(files, path)
        self._has_begun = False
        if files.find(path, follow=False) is None:
            raise FileNotFoundError(path)

    async def __aenter__(self) -> Self:
        """Nothing is held."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Nothing was held."""

    def __aiter__(self) -> Self:
        """It is read once."""
        return self

    async def __anext__(self) -> bytes:
        """The next chunk."""
        if self._has_begun:
            await anyio.lowlevel.checkpoint()
        self._has_begun = True
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration


def _tar_of(files: FileTree, path: str) -> Iterator[bytes]:
    """The tar of what is at an absolute path: its last part, then what is below it; in chunks, as over a connection.

    Raises:
        FileNotFoundError: Nothing is there; raised by the first step of the iteration.
    """
    place = files.resolve(path, follow=False)
    top = files.find(place, follow=False)
    if top is None:
        raise FileNotFoundError(path)
    held = bytearray()
    for name, node in _members(files, place, top):
        size = len(node.data)
        held += _header(name, node.kind, node.mode, node.owner, node.modified, node.target, size)
        if size:
            for start in range(0, size, _CHUNK):
                held += node.data[start : start + _CHUNK]
                if len(held) >= _CHUNK:
                    yield bytes(held)
                    held.clear()
            held += bytes(-size % tarfile.BLOCKSIZE)
    held += _END
    yield bytes(held)


def _members(files: FileTree, place: str, top: Node) -> list[tuple[str, Node]]:
    base = place.rpartition("/")[2] or "."
    if top.kind != "folder":
        return [(base, top)]
    start = len(place.rstrip("/")) + 1
    return [(base, top), *[(f"{base}/{below[start:]}", node) for below, node in files.nodes_below(place)]]


@lru_cache(maxsize=4096)  # containers that are alike have files that are alike
def _header(name: str, kind: Kind, mode: int, owner: tuple[int, int], modified: int, target: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.type = _TYPES[kind]
    member.mode = mode
    member.uid, member.gid = owner
    member.mtime = modified
    member.linkname = target
    member.size = size
    return member.tobuf(tarfile.PAX_FORMAT)
