"""Making a home from a backup.

A backup is a file of a stranger like any other: names are matched against those that a backup may hold, and nothing
lies at its place before everything was read and its hash is right.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import tarfile
from contextlib import closing
from typing import IO, TYPE_CHECKING, Any, Final

from core import portable
from core.errors import ConflictError, InvalidArgumentError, StoreDamagedError
from core.store.backup_form import CHECKSUMS, DATABASE, FORMAT, HEAD, BackupFacts, is_member
from core.store.faults import file_error, store_error
from core.store.migrate import check_schema
from core.store.queries import QueryFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SQL: Final = QueryFile("restore")
_FORGET_IDENTITY: Final = _SQL.take("forget_identity")
_UNFILE_JOBS: Final = _SQL.take("unfile_jobs")
_UNFILE_WORKFLOWS: Final = _SQL.take("unfile_workflows")
_PIECE: Final = 1024 * 1024
_DOCUMENT_BYTES: Final = 256 * 1024 * 1024
_DAMAGED: Final = "Nothing was restored. Take another backup."


def restore_home(
    source: Path, home: Path, *, takes_over: bool = False, on_progress: Callable[[int], None] = lambda _: None
) -> BackupFacts:
    """Make a home from a backup. Blocks: call it in a thread, or from a process of its own.

    Documents of finished jobs are written by the first engine of the home.

    Args:
        source: The file that `back_up_home` made.
        home: Where it shall be; missing, or an empty folder.
        takes_over: The home has the identity of the one it was copied from, and takes up that one's containers. Only
            when the former is gone for good; otherwise jobs that were running end as ``container_lost``.
        on_progress: Called with the bytes restored so far, now and then.

    Raises:
        ConflictError: There is something in the folder already.
        InvalidArgumentError: The file is no backup, or one of a newer OrcaOps.
        StoreDamagedError: The backup is torn or was changed; nothing was restored.
        SchemaTooNewError: A newer OrcaOps wrote the database in it.
        StoreError: The disk is full or failing.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        hint = "Name another folder with --home, or move that one away."
        raise ConflictError(f"{home} is not empty; a backup is restored into a folder of its own.", hint=hint)
    part = home.with_name(f".{home.name}.part-{secrets.token_hex(4)}")
    try:
        part.mkdir(mode=0o700, parents=True)
        facts = _unpack(source, part, on_progress)
        _settle(part / DATABASE, takes_over=takes_over)
        portable.sync_all()
        if home.exists():
            home.rmdir()
        part.replace(home)
        portable.sync_folder(home.parent)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise StoreDamagedError(f"The backup {source} is torn or damaged.", hint=_DAMAGED) from error
    except sqlite3.Error as error:
        raise store_error(error) from error
    except OSError as error:
        raise file_error(error, f"the backup {source} could not be restored") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return facts


def _unpack(source: Path, part: Path, on_progress: Callable[[int], None]) -> BackupFacts:
    hashes: dict[str, str] = {}
    size = 0
    with _opened(source) as tar:
        head, members = _head_of(tar, source)
        expected: Any = None
        for member in members:
            file = tar.extractfile(member) if member.isreg() else None
            if file is None or expected is not None:
                raise StoreDamagedError("The backup holds what no backup of ours does.", hint=_DAMAGED)
            if member.name == CHECKSUMS:
                expected = _document(file, member)
                continue
            if not is_member(member.name) or member.name in hashes:
                raise StoreDamagedError("The backup holds a file under a name that none of ours has.", hint=_DAMAGED)
            hashes[member.name] = _write(file, part / member.name)
            size += member.size
            on_progress(size)
    if expected is None:
        raise StoreDamagedError("The backup ends early.", hint=_DAMAGED)
    if expected != hashes or DATABASE not in hashes:
        raise StoreDamagedError("The backup was changed: a hash is wrong, or a file is missing.", hint=_DAMAGED)
    return BackupFacts(int(head["jobs"]), len(hashes) - 1, size)


def _opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r|*")
    except tarfile.TarError as error:
        raise _no_backup(source) from error


def _head_of(tar: tarfile.TarFile, source: Path) -> tuple[dict[str, Any], Iterator[tarfile.TarInfo]]:
    members = iter(tar)
    first = next(members, None)
    file = tar.extractfile(first) if first is not None and first.isreg() and first.name == HEAD else None
    if first is None or file is None:
        raise _no_backup(source)
    head = _document(file, first)
    if not isinstance(head.get("jobs"), int) or not isinstance(head.get("format"), int):
        raise _no_backup(source)
    if head["format"] > FORMAT:
        said = f"The backup {source} was made by OrcaOps {head.get('version')}, in a form that this one does not know."
        raise InvalidArgumentError(said, hint="Restore it with that version or a newer one.")
    return head, members


def _no_backup(source: Path) -> InvalidArgumentError:
    return InvalidArgumentError(f"{source} is no backup of OrcaOps.", hint="`orcaops backup FILE` makes one.")


def _document(file: IO[bytes], member: tarfile.TarInfo) -> dict[str, Any]:
    if member.size > _DOCUMENT_BYTES:
        raise StoreDamagedError("The backup holds what no backup of ours does.", hint=_DAMAGED)
    document: Any = json.loads(file.read())
    if not isinstance(document, dict):
        raise StoreDamagedError("The backup holds what no backup of ours does.", hint=_DAMAGED)
    return document  # pyright: ignore[reportUnknownVariableType] - its members are looked at one by one


def _write(source: IO[bytes], path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | portable.OPEN, 0o600), "wb") as file:
        while piece := source.read(_PIECE):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _settle(database: Path, *, takes_over: bool) -> None:
    """Look whether it is sound, and note what has to be made anew."""
    with closing(sqlite3.connect(database)) as connection:
        check_schema(connection)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreDamagedError(f"The database in the backup is damaged ({found}).", hint=_DAMAGED)
        with connection:
            _UNFILE_JOBS.run(connection)
            _UNFILE_WORKFLOWS.run(connection)
            if not takes_over:
                _FORGET_IDENTITY.run(connection)
