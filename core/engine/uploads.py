"""Files on their way in: bytes by hash into the home, paths and hashes into the store."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pydantic import ValidationError

from core.errors import Finding, InvalidArgumentError
from core.ids import new_upload_id
from core.records.artifact import Upload
from core.settings import MIB
from core.spec.job import InputFile
from core.spec.load import findings_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.engine.parts import Parts


async def take_in(parts: Parts, files: Mapping[str, bytes], executable: Collection[str]) -> Upload:
    """Keep files for jobs to come.

    Args:
        parts: The engine's parts.
        files: Bytes by relative path.
        executable: Those of the paths that may be executed.

    Raises:
        InvalidArgumentError: No file, a bad path, too many files or too many bytes; nothing was kept.
    """
    limits = parts.settings.limits
    if not files:
        raise InvalidArgumentError("files: nothing to upload", hint="Give at least one path with its text.")
    if len(files) > limits.upload_files:
        raise InvalidArgumentError(f"files: at most {limits.upload_files} in one upload")
    if sum(len(data) for data in files.values()) > limits.upload_bytes:
        raise InvalidArgumentError(f"files: more than {limits.upload_bytes // MIB} MiB in all")
    entries = tuple(_entry(index, path, data, executable) for index, (path, data) in enumerate(files.items()))
    for data in files.values():
        await parts.upload_blobs.put(data)
    upload = Upload(new_upload_id(), entries)
    await parts.uploads.save(upload)
    return upload


def _entry(index: int, path: str, data: bytes, executable: Collection[str]) -> InputFile:
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return InputFile(path=path, sha256=sha256, size=len(data), executable=path in executable)
    except ValidationError as error:
        findings = tuple(Finding(f"files.{index}.{item.path}", item.message, item.hint) for item in findings_of(error))
        raise InvalidArgumentError("; ".join(map(str, findings)), findings=findings) from None
