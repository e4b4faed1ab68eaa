"""What may be told of secrets, and files that are shown without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from core.engine.answers import ArtifactSlice
from core.engine.verbs.files import FileVerbs

if TYPE_CHECKING:
    from core.engine.secret_book import SecretFact

_masks = anyio.CapacityLimiter(2)


class SecretVerbs(FileVerbs):
    """Verbs about secrets, and those about files that they mask; none of them tells a value."""

    async def list_secrets(self) -> tuple[SecretFact, ...]:
        """The secrets that a job may name now, by name, and where each comes from."""
        await self._parts.secrets.look_again()
        return self._parts.secrets.facts()

    async def show_artifact(self, job_id: str, path: str, *, offset: int = 0, max_bytes: int = 16_384) -> ArtifactSlice:
        """Some bytes of a kept file for somebody to look at: the secrets that the engine knows now are masked in them.

        What is read with `read_artifact` is the file as it is.

        Args:
            job_id: The job.
            path: The artifact's.
            offset: Byte of the file to begin at.
            max_bytes: At most so many bytes of the file, and none of a character of UTF-8 that would be cut.

        Returns:
            The slice; ``next_offset`` counts bytes of the file, not of what is shown.

        Raises:
            JobNotFoundError: There is no such job.
            ArtifactNotFoundError: It has no kept file with this path.
        """
        artifact = (await self.open_artifact(job_id, path)).artifact
        await self._parts.secrets.look_again()
        masking = self._parts.secrets.masking
        around = max(1, masking.reach)  # one byte more tells whether a character is cut
        first = max(0, offset - around)
        data = await self._parts.artifact_blobs(job_id).read(
            artifact.sha256, first, offset - first + max_bytes + around
        )
        start = min(offset - first, len(data))
        stop = min(start + max_bytes, len(data))
        if first + stop < artifact.size:
            stop = _character_end(data, start, stop)
        shown = await anyio.to_thread.run_sync(lambda: masking.masked_part(data, start, stop), limiter=_masks)
        end = first + stop
        return ArtifactSlice(artifact, shown, end if end < artifact.size else None, shown != data[start:stop])


def _character_end(data: bytes, start: int, stop: int) -> int:
    """The last place up to ``stop`` at which no character of UTF-8 is cut; ``stop`` if the bytes are none of it."""
    for place in range(stop, max(start, stop - 4), -1):
        if place < len(data) and data[place] & 0xC0 != 0x80:
            return place
    return stop
