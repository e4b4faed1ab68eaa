"""A container's file system, in memory."""

from __future__ import annotations

import errno
import os
import posixpath
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Final, Literal

Kind = Literal["file", "folder", "symlink"]

MAX_BYTES: Final = 256 * 1024 * 1024
"""What the files of one container may hold together."""

_MAX_LINKS: Final = 40
_AFTER_SLASH: Final = chr(ord("/") + 1)


@dataclass(slots=True)
class Node:
    """A file, a folder or a symbolic link.

    Attributes:
        kind: Which of them.
        mode: Permission bits; kept, not enforced.
        owner: uid and gid.
        data: A file's bytes.
        target: Where a link points, as it was written.
        modified: Seconds since the epoch.
    """

    kind: Kind
    mode: int
    owner: tuple[int, int] = (0, 0)
    data: bytearray = field(default_factory=bytearray)
    target: str = ""
    modified: int = 0


def _image_files() -> dict[str, Node]:
    folders = ("/", "/bin", "/dev", "/etc", "/home", "/opt", "/proc", "/root", "/tmp", "/usr", "/var")  # noqa: S108 - of a simulated image
    nodes = {path: Node("folder", 0o755) for path in folders}
    nodes["/etc/passwd"] = Node("file", 0o644, data=bytearray(b"root:x:0:0:root:/root:/bin/sh\n"))
    return nodes


_IMAGE: Final = _image_files()


class FileTree:
    """Paths and what is there; what the image holds is shared by all containers and never changes.

    Attributes:
        now: Seconds since the epoch, noted on what is written.
    """

    __slots__ = ("_nodes", "_size", "now")

    def __init__(self) -> None:
        self._nodes = _IMAGE.copy()
        self._size = 0
        self.now = 0

    @property
    def size(self) -> int:
        """Bytes of all files that were written."""
        return self._size

    def find(self, path: str, *, follow: bool = True) -> Node | None:
        """What is at an absolute path; ``follow`` decides about a link in its last place."""
        node = self._nodes.get(path)
        if node is not None and node.kind != "symlink":
            return node
        return self._nodes.get(self.resolve(path, follow=follow))

    def resolve(self, path: str, *, follow: bool = True) -> str:
        """The path without ``.``, ``..`` and links; its last part need not exist.

        Raises:
            OSError: There are too many links on the way.
        """
        known = self._nodes.get(path)  # places are kept without any of them
        if known is not None and known.kind != "symlink":
            return path
        plain, above = _plain(path)
        known = self._nodes.get(plain)
        if known is not None:
            if known.kind != "symlink":
                return plain
        elif (parent := self._nodes.get(above)) is not None and parent.kind == "folder":
            return plain
        return self._walk_links(plain, follow=follow)

    def _walk_links(self, plain: str, *, follow: bool) -> str:
        done, links = "/", 0
        rest = [part for part in reversed(plain.split("/")) if part]
        while rest:
            part = rest.pop()
            if part == "..":
                done = posixpath.dirname(done)
                continue
            here = posixpath.join(done, part)
            node = self._nodes.get(here)
            if node is None or node.kind != "symlink" or (not rest and not follow):
                done = here
                continue
            links += 1
            if links > _MAX_LINKS:
                raise _os_error(errno.ELOOP, plain)
            if node.target.startswith("/"):
                done = "/"
            rest.extend(target for target in reversed(node.target.split("/")) if target not in {"", "."})
        return done

    def read(self, path: str) -> bytes:
        """A file's bytes.

        Raises:
            OSError: There is none, or it is a folder.
        """
        node = self.find(path)
        if node is None:
            raise _os_error(errno.ENOENT, path)
        if node.kind == "folder":
            raise _os_error(errno.EISDIR, path)
        return bytes(node.data)

    def open(self, path: str, *, append: bool = False, mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> Node:
        """The file at the path, made or emptied unless ``append``; bytes are then added with `extend`.

        Raises:
            OSError: Its folder does not exist, or it is a folder.
        """
        place = self.resolve(path)
        node = self._nodes.get(place)
        if node is None:
            parent = self._nodes.get(posixpath.dirname(place))
            if parent is None:
                raise _os_error(errno.ENOENT, path)
            if parent.kind != "folder":
                raise _os_error(errno.ENOTDIR, path)
            node = Node("file", mode, owner)
            self._nodes[place] = node
        elif node.kind == "folder":
            raise _os_error(errno.EISDIR, path)
        elif node is _IMAGE.get(place):
            node = self._nodes[place] = Node("file", node.mode, node.owner, bytearray(node.data))
        if not append:
            self._size -= len(node.data)
            node.data = bytearray()
        node.modified = self.now
        return node

    def extend(self, node: Node, data: bytes) -> None:
        """Add to a file.

        Raises:
            OSError: The container holds `MAX_BYTES` already.
        """
        size = self._size + len(data)
        if size > MAX_BYTES:
            raise _os_error(errno.ENOSPC, "")
        self._size = size
        node.data += data
        node.modified = self.now

    def place(self, folder: str, name: str, data: bytes, mode: int, owner: tuple[int, int]) -> None:
        """Make a file in a folder, or write it anew.

        Args:
            folder: Where it lies, as `make_folders` returned it.
            name: Without a slash.
            data: Its bytes.
            mode: Permission bits of a file that is made.
            owner: uid and gid of a file that is made.

        Raises:
            OSError: As `open` and `extend`.
        """
        path = f"{folder}/{name}" if folder != "/" else f"/{name}"
        if path in self._nodes or name in {".", ".."}:
            self.extend(self.open(path, mode=mode, owner=owner), data)
            return
        size = self._size + len(data)
        if size > MAX_BYTES:
            raise _os_error(errno.ENOSPC, path)
        self._size = size
        self._nodes[path] = Node("file", mode, owner, bytearray(data), "", self.now)

    def append(self, path: str, data: bytes) -> None:
        """Add to the file at the path.

        Raises:
            OSError: As `open` and `extend`.
        """
        node = self._nodes.get(path)
        if node is None or node.kind != "file" or path in _IMAGE:
            node = self.open(path, append=True)
        self.extend(node, data)

    def make_folders(self, path: str, *, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> str:
        """Make a folder and those above it; one that exists stays as it is.

        Returns:
            Where it is, without links.

        Raises:
            OSError: Something on the way is not a folder.
        """
        node = self._nodes.get(path)
        if node is not None and node.kind == "folder":
            return path
        plain, above = _plain(path)
        if plain not in self._nodes and (parent := self._nodes.get(above)) is not None and parent.kind == "folder":
            self._nodes[plain] = Node("folder", mode, owner, bytearray(), "", self.now)
            return plain
        place = self.resolve(path)
        node = self._nodes.get(place)
        if node is not None:
            if node.kind != "folder":
                raise _os_error(errno.ENOTDIR, path)
            return place
        parent = self._nodes.get(above := posixpath.dirname(place))
        if parent is None or parent.kind != "folder":
            self.make_folders(above, mode=mode, owner=owner)
        self._nodes[place] = Node("folder", mode, owner, modified=self.now)
        return place

    def link(self, target: str, path: str) -> None:
        """Make a symbolic link.

        Raises:
            OSError: Something is there already, or its folder is missing.
        """
        place = self.resolve(path, follow=False)
        if place in self._nodes:
            raise _os_error(errno.EEXIST, path)
        if posixpath.dirname(place) not in self._nodes:
            raise _os_error(errno.ENOENT, path)
        self._nodes[place] = Node("symlink", 0o777, target=target, modified=self.now)

    def remove(self, path: str) -> None:
        """Remove what is there and everything below; what the image holds stays.

        Raises:
            OSError: Nothing is there.
        """
        place = self.resolve(path, follow=False)
        if place not in self._nodes:
            raise _os_error(errno.ENOENT, path)
        for below in [place, *self.below(place)]:
            node, kept = self._nodes.pop(below), _IMAGE.get(below)
            if kept is not None:
                self._nodes[below] = kept
            if node is not kept:
                self._size -= len(node.data)

    def below(self, path: str) -> list[str]:
        """Every path below a folder, parents before children."""
        return [place for place, _ in self.nodes_below(path)]

    def nodes_below(self, path: str) -> list[tuple[str, Node]]:
        """Every path below a folder with what is there, parents before children."""
        prefix = path.rstrip("/") + "/"
        end = prefix[:-1] + _AFTER_SLASH
        found = [each for each in self._nodes.items() if prefix < each[0] < end]
        return sorted(found, key=itemgetter(0))

    def children(self, path: str) -> list[str]:
        """The names in a folder, sorted."""
        start = len(path.rstrip("/")) + 1
        return [place[start:] for place in self.below(path) if "/" not in place[start:]]


@lru_cache(maxsize=1024)  # containers that are alike have paths that are alike
def _plain(path: str) -> tuple[str, str]:
    """The path without what is empty, ``.`` or ``..`` in it, as if nothing of it were a link; and its folder."""
    plain = posixpath.normpath("/" + path.lstrip("/"))
    return plain, posixpath.dirname(plain)


def _os_error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
