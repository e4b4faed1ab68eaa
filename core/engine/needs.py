"""Files kept of other jobs on their way into a container: sent from where they lie, and for reading only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.backends.base import ArchiveEntry, Placement
from core.engine.request import NEEDS_DIR
from core.errors import ArtifactNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.parts import Parts
    from core.spec.node import NeededFile
    from core.store.blobs import StoredFile


async def needs_placement(parts: Parts, files: Sequence[NeededFile], *, in_volume: bool = False) -> Placement:
    """What is put into `NEEDS_DIR`; its folders and files belong to root, and nobody else may write there.

    Args:
        parts: The engine's parts.
        files: What it is.
        in_volume: Whether the folder is a volume, whose mode cannot be set.

    Raises:
        ArtifactNotFoundError: The bytes of a file are not here any more.
    """
    hashes: dict[str, dict[str, None]] = {}
    for file in files:
        hashes.setdefault(file.job_id, {})[file.sha256] = None
    stored = {job_id: await parts.artifact_blobs(job_id).find_many(tuple(names)) for job_id, names in hashes.items()}
    entries = tuple(_entry(file, stored[file.job_id].get(file.sha256)) for file in files)
    return Placement(NEEDS_DIR, entries, is_ours=not in_volume, mode=0o755)


def _entry(file: NeededFile, lying: StoredFile | None) -> ArchiveEntry:
    if lying is None:
        raise ArtifactNotFoundError(
            f"{file.path}, kept of {file.job_id}, is not here any more.",
            hint="Run the job again that makes it: rerun the workflow from there.",
        )
    unpacked_size = file.size if lying.encoding == "gzip" else None
    return ArchiveEntry(file.path, mode=0o444, file=lying.path, unpacked_size=unpacked_size)
