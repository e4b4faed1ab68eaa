"""Files into a container and out of it, through the engine's archive calls."""

from __future__ import annotations

import gzip
import posixpath
import tarfile
import time
import zlib
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio.to_thread
from docker.errors import APIError

from core.backends.docker.client import container_path
from core.backends.docker.faults import refusal
from core.backends.docker.states import path_of
from core.backends.docker.streams import opened
from core.errors import BackendError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
    from pathlib import Path

    from core.backends.base import ArchiveEntry, PathInfo, Placement
    from core.backends.docker.client import EngineClient
    from core.backends.docker.streams import EngineStream

_PIECE: Final = 256 * 1024
_FLUSH: Final = 1024 * 1024
_GONE: Final = "no such container"
_UNPACKED: Final = {"Accept-Encoding": "identity"}
"""The engine compresses an archive for whoever says that he could take it so."""


async def stat(client: EngineClient, container_id: str, path: str) -> PathInfo | None:
    """What is at ``path``, without its bytes; None if nothing.

    Raises:
        ContainerLostError: The container is gone.
        BackendUnavailableError: The engine does not answer.
    """
    info = await _look(client, container_id, path)
    if info is None:  # an answer to HEAD has no words to tell whether the path or the container is missing
        await _assert_there(client, container_id)
    return info


async def put_all(client: EngineClient, container_id: str, placements: Iterable[Placement]) -> None:
    """Write files below some folders, making the folders that are not there and leaving alone those that are.

    A folder that is ours is written too, so that nothing has to be looked up; those with one parent go in one call.

    Raises:
        ContainerLostError: The container is gone.
        InvalidArgumentError: ``owner`` is not ``uid:gid``.
        BackendError: The engine refused, for instance because a folder's name is that of a file.
    """
    ours: dict[str, list[_Laid]] = {}
    for placement in placements:
        if placement.is_ours:
            base = posixpath.dirname(posixpath.normpath(placement.folder))
            ours.setdefault(base, []).append(_laid(placement, base))
        else:
            base = await _lowest_there(client, container_id, posixpath.normpath(placement.folder))
            laid = _laid(placement, base)
            if laid.is_in_base:
                laid = laid._replace(folders=await _absent(client, container_id, base, laid.folders))
            await _send(client, container_id, base, [laid])
    for base, several in ours.items():
        await _send(client, container_id, base, several)


class _Laid(NamedTuple):
    """A placement as members of an archive that is unpacked in some folder."""

    folders: list[str]
    files: list[tuple[str, ArchiveEntry]]
    mode: int
    owner: tuple[int, int]
    is_in_base: bool


def _laid(placement: Placement, base: str) -> _Laid:
    within = posixpath.normpath(placement.folder)[len(base) :].strip("/") or "."
    paths = [posixpath.normpath(posixpath.join(within, entry.path)) for entry in placement.entries]
    folders = _folders_of([*paths, posixpath.join(within, "_")])
    files = list(zip(paths, placement.entries, strict=True))
    return _Laid(folders, files, placement.mode, _numbers(placement.owner), within == ".")


async def _send(client: EngineClient, container_id: str, base: str, several: Sequence[_Laid]) -> None:
    if not any(laid.folders or laid.files for laid in several):
        return
    sizes = await anyio.to_thread.run_sync(_measured, [entry for laid in several for _, entry in laid.files])
    try:
        await client.request(
            "PUT",
            container_path(container_id, "archive"),
            params={"path": base},
            data=lambda: _packed(several, iter(sizes)),
            lasting_s=max(sum(sizes) / (1024 * 1024), 1),
        )
    except APIError as error:
        raise refusal(error) from error


@asynccontextmanager
async def archive(client: EngineClient, container_id: str, path: str) -> AsyncGenerator[AsyncIterator[bytes]]:
    """A tar of what is at ``path``; the connection is shut with the context, read to the end or not.

    An answer left unread keeps the container locked: nobody could inspect, stop or remove it.

    Raises:
        FileNotFoundError: Nothing is there.
        ContainerLostError: The container is gone.
        BackendUnavailableError: The engine does not answer, or broke off.
    """
    send = partial(
        client.send, "GET", container_path(container_id, "archive"), params={"path": path}, headers=_UNPACKED
    )
    try:
        async with opened(client, send) as stream:
            yield _pieces(client, stream)
    except APIError as error:
        if error.status_code == 404 and _GONE not in (error.explanation or "").lower():
            raise FileNotFoundError(path) from error
        raise refusal(error) from error


async def _pieces(client: EngineClient, stream: EngineStream) -> AsyncIterator[bytes]:
    while piece := await anyio.to_thread.run_sync(stream.read, _PIECE, abandon_on_cancel=True, limiter=client.streams):
        yield piece


async def _look(client: EngineClient, container_id: str, path: str) -> PathInfo | None:
    try:
        answer = await client.request("HEAD", container_path(container_id, "archive"), params={"path": path})
    except APIError as error:
        if error.status_code == 404:
            return None
        raise refusal(error) from error
    return path_of(path, answer.headers.get("X-Docker-Container-Path-Stat", ""))


async def _assert_there(client: EngineClient, container_id: str) -> None:
    try:
        await client.request("GET", container_path(container_id, "json"))
    except APIError as error:
        raise refusal(error) from error


async def _lowest_there(client: EngineClient, container_id: str, folder: str) -> str:
    while folder != "/" and await _look(client, container_id, folder) is None:
        folder = posixpath.dirname(folder)
    return folder


async def _absent(client: EngineClient, container_id: str, base: str, folders: Iterable[str]) -> list[str]:
    """Those of ``folders`` that are not below ``base`` yet: an entry for one that is would change its mode."""
    absent: dict[str, None] = {}
    for folder in folders:
        known = posixpath.dirname(folder) in absent
        if known or await _look(client, container_id, posixpath.join(base, folder)) is None:
            absent[folder] = None
    return list(absent)


def _folders_of(paths: Iterable[str]) -> list[str]:
    """Every folder above the paths, parents first."""
    folders: dict[str, None] = {}
    for path in paths:
        parents: list[str] = []
        while (path := posixpath.dirname(path)) not in {"", "."}:
            parents.append(path)
        folders.update(dict.fromkeys(reversed(parents)))
    return list(folders)


def _measured(entries: Iterable[ArchiveEntry]) -> list[int]:
    """The sizes of the files.

    Raises:
        BackendError: One cannot be found.
    """
    return [len(entry.data) if entry.file is None else _size_of(entry, entry.file) for entry in entries]


def _size_of(entry: ArchiveEntry, file: Path) -> int:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise BackendError(f"An input file is not there any more ({error.strerror}); send it again.") from error
    return size if entry.unpacked_size is None else entry.unpacked_size


def _packed(several: Iterable[_Laid], sizes: Iterator[int]) -> Iterator[bytes]:
    """A tar of folders and files, in pieces of about `_FLUSH` bytes; for a worker thread, since it reads files."""
    held, now = bytearray(), int(time.time())
    for laid in several:
        rest = (*laid.owner, now)
        for folder in laid.folders:
            held += _header(folder, tarfile.DIRTYPE, laid.mode, 0, rest)
        for path, entry in laid.files:
            size = next(sizes)
            held += _header(path, tarfile.REGTYPE, entry.mode, size, rest)
            for piece in (entry.data,) if entry.file is None else _read(entry, size):
                held += piece
                if len(held) >= _FLUSH:
                    yield bytes(held)
                    held.clear()
            held += bytes(-size % tarfile.BLOCKSIZE)
    yield bytes(held) + bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, kind: bytes, mode: int, size: int, rest: tuple[int, int, int]) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size = kind, mode, size
    info.uid, info.gid, info.mtime = rest
    return info.tobuf(tarfile.PAX_FORMAT)


def _read(entry: ArchiveEntry, size: int) -> Iterator[bytes]:
    try:
        with entry.opened() as source:
            while size and (piece := source.read(min(size, _PIECE))):
                size -= len(piece)
                yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackendError("A file that was kept packed is damaged.") from error
    if size:
        raise BackendError("An input file was cut off while it was sent.")


def _numbers(owner: str | None) -> tuple[int, int]:
    uid, _, gid = (owner or "0:0").partition(":")
    try:
        return int(uid), int(gid or "0")
    except ValueError:
        raise InvalidArgumentError(f"owner: {owner!r} is not uid:gid in numbers") from None
