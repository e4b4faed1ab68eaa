"""Files that come out of jobs, and files that go in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.answers import ArtifactSlice, StoredArtifact
from core.engine.collect import path_matches
from core.engine.uploads import take_in
from core.engine.verbs.base import Verbs, check_id
from core.errors import ArtifactNotFoundError, UploadNotFoundError
from core.ids import is_upload_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.records.artifact import Artifact, Upload


class FileVerbs(Verbs):
    """Verbs about artifacts and uploads."""

    async def list_artifacts(self, job_id: str, pattern: str | None = None) -> tuple[Artifact, ...]:
        """The files kept of a job, and what was not kept and why.

        Args:
            job_id: The job.
            pattern: Only paths that match this glob.
        """
        check_id(job_id)
        await self._parts.jobs.get(job_id)
        artifacts = await self._parts.artifacts.list(job_id)
        return tuple(item for item in artifacts if pattern is None or path_matches(item.path, pattern))

    async def open_artifact(self, job_id: str, path: str) -> StoredArtifact:
        """A kept file.

        Raises:
            JobNotFoundError: There is no such job.
            ArtifactNotFoundError: It has no kept file with this path.
        """
        check_id(job_id)
        await self._parts.jobs.get(job_id)
        artifact = await self._parts.artifacts.find(job_id, path)
        if artifact.state != "kept":
            raise ArtifactNotFoundError(f"This artifact was not kept: {artifact.note}.")
        return StoredArtifact(artifact, self._parts.artifact_blobs(job_id).path(artifact.sha256))

    async def read_artifact(self, job_id: str, path: str, *, offset: int = 0, max_bytes: int = 16_384) -> ArtifactSlice:
        """Some bytes of a kept file.

        Raises:
            JobNotFoundError: There is no such job.
            ArtifactNotFoundError: It has no kept file with this path.
        """
        artifact = (await self.open_artifact(job_id, path)).artifact
        data = await self._parts.artifact_blobs(job_id).read(artifact.sha256, offset, max_bytes)
        end = offset + len(data)
        return ArtifactSlice(artifact, data, end if end < artifact.size else None)

    async def upload_files(self, files: Mapping[str, bytes], *, executable: Collection[str] = ()) -> Upload:
        """Keep files for jobs to come; a job names them by the files of the upload.

        Args:
            files: Bytes by relative path.
            executable: Those of the paths that may be executed.

        Raises:
            InvalidArgumentError: No file, a bad path, too many files or too many bytes; nothing was kept.
        """
        return await take_in(self._parts, files, executable)

    async def get_upload(self, upload_id: str) -> Upload:
        """An upload's files.

        Raises:
            UploadNotFoundError: There is none.
        """
        if not is_upload_id(upload_id):
            raise UploadNotFoundError
        return await self._parts.uploads.get(upload_id)
