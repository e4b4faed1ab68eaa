"""A part of a file tree as a tar, named as Docker names it."""

from __future__ import annotations

import posixpath
import tarfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.backends.simulated.files import FileTree, Node

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
    for piece in _pieces(files, place, top):
        held += piece
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _pieces(files: FileTree, place: str, top: Node) -> Iterator[bytes]:
    base = posixpath.basename(place) or "."
    yield from _member(base, top)
    if top.kind == "folder":
        for below in files.below(place):
            node = files.find(below, follow=False)
            if node is not None:
                yield from _member(posixpath.join(base, below[len(place.rstrip("/")) + 1 :]), node)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(name: str, node: Node) -> Iterator[bytes]:
    member = tarfile.TarInfo(name)
    member.type = _TYPES[node.kind]
    member.mode = node.mode
    member.uid, member.gid = node.owner
    member.mtime = node.modified
    member.linkname = node.target
    member.size = len(node.data)
    yield member.tobuf(tarfile.PAX_FORMAT)
    data = bytes(node.data)
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]
    if odd := len(data) % tarfile.BLOCKSIZE:
        yield bytes(tarfile.BLOCKSIZE - odd)
