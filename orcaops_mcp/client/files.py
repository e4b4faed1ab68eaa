"""Files between this machine and an engine: artifacts come out, workspaces and code go in."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from orcaops_mcp.client.errors import ClientError
from orcaops_mcp.client.wire import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orcaops_mcp.client.client import Client


def save_artifact(client: Client, job_id: str, item: dict[str, Any], folder: str, *, verify: bool = True) -> Path:
    """Fetch a kept file; it is at its place only once it is whole.

    Args:
        client: The engine.
        job_id: Whose file.
        item: As `Client.artifacts` lists it.
        folder: Where it goes, below which its path stands.
        verify: Whether its SHA-256 is compared.

    Raises:
        ClientError: The file would land outside the folder, cannot be written, or came damaged.
    """
    target = _below(Path(folder), str(item["path"]))
    digest = hashlib.sha256()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
        try:
            with client.open_artifact(job_id, str(item["path"])) as reply, part.open("xb") as file:
                for piece in reply.chunks():
                    digest.update(piece)
                    file.write(piece)
            if verify and digest.hexdigest() != item["sha256"]:
                raise ClientError("damaged", f"{item['path']} did not come as it was kept.", hint="Try again.")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ClientError("failed", f"{target} cannot be written: {error.strerror}.") from None
    return target


def _below(folder: Path, path: str) -> Path:
    """Where an artifact's path stands below a folder; one that is absolute in the container loses its slash.

    Raises:
        ClientError: It would not stand below it.
    """
    parts = PurePosixPath(path.lstrip("/")).parts
    root = folder.resolve()
    target = root.joinpath(*parts)
    if not parts or ".." in parts or not target.parent.resolve().is_relative_to(root) or target.is_symlink():
        raise ClientError("not_allowed", f"The file {path!r} would be written outside {root}.", hint="Use -o - for it.")
    return target


def send_files(client: Client, files: Sequence[tuple[dict[str, Any], Path]]) -> str:
    """Send files the engine lacks, and the list of all of them.

    Args:
        client: The engine.
        files: Each as ``{path, sha256, size, executable}``, and where its bytes are.

    Returns:
        The upload's id, to be named by a job.

    Raises:
        ClientError: The engine refused, or a file changed meanwhile.
    """
    manifest = [entry for entry, _ in files]
    sources = {str(entry["sha256"]): source for entry, source in files}
    answer = client.register_upload(manifest)
    for sha256 in answer.get("missing", ()):
        client.put_blob(sha256, _pieces(sources[sha256]))
    if "missing" in answer:
        answer = client.register_upload(manifest)
    if "upload_id" not in answer:
        raise ClientError("upload_incomplete", "The engine still lacks files that were sent.", hint="Try again.")
    return str(answer["upload_id"])


def send_file(client: Client, path: str) -> str:
    """Send one file under its own path, which has to be a relative one, and return the upload's id.

    Raises:
        ClientError: It cannot be read, or stands elsewhere.
    """
    source = Path(path)
    if source.is_absolute() or ".." in source.parts:
        hint = "Start the command in the folder of the file."
        raise ClientError("invalid_argument", f"{path!r} is not a path below this folder.", hint=hint)
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(source):
        digest.update(piece)
        size += len(piece)
    entry = {
        "path": source.as_posix(),
        "sha256": digest.hexdigest(),
        "size": size,
        "executable": os.access(path, os.X_OK),
    }
    return send_files(client, [(entry, source)])


def send_workspace(client: Client, folder: str) -> str:
    """Send a snapshot of a folder to an engine that cannot read it itself, and return the upload's id.

    Raises:
        ClientError: The folder cannot be taken: too large, not there.
    """
    from core import OrcaOpsError, list_workspace  # noqa: PLC0415 - slow to import, and only for a far engine

    try:
        workspace = list_workspace(Path(folder).resolve())
    except OrcaOpsError as error:
        raise ClientError(error.code, error.message, hint=error.hint, status=400) from None
    files = [
        ({"path": file.path, "sha256": file.sha256, "size": file.size, "executable": file.executable}, file.source)
        for file in workspace.files
    ]
    return send_files(client, files)


def _pieces(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
    except OSError as error:
        raise ClientError("failed", f"{source} cannot be read: {error.strerror}.", status=400) from None
