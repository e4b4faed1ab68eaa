"""Copies what a job promised to keep out of its container, once it has ended.

A pattern is a path, a folder (kept whole), or a glob with ``*``, ``?``, ``[…]``, ``{a,b}`` and ``**``; relative ones
stand below the working directory. Only the part of the tree before the first wildcard is asked for.
"""

from __future__ import annotations

import mimetypes
import posixpath
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import anyio.from_thread
import anyio.to_thread

from core.engine.extract import Extracted, Extraction, ExtractLimits
from core.engine.globs import path_matches
from core.errors import BackendError, BackendTimeoutError, BackendUnavailableError
from core.logs.clean import show_name
from core.records.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from core.backends.base import ContainerBackend
    from core.settings import LimitSettings

_WILD: Final = frozenset("*?[{")
_LINK_HOPS: Final = 8
_THREADS: Final = 16


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pattern looks.

    Attributes:
        root: The path to ask for: the pattern up to its first part with a wildcard.
        shown_from: What recorded paths leave out: the working directory for relative patterns, else nothing.
        glob: The whole pattern as an absolute one; None for a plain path.
        exclude: Absolute patterns of what is left out, with all that is below it.
    """

    root: str
    shown_from: str
    glob: str | None
    exclude: tuple[str, ...] = ()

    def wants(self, path: str) -> bool:
        """Whether a file is among those to keep."""
        if self.glob is not None and not path_matches(path, self.glob):
            return False
        return not any(path_matches(path, pattern) or path_matches(path, f"{pattern}/**") for pattern in self.exclude)


class Collector:
    """Collects the artifacts of one container.

    Args:
        backend: Where the container is.
        limits: How much is kept.
        keep: Stores a file's chunks, of which it is told the size, and returns their SHA-256; called from a worker
            thread.
    """

    def __init__(
        self, backend: ContainerBackend, limits: LimitSettings, keep: Callable[[Iterator[bytes], int], str]
    ) -> None:
        self._backend = backend
        self._extraction = Extraction(
            keep,
            ExtractLimits(
                stream=4 * limits.artifact_total_bytes,
                total=limits.artifact_total_bytes,
                file=limits.artifact_file_bytes,
                files=limits.artifact_files,
                seconds=limits.artifact_seconds,
            ),
        )
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def collect(
        self, container_id: str, workdir: str, patterns: Sequence[str], attempt: int, exclude: Sequence[str] = ()
    ) -> tuple[Artifact, ...]:
        """Collect every pattern.

        Args:
            container_id: A container that is not running.
            workdir: Its working directory.
            patterns: From the spec.
            attempt: Noted in each record.
            exclude: Patterns of what is left out.

        Returns:
            A record for each file kept, each that was not with the reason, and each pattern that matched nothing.

        Raises:
            BackendUnavailableError: The container engine does not answer; nothing is lost by asking again.
            BackendTimeoutError: The same.
        """
        artifacts: dict[str, Artifact] = {}
        for pattern in patterns:
            place = _place(pattern, workdir, exclude)
            for artifact in await self._one(container_id, place, pattern, attempt):
                artifacts.setdefault(artifact.path, artifact)
        return tuple(artifacts.values())

    async def _one(self, container_id: str, place: _Place, pattern: str, attempt: int) -> list[Artifact]:
        try:
            return await self._look(container_id, place, pattern, attempt)
        except (BackendUnavailableError, BackendTimeoutError):
            raise
        except BackendError as error:  # such as for links in a circle: no reason to judge the job by it
            note = f"could not be read: {error.message}"
            return [Artifact(pattern, "skipped", pattern=pattern, note=note, attempt=attempt)]

    async def _look(self, container_id: str, place: _Place, pattern: str, attempt: int) -> list[Artifact]:
        target, note = await self._resolve(container_id, place.root)
        if target is None:
            return [Artifact(pattern, "missing", pattern=pattern, note=note, attempt=attempt)]
        seen = len(self._extraction.found)
        try:
            stopped = await self._extract(container_id, target, place)
        except FileNotFoundError:
            return [Artifact(pattern, "missing", pattern=pattern, note="nothing is there", attempt=attempt)]
        # in a thread: guessing media types reads the system's table the first time
        records = partial(_records, self._extraction.found[seen:], place, pattern, attempt)
        artifacts = await anyio.to_thread.run_sync(records, limiter=self._threads)
        if stopped is not None:
            note = f"left out, with what follows: {stopped}"
            artifacts.append(Artifact(pattern, "skipped", pattern=pattern, note=note, attempt=attempt))
        if not artifacts:
            return [Artifact(pattern, "missing", pattern=pattern, note="nothing matches", attempt=attempt)]
        return artifacts

    async def _resolve(self, container_id: str, path: str) -> tuple[str | None, str]:
        """Follow symbolic links at ``path`` in the container's own terms; the host's files are never looked at."""
        for _ in range(_LINK_HOPS):
            info = await self._backend.stat(container_id, path)
            if info is None:
                return None, "nothing is there"
            if info.kind != "symlink":
                return path, ""
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), info.link_target))
        return None, "a symbolic link that leads nowhere"

    async def _extract(self, container_id: str, target: str, place: _Place) -> str | None:
        root = place.root.encode("utf-8", "surrogateescape").rstrip(b"/")

        def locate(name: bytes) -> bytes:
            if not root:
                return b"/" + name
            _, slash, below = name.partition(b"/")
            return root + slash + below

        def want(path: bytes) -> bool:
            if place.glob is None and not place.exclude:
                return True
            return place.wants(path.decode("utf-8", "surrogateescape"))

        async with self._backend.archive(container_id, target) as stream:
            reader = _ThreadReader(stream)
            return await anyio.to_thread.run_sync(
                self._extraction.take, reader.read, want, locate, limiter=self._threads
            )


class _ThreadReader:
    """Lets a worker thread read an async stream."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end. Called from a worker thread of anyio's."""
        if not self._rest:
            self._rest = anyio.from_thread.run(anext, self._stream, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _place(pattern: str, workdir: str, exclude: Sequence[str] = ()) -> _Place:
    left_out = tuple(posixpath.normpath(posixpath.join(workdir, each)) for each in exclude)
    absolute = posixpath.normpath(posixpath.join(workdir, pattern))
    shown_from = "" if pattern.startswith("/") else workdir.rstrip("/") + "/"
    parts = absolute.split("/")
    plain = next((index for index, part in enumerate(parts) if _WILD & set(part)), None)
    if plain is None:
        return _Place(absolute, shown_from, None, left_out)
    return _Place("/".join(parts[:plain]) or "/", shown_from, absolute, left_out)


def _records(items: Sequence[Extracted], place: _Place, pattern: str, attempt: int) -> list[Artifact]:
    return [_record(item, place, pattern, attempt) for item in items]


def _record(item: Extracted, place: _Place, pattern: str, attempt: int) -> Artifact:
    path = show_name(item.name)
    if place.shown_from and path.startswith(place.shown_from):
        path = path[len(place.shown_from) :]
    if item.note:
        return Artifact(path, "skipped", item.size, pattern=pattern, note=item.note, attempt=attempt)
    media_type = mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"
    return Artifact(path, "kept", item.size, item.sha256, media_type, pattern, attempt=attempt)
