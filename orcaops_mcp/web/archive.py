"""All files of a job as one ``.tar.gz``, made while it is sent."""

from __future__ import annotations

import tarfile
import zlib
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, cast

import anyio
import anyio.to_thread

from core import ArtifactNotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from core import Artifact, Engine

_BLOCK: Final = 512
_END: Final = bytes(2 * _BLOCK)
_LEVEL: Final = 6
_packers: Final = anyio.CapacityLimiter(2)


class _Packer:
    """gzip over pieces, off the event loop."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(_LEVEL, wbits=31)

    async def pack(self, data: bytes) -> bytes:
        return await anyio.to_thread.run_sync(self._packer.compress, data, limiter=_packers)

    async def end(self) -> bytes:
        rest = await self.pack(_END)
        return rest + await anyio.to_thread.run_sync(self._packer.flush, limiter=_packers)


async def archive_of(
    engine: Engine, job_id: str, artifacts: Sequence[Artifact], moment: float
) -> AsyncGenerator[bytes]:
    """The files, of each path the last attempt's; one whose bytes are gone is left out.

    Args:
        engine: Whose job.
        job_id: Which job's.
        artifacts: Its files, the last attempt's first.
        moment: The time all of them are given, in seconds since the epoch.
    """
    packer = _Packer()
    for name, artifact in _chosen(artifacts).items():
        try:
            await engine.open_artifact(job_id, artifact.path)
        except (ArtifactNotFoundError, StoreError):
            continue
        header = tarfile.TarInfo(name)
        header.size, header.mtime, header.mode = artifact.size, int(moment), 0o644
        yield await packer.pack(header.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        pieces = cast("AsyncGenerator[bytes]", engine.artifact_chunks(job_id, artifact.path))
        async with aclosing(pieces) as open_pieces:
            async for piece in open_pieces:
                yield await packer.pack(piece)
        yield await packer.pack(bytes(-artifact.size % _BLOCK))
    yield await packer.end()


def _chosen(artifacts: Sequence[Artifact]) -> dict[str, Artifact]:
    chosen: dict[str, Artifact] = {}
    for artifact in artifacts:
        if artifact.state == "kept":
            chosen.setdefault(_name(artifact.path), artifact)
    return chosen


def _name(path: str) -> str:
    """A path that stays below the folder an archive is taken apart in."""
    return "/".join(part for part in path.split("/") if part not in {"", ".", ".."}) or "artifact"
