"""Tar archives made in memory: what `docker import` and `docker cp` take."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ("Tarball",)


class Tarball:
    """A tar archive under construction; everything in it belongs to root."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115  # closed by `done`

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Add an empty folder."""
        self._tar.addfile(_entry(path, tarfile.DIRTYPE, mode))

    def text(self, path: str, text: str, mode: int = 0o644) -> None:
        """Add a file with this text."""
        content = text.encode()
        entry = _entry(path, tarfile.REGTYPE, mode)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))

    def program(self, path: str, source: Path) -> None:
        """Add a copy of a program of this machine."""
        entry = _entry(path, tarfile.REGTYPE, 0o755)
        entry.size = source.stat().st_size
        with source.open("rb") as content:
            self._tar.addfile(entry, content)

    def links(self, links: Mapping[str, str]) -> None:
        """Add symbolic links: path to target."""
        for path, target in links.items():
            entry = _entry(path, tarfile.SYMTYPE, 0o777)
            entry.linkname = target
            self._tar.addfile(entry)

    def done(self) -> bytes:
        """The finished archive."""
        self._tar.close()
        return self._buffer.getvalue()


def _entry(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type = kind
    entry.mode = mode
    return entry
