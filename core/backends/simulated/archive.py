"""A part of a file tree as a tar, named as Docker names it."""

from __future__ import annotations

import posixpath
import tarfile
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.backends.simulated.files import FileTree, Kind, Node

_CHUNK: Final = 64 * 1024
_TYPES: Final = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE}


def tar_of(files: FileTree, path: str) -> Iterator[bytes]:
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
    yield bytes(held) + bytes(2 * tarfile.BLOCKSIZE)


def _members(files: FileTree, place: str, top: Node) -> Iterator[tuple[str, Node]]:
    base = posixpath.basename(place) or "."
    yield base, top
    if top.kind == "folder":
        start = len(place.rstrip("/")) + 1
        for below, node in files.nodes_below(place):
            yield f"{base}/{below[start:]}", node


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
