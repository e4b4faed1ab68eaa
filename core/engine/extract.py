"""Files out of a container's tar stream, without ever trusting it.

Names in the archive never become paths on the host: a file's bytes go to a blob named by their hash, its name is
only a record. Links are not followed, devices not opened, archives in the archive not unpacked. Every dimension is
bounded: bytes of the stream, of a file and in all, number of members and files, length and depth of a name, time.
(`tarfile.extractall` is no alternative: CVE-2025-4517 and its kind write outside the destination.)
"""

from __future__ import annotations

import os
import tarfile
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, Self, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK: Final = 256 * 1024
_KINDS: Final = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}

_EXTENSION_BYTES: Final = 1024 * 1024
_EXTENSIONS: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    }
)


class _Member(tarfile.TarInfo):
    """A header, read strictly: tarfile alone takes a damaged one for the end, and reads a long name whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block; ReadError for one that is neither sound nor the end's zeros."""
        is_end = len(buf) == tarfile.BLOCKSIZE and not any(buf)
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if is_end:
                raise
            raise tarfile.ReadError(str(error)) from None
        if member.type in _EXTENSIONS and member.size > _EXTENSION_BYTES:
            raise tarfile.ReadError("a header is too long")
        return member


@dataclass(frozen=True, slots=True)
class ExtractLimits:
    """Bounds of one extraction; bytes unless said otherwise."""

    stream: int
    total: int
    file: int
    files: int
    members: int = 100_000
    name: int = 1024
    depth: int = 32
    seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Extracted:
    """One member of the archive that was wanted.

    Attributes:
        name: Its path in the archive.
        size: In bytes.
        sha256: Of its bytes; empty when it was not kept.
        note: Why it was not kept.
    """

    name: bytes
    size: int = 0
    sha256: str = ""
    note: str = ""


class _LimitReachedError(Exception):
    """A bound of the whole extraction was met; the message says which."""


@dataclass(slots=True)
class _Bounded:
    """The raw stream, counted and timed."""

    source: Callable[[int], bytes]
    limits: ExtractLimits
    taken: int = 0
    began: float = field(default_factory=time.monotonic)

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end."""
        out = bytearray()
        while len(out) < size:
            chunk = self.source(size - len(out))
            if not chunk:
                break
            out += chunk
            self.taken += len(chunk)
            if self.taken > self.limits.stream:
                raise _LimitReachedError(f"more than {self.limits.stream} bytes to look through")
            if time.monotonic() - self.began > self.limits.seconds:
                raise _LimitReachedError(f"took longer than {self.limits.seconds:g} s")
        return bytes(out)


@dataclass(slots=True)
class Extraction:
    """Takes the wanted files out of one or several tar streams.

    Args:
        keep: Stores one file's chunks, of which it is told the size, and returns their SHA-256.
        limits: Bounds over all streams together, but ``stream`` and ``seconds``, which hold for each.
    """

    keep: Callable[[Iterator[bytes], int], str]
    limits: ExtractLimits
    found: list[Extracted] = field(default_factory=list[Extracted])
    _kept: dict[bytes, Extracted] = field(default_factory=dict[bytes, Extracted])
    _total: int = 0

    def take(
        self, source: Callable[[int], bytes], want: Callable[[bytes], bool], locate: Callable[[bytes], bytes]
    ) -> str | None:
        """Read one tar stream to its end or to a bound.

        Args:
            source: Returns up to so many bytes, none at the end.
            want: Whether a path (as `locate` makes it) is to be kept.
            locate: From a member's name, normalised, to its path in the container.

        Returns:
            None when the stream was read whole, else why the rest was left.
        """
        bounded = _Bounded(source, self.limits)
        try:
            # streaming mode only ever calls read
            with tarfile.open(
                fileobj=cast("IO[bytes]", bounded),
                mode="r|",
                errors="surrogateescape",
                bufsize=64 * 1024,
                tarinfo=_Member,
            ) as archive:
                for count, member in enumerate(archive):
                    # tarfile keeps every header it has seen; a million members must not fill the memory
                    archive.members = []  # pyright: ignore[reportAttributeAccessIssue] -- documented nowhere, present since 2.x
                    if count >= self.limits.members:
                        return f"more than {self.limits.members} files to look through"
                    self._member(archive, member, want, locate)
        except _LimitReachedError as error:
            return str(error)
        except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
            return f"the archive is damaged ({type(error).__name__})"
        return None

    def _member(
        self,
        archive: tarfile.TarFile,
        member: tarfile.TarInfo,
        want: Callable[[bytes], bool],
        locate: Callable[[bytes], bytes],
    ) -> None:
        raw = member.name.encode("utf-8", "surrogateescape")
        if member.isdir():
            return
        try:
            name = locate(_normalised(raw, self.limits))
        except ValueError as error:
            self.found.append(Extracted(raw[:200], note=f"its name is {error}"))
            return
        if not want(name) or name in self._kept:
            return
        if member.islnk():
            self._link(name, locate(os.path.normpath(member.linkname.encode("utf-8", "surrogateescape"))))
        elif not member.isreg():
            self.found.append(Extracted(name, note=f"{_KINDS.get(member.type, 'not a file')}, which is not kept"))
        elif member.size > self.limits.file:
            self.found.append(Extracted(name, member.size, note=f"larger than {self.limits.file} bytes"))
        else:
            self._file(archive, member, name)

    def _link(self, name: bytes, target: bytes) -> None:
        known = self._kept.get(target)
        note = "" if known else "a hard link to a file that is not kept"
        item = Extracted(name, known.size, known.sha256) if known else Extracted(name, note=note)
        self.found.append(item)
        if known:
            self._kept[name] = item

    def _file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, name: bytes) -> None:
        if self._total + member.size > self.limits.total:
            raise _LimitReachedError(f"more than {self.limits.total} bytes in all")
        if len(self._kept) >= self.limits.files:
            raise _LimitReachedError(f"more than {self.limits.files} files")
        content = archive.extractfile(member)
        if content is None:
            raise tarfile.ReadError("no content")

        def chunks() -> Iterator[bytes]:
            left = member.size
            while left:
                chunk = content.read(min(left, _CHUNK))
                if not chunk:
                    raise tarfile.ReadError("truncated")
                left -= len(chunk)
                yield chunk

        item = Extracted(name, member.size, self.keep(chunks(), member.size))
        self._total += member.size
        self._kept[name] = item
        self.found.append(item)


def _normalised(name: bytes, limits: ExtractLimits) -> bytes:
    if b"\0" in name:
        raise ValueError("not a name (NUL)")
    if name.startswith(b"/"):
        raise ValueError("absolute")
    parts = [part for part in name.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        raise ValueError("climbing")
    if not parts:
        raise ValueError("empty")
    if len(name) > limits.name:
        raise ValueError("too long")
    if len(parts) > limits.depth:
        raise ValueError("too deep")
    return b"/".join(parts)
