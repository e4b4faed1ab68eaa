"""Files on their way in: bytes by hash into the home, paths and hashes into the store."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from pydantic import ValidationError

from core.engine.answers import Snapshot
from core.engine.upload_room import UploadRoom
from core.errors import BusyError, Finding, InvalidArgumentError
from core.ids import new_upload_id
from core.records.artifact import Upload
from core.settings import MIB, in_mib
from core.spec.job import InputFile
from core.spec.load import findings_of
from core.workspace.hashes import HashCache, opened, pieces
from core.workspace.listing import list_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from core.engine.parts import Parts
    from core.store.blobs import Blob
    from core.workspace.listing import Workspace, WorkspaceFile

Item = TypeVar("Item")

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MOST_HASHES: Final = 20_000
_TOLD: Final = 20
_BATCH_FILES: Final = 128
_BATCH_BYTES: Final = 32 * MIB


class UploadDesk:
    """Takes files in, for jobs to come.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._limits = parts.settings.limits
        self._blobs = parts.upload_blobs
        self._room = UploadRoom(parts.home.uploads, self._limits.uploads_total_bytes, parts.clock)
        self._cache = HashCache()
        self._one_walk = anyio.CapacityLimiter(1)

    async def take_in(self, files: Mapping[str, bytes], executable: Collection[str]) -> Upload:
        """Keep files that are in memory.

        Args:
            files: Bytes by relative path.
            executable: Those of the paths that may be executed.

        Raises:
            InvalidArgumentError: No file, a bad path, too many files or too many bytes; nothing was kept.
            NotAdmittedError: All uploads together would have more bytes than they may.
        """
        if not files:
            raise InvalidArgumentError("files: nothing to upload", hint="Give at least one path with its text.")
        _refuse_too_much(
            len(files), sum(map(len, files.values())), self._limits.upload_files, self._limits.upload_bytes
        )
        entries = tuple(_entry(index, path, data, executable) for index, (path, data) in enumerate(files.items()))
        here = await self._blobs.sizes([entry.sha256 for entry in entries])
        with self._room.claiming() as claim:
            await claim.take(sum(entry.size for entry in entries if entry.sha256 not in here))
            for batch in _batches([(data, len(data)) for data in files.values()]):
                await self._blobs.put_many((data,) for data in batch)
            claim.keep()
        return await self._save(entries)

    async def missing(self, hashes: Iterable[str]) -> tuple[str, ...]:
        """Those of the hashes whose bytes are not here, each once, in their order.

        Raises:
            InvalidArgumentError: One is no SHA-256, or there are too many.
        """
        wanted = tuple(dict.fromkeys(hashes))
        if len(wanted) > _MOST_HASHES:
            raise InvalidArgumentError(f"sha256: at most {_MOST_HASHES} in one question")
        for sha256 in wanted:
            _check_hash(sha256)
        here = await self._blobs.sizes(wanted)
        return tuple(sha256 for sha256 in wanted if sha256 not in here)

    async def store(
        self, chunks: AsyncIterator[bytes], *, expected: str | None = None, max_bytes: int | None = None
    ) -> Blob:
        """Keep bytes as they come, never whole in memory.

        Args:
            chunks: The bytes.
            expected: The hash that they have to have.
            max_bytes: At most so many; None for as many as one upload may have.

        Raises:
            InvalidArgumentError: They are too many, or have another hash; nothing was kept.
            NotAdmittedError: All uploads together would have more bytes than they may; nothing was kept.
        """
        if expected is not None:
            _check_hash(expected)
        limit = max(self._limits.upload_bytes, self._parts.settings.workspace.bytes) if max_bytes is None else max_bytes
        async with self._blobs.writing() as writer:
            with self._room.claiming() as claim:
                async for chunk in chunks:
                    if writer.size + len(chunk) > limit:
                        raise InvalidArgumentError(f"the file is larger than {in_mib(limit)}")
                    await claim.take(len(chunk))
                    await writer.write(chunk)
                try:
                    blob = await writer.keep(expected)
                except ValueError:
                    raise InvalidArgumentError(
                        "sha256: the bytes that came have another hash",
                        hint="Send the file again; it may have changed.",
                    ) from None
                claim.keep()
                return blob

    async def register(self, files: Sequence[InputFile]) -> Upload:
        """Keep a manifest whose bytes are all here.

        Raises:
            InvalidArgumentError: No file, a path named twice, too many files or bytes, a size that is not the file's,
                or bytes that are missing: with a finding for each.
        """
        if not files:
            raise InvalidArgumentError("files: nothing to register", hint="Name at least one path with its hash.")
        limits, workspace = self._limits, self._parts.settings.workspace
        most_files, most_bytes = max(limits.upload_files, workspace.files), max(limits.upload_bytes, workspace.bytes)
        _refuse_too_much(len(files), sum(file.size for file in files), most_files, most_bytes)
        findings = [*_repeated(files), *await self.faults(files)]
        if findings:
            raise _refused(findings)
        return await self._save(tuple(files))

    async def faults(self, files: Sequence[InputFile]) -> list[Finding]:
        """A finding for each file whose bytes are not here, or are not as many as it says."""
        if not files:
            return []
        here = await self._blobs.sizes([file.sha256 for file in files])
        return [
            Finding(f"files.{index}", f"the bytes of {file.path} are not here", "Send them first, by their hash.")
            if size is None
            else Finding(f"files.{index}.size", f"{file.path} has {size} bytes, not {file.size}")
            for index, file in enumerate(files)
            if (size := here.get(file.sha256)) != file.size
        ]

    async def snapshot(self, folder: Path) -> Snapshot:
        """Keep a folder as it is now; of its files only those are copied whose bytes are not here.

        Raises:
            InvalidArgumentError: It is no folder, empty, or larger than the limits.
            NotAdmittedError: All uploads together would have more bytes than they may.
            BusyError: A file changed while it was read.
        """
        parts = self._parts
        listed = await anyio.to_thread.run_sync(
            partial(
                list_workspace,
                folder,
                parts.settings.workspace,
                cache=self._cache,
                without=(parts.home.root,),
                between=anyio.from_thread.check_cancelled,
            ),
            limiter=self._one_walk,
        )
        if not listed.files:
            raise InvalidArgumentError(
                "workspace: there is no file to send", hint="The folder is empty, or its ignore files leave out all."
            )
        missing = set(await self.missing(file.sha256 for file in listed.files))
        new = list({file.sha256: file for file in listed.files if file.sha256 in missing}.values())
        with self._room.claiming() as claim:
            await claim.take(sum(file.size for file in new))
            changed = await self._copy(new)
            claim.keep()
        manifest = _with_changes(listed, changed)
        return Snapshot(
            upload=await self._save(manifest),
            folder=listed.folder,
            files=len(manifest),
            bytes=sum(file.size for file in manifest),
            new_files=len(new),
            new_bytes=sum(file.size for file in new),
            skipped=listed.skipped,
        )

    async def _copy(self, files: Sequence[WorkspaceFile]) -> dict[str, Blob]:
        """Copy files in, some at a time.

        Returns:
            What was copied instead, by the hash that was listed: files that changed between listing and copying.
        """
        changed: dict[str, Blob] = {}
        for batch in _batches([(file, file.size) for file in files]):
            for file, blob in zip(batch, await self._blobs.put_many(map(_bytes_of, batch)), strict=True):
                if blob.sha256 != file.sha256:
                    changed[file.sha256] = blob
        return changed

    async def _save(self, files: tuple[InputFile, ...]) -> Upload:
        upload = Upload(new_upload_id(), files)
        await self._parts.uploads.save(upload)
        return upload


def _with_changes(listed: Workspace, changed: Mapping[str, Blob]) -> tuple[InputFile, ...]:
    return tuple(
        file.model_copy(update={"sha256": blob.sha256, "size": blob.size})
        if (blob := changed.get(file.sha256))
        else file
        for file in listed.manifest()
    )


def _bytes_of(file: WorkspaceFile) -> Iterator[bytes]:
    try:
        with opened(os.fspath(file.source), file.stamp) as descriptor:
            yield from pieces(descriptor)
    except OSError as error:
        raise BusyError(f"workspace: {file.path} could not be read any more ({error.strerror})") from error


def _batches(items: Sequence[tuple[Item, int]]) -> Iterator[list[Item]]:
    """Items with their sizes, some at a time: open files and unsynced bytes are bounded."""
    batch: list[Item] = []
    size = 0
    for item, its_size in items:
        batch.append(item)
        size += its_size
        if len(batch) == _BATCH_FILES or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _entry(index: int, path: str, data: bytes, executable: Collection[str]) -> InputFile:
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return InputFile(path=path, sha256=sha256, size=len(data), executable=path in executable)
    except ValidationError as error:
        findings = tuple(Finding(f"files.{index}.{item.path}", item.message, item.hint) for item in findings_of(error))
        raise InvalidArgumentError("; ".join(map(str, findings)), findings=findings) from None


def _repeated(files: Sequence[InputFile]) -> Iterator[Finding]:
    counts = Counter(file.path for file in files)
    for index, file in enumerate(files):
        if counts[file.path] > 1:
            yield Finding(f"files.{index}.path", "a path is named twice")


def _refused(findings: Sequence[Finding]) -> InvalidArgumentError:
    said = [str(finding) for finding in findings[:_TOLD]]
    if len(findings) > _TOLD:
        said.append(f"and {len(findings) - _TOLD} more")
    hint = next((finding.hint for finding in findings if finding.hint), "")
    return InvalidArgumentError("; ".join(said), hint=hint, findings=tuple(findings[: 5 * _TOLD]))


def _refuse_too_much(files: int, size: int, most_files: int, most_bytes: int) -> None:
    if files > most_files:
        raise InvalidArgumentError(f"files: at most {most_files} in one upload")
    if size > most_bytes:
        raise InvalidArgumentError(f"files: more than {in_mib(most_bytes)} in all")


def _check_hash(sha256: str) -> None:
    if _SHA256.fullmatch(sha256) is None:
        raise InvalidArgumentError("sha256: 64 hexadecimal digits in small letters")
