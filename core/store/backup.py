"""Copying a home into one file, while its engine works or without one.

The database is copied in one reading transaction, so that it is of one moment. What lies beside it is only ever
appended to or named by its hash: a copy that is made a little later holds all that the database speaks of, and what a
log has grown by is taken up as after a crash.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import sqlite3
import stat
import tarfile
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from core import portable
from core.errors import ConflictError, StoreDamagedError
from core.store.backup_form import (
    CHECKSUMS,
    DATABASE,
    FOLDERS_BY_ID,
    FORMAT,
    HEAD,
    OWN_FILES,
    UPLOADS,
    BackupFacts,
    is_member,
)
from core.store.faults import file_error, store_error
from core.store.migrate import check_schema, migrate
from core.store.queries import QueryFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

_SQL: Final = QueryFile("backup")
_IDS_OF_ALL: Final = _SQL.take("ids_of_all")
_BUSY_S: Final = 30.0


def back_up_home(
    home: Path,
    target: Path,
    *,
    version: str,
    at: datetime,
    replace: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> BackupFacts:
    """Copy a home into one file. Blocks: call it in a thread, or from a process of its own.

    An engine may work on the home meanwhile; nothing of it is held up. The file appears when it is whole.

    Args:
        home: The home.
        target: The file, mode 0600; packed with gzip if its name ends with ``.gz`` or ``.tgz``.
        version: Of this OrcaOps, for the one who restores it.
        at: Now.
        replace: Whether a file that is there already is replaced.
        on_progress: Called with the bytes copied so far, now and then.

    Raises:
        ConflictError: There is a file already.
        StoreDamagedError: The home has no database, or a damaged one; no file was made.
        SchemaTooNewError: A newer OrcaOps wrote it.
        StoreBusyError: Another process kept the database locked.
        StoreError: The disk is full or failing.
    """
    if target.exists() and not replace:
        raise ConflictError(f"There is a file {target} already.", hint="Name another, or replace it with --force.")
    part = target.with_name(f".{target.name}.part-{secrets.token_hex(4)}")
    try:
        with tempfile.TemporaryDirectory(prefix=".orcaops-backup-", dir=target.parent) as folder:
            copy = Path(folder, DATABASE)
            ids, jobs = _copy_database(home / DATABASE, copy)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | portable.OPEN, 0o600), "wb") as file:
                writer = _Writer(file, on_progress, packs=target.suffix in {".gz", ".tgz"})
                writer.text(HEAD, {"format": FORMAT, "version": version, "created_at": at.isoformat(), "jobs": jobs})
                writer.copy(DATABASE, copy)
                for name, path in _files_of(home, ids):
                    writer.copy(name, path)
                writer.finish()
                os.fsync(file.fileno())
        part.replace(target)
        portable.sync_folder(target.parent)
    except sqlite3.Error as error:
        raise store_error(error) from error
    except OSError as error:
        raise file_error(error, f"the backup {target} could not be written") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return BackupFacts(jobs, writer.files, writer.size, writer.missing)


def _copy_database(source: Path, target: Path) -> tuple[frozenset[str], int]:
    """Copy it and look whether the copy is sound; returns the ids it knows and how many of them are jobs."""
    if not source.is_file() or source.stat().st_size == 0:
        raise StoreDamagedError(f"There is no database in {source.parent}.", hint="Name the home with --home.")
    with (
        closing(sqlite3.connect(source, timeout=_BUSY_S)) as there,
        closing(sqlite3.connect(target, isolation_level=None)) as here,
    ):
        there.execute("PRAGMA query_only = ON")
        check_schema(there)
        there.backup(here)
        found = here.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreDamagedError(f"The database is damaged ({found}); no backup was made.")
        # a single file, without the journal that WAL mode would leave beside it
        here.execute("PRAGMA journal_mode = DELETE")
        migrate(here)
        rows: list[tuple[str, int]] = _IDS_OF_ALL.run(here).fetchall()
    return frozenset(one for one, _ in rows), sum(count for _, count in rows)


def _files_of(home: Path, ids: frozenset[str]) -> Iterator[tuple[str, Path]]:
    for name in OWN_FILES:
        if (home / name).is_file():
            yield name, home / name
    for folder in FOLDERS_BY_ID:
        for entry in _listed(home / folder):
            if entry.name in ids:
                yield from _below(f"{folder}/{entry.name}", Path(entry.path))
    yield from _below(UPLOADS, home / UPLOADS)


def _below(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    for entry in _listed(folder):
        inner = f"{name}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _below(inner, Path(entry.path))
        elif entry.is_file(follow_symlinks=False) and is_member(inner):
            yield inner, Path(entry.path)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []


class _Writer:
    """A backup being written."""

    def __init__(self, file: IO[bytes], on_progress: Callable[[int], None], *, packs: bool) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w|gz" if packs else "w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by `finish`
        self._on_progress = on_progress
        self._hashes: dict[str, str] = {}
        self.files = -1
        """Files so far, the database not counted."""
        self.size = 0
        self.missing = 0

    def copy(self, name: str, path: Path) -> None:
        """Take a file as long as it is now, however it grows meanwhile."""
        try:
            source = path.open("rb")
        except FileNotFoundError:
            self.missing += 1
            return
        with source:
            status = os.fstat(source.fileno())
            hashed = _Hashed(source)
            self._add(name, status.st_size, status.st_mtime, hashed)
        self._hashes[name] = hashed.sha256
        self.files += 1
        self.size += status.st_size
        self._on_progress(self.size)

    def text(self, name: str, document: dict[str, Any]) -> None:
        """Take a document."""
        data = json.dumps(document, indent=1).encode()
        self._add(name, len(data), 0, io.BytesIO(data))

    def finish(self) -> None:
        """Add the hashes and the end."""
        self.text(CHECKSUMS, self._hashes)
        self._tar.close()

    def _add(self, name: str, size: int, mtime: float, source: Any) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode, member.type = (
            size,
            int(mtime),
            stat.S_IRUSR | stat.S_IWUSR,
            tarfile.REGTYPE,
        )
        self._tar.addfile(member, source)


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(size)
        self._hash.update(data)
        return data

    @property
    def sha256(self) -> str:
        """Of all that was read."""
        return self._hash.hexdigest()
