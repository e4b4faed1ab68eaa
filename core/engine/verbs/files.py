"""Files that come out of jobs, and files that go in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.answers import ArtifactSlice, StoredArtifact
from core.engine.globs import path_matches
from core.engine.verbs.base import Verbs, check_id
from core.errors import ArtifactNotFoundError, UploadNotFoundError
from core.ids import is_upload_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from core.engine.answers import Snapshot
    from core.records.artifact import Artifact, JobArtifact, Upload
    from core.records.page import Page
    from core.spec.job import InputFile
    from core.store.blobs import Blob


class FileVerbs(Verbs):
    """Verbs about artifacts and uploads."""

    async def list_artifacts(self, job_id: str, pattern: str | None = None) -> tuple[Artifact, ...]:
        """The files kept of a job, and what was not kept and why.

        Args:
            job_id: The job.
            pattern: Only paths that match this glob.

        Raises:
            InvalidArgumentError: The pattern stands for too many others.
        """
        check_id(job_id)
        await self._parts.jobs.get(job_id)
        artifacts = await self._parts.artifacts.list(job_id)
        return tuple(item for item in artifacts if pattern is None or path_matches(item.path, pattern))

    async def newest_artifacts(
        self, *, text: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[JobArtifact]:
        """Kept files of all jobs, those of the newest jobs first.

        Args:
            text: Only those with this in their path, or in the name or id of their job, in whatever case.
            limit: At most so many, from 1 to 200.
            cursor: ``next_cursor`` of the page before.

        Raises:
            InvalidArgumentError: The limit or the cursor is not valid.
        """
        return await self._parts.artifacts.newest(text=text, limit=limit, cursor=cursor)

    async def artifacts_on_disk(self, job_id: str, artifacts: Iterable[Artifact]) -> frozenset[str]:
        """The SHA-256 of those of a job's files whose bytes are where they should be."""
        check_id(job_id)
        hashes = {artifact.sha256 for artifact in artifacts if artifact.sha256}
        return frozenset(await self._parts.artifact_blobs(job_id).find_many(sorted(hashes)))

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
        found = await self._parts.artifact_blobs(job_id).find(artifact.sha256)
        return StoredArtifact(artifact, found.path, found.encoding, found.size)

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

    async def artifact_chunks(
        self, job_id: str, path: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a kept file itself, however it lies, piece by piece.

        Args:
            job_id: The job.
            path: The artifact's.
            start: The first byte.
            stop: The byte to end before; None for the file's end.

        Raises:
            JobNotFoundError: There is no such job.
            ArtifactNotFoundError: It has no kept file with this path.
        """
        artifact = (await self.open_artifact(job_id, path)).artifact
        end = artifact.size if stop is None else min(stop, artifact.size)
        async for chunk in self._parts.artifact_blobs(job_id).chunks(artifact.sha256, start, end):
            yield chunk

    async def upload_files(self, files: Mapping[str, bytes], *, executable: Collection[str] = ()) -> Upload:
        """Keep files for jobs to come; a job names them by the files of the upload.

        Args:
            files: Bytes by relative path.
            executable: Those of the paths that may be executed.

        Raises:
            InvalidArgumentError: No file, a bad path, too many files or too many bytes; nothing was kept.
            NotAdmittedError: All uploads together would have more bytes than they may.
        """
        return await self._uploads.take_in(files, executable)

    async def missing_files(self, hashes: Iterable[str]) -> tuple[str, ...]:
        """Those of the SHA-256 whose bytes have yet to be sent with `put_file`, each once, in their order.

        Raises:
            InvalidArgumentError: One is no SHA-256, or there are too many.
        """
        return await self._uploads.missing(hashes)

    async def put_file(self, sha256: str, chunks: AsyncIterator[bytes], *, max_bytes: int | None = None) -> None:
        """Keep bytes under their hash as they come, for `register_upload`.

        Args:
            sha256: The hash they have to have.
            chunks: The bytes.
            max_bytes: At most so many; None for as many as one upload may have.

        Raises:
            InvalidArgumentError: They have another hash or are too many; nothing was kept.
            NotAdmittedError: All uploads together would have more bytes than they may; nothing was kept.
        """
        await self._uploads.store(chunks, expected=sha256, max_bytes=max_bytes)

    async def store_file(self, chunks: AsyncIterator[bytes], *, max_bytes: int | None = None) -> Blob:
        """Keep bytes of unknown hash as they come, for `register_upload`; returns hash and size.

        Args:
            chunks: The bytes.
            max_bytes: At most so many; None for as many as one upload may have.

        Raises:
            InvalidArgumentError: They are too many; nothing was kept.
            NotAdmittedError: All uploads together would have more bytes than they may; nothing was kept.
        """
        return await self._uploads.store(chunks, max_bytes=max_bytes)

    async def register_upload(self, files: Sequence[InputFile]) -> Upload:
        """Make an upload of files whose bytes are here already.

        Raises:
            InvalidArgumentError: No file, a path named twice, too many files or bytes, or bytes that are missing,
                with a finding for each.
        """
        return await self._uploads.register(files)

    async def allowed_folder(self, path: str | Path, folder: Path | None) -> Path:
        """A folder that a caller may send in whole, without links in its path.

        Args:
            path: Absolute, or relative to the caller's own folder.
            folder: The caller's own; None allows only what the operator listed in ``mounts.folders``.

        Raises:
            NotAdmittedError: It is not allowed, or not a folder.
        """
        return await self._gate.folder(path, folder)

    async def snapshot_folder(self, folder: Path) -> Snapshot:
        """Keep a folder as it is now, without what its ignore files leave out; only new bytes are copied.

        Args:
            folder: On this machine. Nothing is asked about who may send it: see `allowed_folder`.

        Raises:
            InvalidArgumentError: It is no folder, holds nothing to send, or more than the limits allow.
            NotAdmittedError: All uploads together would have more bytes than they may.
            BusyError: A file changed while it was read.
        """
        return await self._uploads.snapshot(folder)

    async def get_upload(self, upload_id: str) -> Upload:
        """An upload's files.

        Raises:
            UploadNotFoundError: There is none.
        """
        if not is_upload_id(upload_id):
            raise UploadNotFoundError
        return await self._parts.uploads.get(upload_id)
