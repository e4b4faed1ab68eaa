"""What is known of the files kept from containers; their bytes are blobs in the home."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from core.clock import from_microseconds, to_microseconds
from core.errors import ArtifactNotFoundError, InvalidArgumentError
from core.records.artifact import Artifact, JobArtifact
from core.records.page import MAX_PAGE, Page
from core.store import encoding, walks
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from core.store.database import Database
    from core.store.queries import SqlValue

_SQL: Final = QueryFile("artifacts")
_DELETE: Final = _SQL.take("delete_artifacts")
_INSERT: Final = _SQL.take("insert_artifact")
_LIST: Final = _SQL.take("list_artifacts")
_FIND: Final = _SQL.take("find_artifact")
_EXPIRED: Final = _SQL.take("expired_artifacts")
_FORGET_BYTES: Final = _SQL.take("forget_bytes")
_KEPT_WITH_BYTES: Final = _SQL.take("kept_with_bytes")
_NEWEST: Final = _SQL.take("newest_artifacts")

_TOGETHER: Final = 200
_LET_GO: Final = "was kept, and let go when its time had passed"


class ExpiredFile(NamedTuple):
    """Bytes that no record needs any more."""

    job_id: str
    sha256: str


class _Place(NamedTuple):
    """Where a page of files of all jobs ended."""

    job_id: str
    attempt: int
    path: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode("ascii")

    @classmethod
    def parse(cls, text: str) -> _Place:
        try:
            said: object = json.loads(base64.b64decode(text, altchars=b"-_", validate=True))
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, list):
            match cast("list[object]", said):
                case [str(job_id), int(attempt), str(path)] if abs(attempt) < 1 << 31:
                    return cls(encoding.utf8(job_id), attempt, encoding.utf8(path))
                case _:
                    pass
        raise InvalidArgumentError(
            "cursor: not a page cursor", hint="Use next_cursor of the page before, or leave it out."
        )


_TOP: Final = _Place(walks.BEYOND, 0, "")


class ArtifactStore:
    """Keeps the artifacts' records.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(self, job_id: str, attempt: int, artifacts: Iterable[Artifact]) -> None:
        """Make these the artifacts of one attempt; repeatable. Of two with one path the later stands.

        Raises:
            StoreError: There is no such job, or the database could not be written.
        """
        rows = [_values(job_id, attempt, artifact) for artifact in artifacts]
        await self._database.write(partial(_replace, job_id=job_id, attempt=attempt, rows=rows))

    async def list(self, job_id: str) -> tuple[Artifact, ...]:
        """All of a job's, the last attempt's first, then by path; none for an unknown job."""
        return await self._database.read(partial(_list, job_id=job_id))

    async def find(self, job_id: str, path: str) -> Artifact:
        """The artifact of that path, of the last attempt that has it.

        Raises:
            ArtifactNotFoundError: There is none.
        """
        return await self._database.read(partial(_find, job_id=job_id, path=encoding.utf8(path)))

    async def newest(self, *, text: str | None, limit: int, cursor: str | None) -> Page[JobArtifact]:
        """Kept files of all jobs, those of the newest jobs first.

        Args:
            text: Only those with this in their path, or in the name or id of their job, in whatever case.
            limit: At most so many, from 1 to 200.
            cursor: ``next_cursor`` of the page before.

        Raises:
            InvalidArgumentError: The limit or the cursor is not valid.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidArgumentError(f"limit: from 1 to {MAX_PAGE}")
        after = _Place.parse(cursor) if cursor else _TOP
        found = await self._database.read(partial(_newest, text=text, after=after, count=limit + 1))
        last = found[limit - 1] if len(found) > limit else None
        place = _Place(last.job_id, last.artifact.attempt, last.artifact.path) if last else None
        return Page(tuple(found[:limit]), str(place) if place else None)

    async def expire(self, now: datetime) -> tuple[int, tuple[ExpiredFile, ...]]:
        """Let some files go whose time has passed; their records stay and say so.

        Returns:
            How many, and the bytes that can be removed then; 0 once there is none.

        Raises:
            StoreError: The database could not be written.
        """
        return await self._database.write(partial(_expire, now_us=to_microseconds(now)))


def _replace(connection: sqlite3.Connection, job_id: str, attempt: int, rows: list[dict[str, SqlValue]]) -> None:
    _DELETE.run(connection, job_id=job_id, attempt=attempt)
    _INSERT.run_many(connection, rows)


def _list(connection: sqlite3.Connection, job_id: str) -> tuple[Artifact, ...]:
    return tuple(map(_from_row, _LIST.run(connection, job_id=job_id)))


def _newest(connection: sqlite3.Connection, *, text: str | None, after: _Place, count: int) -> list[JobArtifact]:
    wanted = walks.stored(text.lower()) if text else None
    rows = _NEWEST.run(connection, text=wanted, count=count, **after._asdict())
    return [
        JobArtifact(_from_row((*fields, expires_us)), job_id, name, image, from_microseconds(created_us))
        for *fields, expires_us, job_id, name, image, created_us in rows
    ]


def _find(connection: sqlite3.Connection, job_id: str, path: str) -> Artifact:
    row = _FIND.run(connection, job_id=job_id, path=path).fetchone()
    if row is None:
        raise ArtifactNotFoundError
    return _from_row(row)


def _expire(connection: sqlite3.Connection, now_us: int) -> tuple[int, tuple[ExpiredFile, ...]]:
    rows = _EXPIRED.run(connection, now_us=now_us, count=_TOGETHER).fetchall()
    for job_id, attempt, path, _ in rows:
        _FORGET_BYTES.run(connection, job_id=job_id, attempt=attempt, path=path, note=_LET_GO)
    files = dict.fromkeys(ExpiredFile(job_id, sha256) for job_id, _, _, sha256 in rows)
    return len(rows), tuple(file for file in files if not _is_needed(connection, file))


def _is_needed(connection: sqlite3.Connection, file: ExpiredFile) -> bool:
    found: tuple[int] = _KEPT_WITH_BYTES.run(connection, job_id=file.job_id, sha256=file.sha256).fetchone()
    return bool(found[0])


def _from_row(row: tuple[Any, ...]) -> Artifact:
    *fields, expires_us = row
    return Artifact(*fields, expires_at=None if expires_us is None else from_microseconds(expires_us))


def _values(job_id: str, attempt: int, artifact: Artifact) -> dict[str, SqlValue]:
    return {
        "job_id": job_id,
        "attempt": attempt,
        "path": encoding.utf8(artifact.path),
        "state": artifact.state,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "media_type": artifact.media_type,
        "pattern": artifact.pattern,
        "note": encoding.utf8(artifact.note),
        "expires_us": None if artifact.expires_at is None else to_microseconds(artifact.expires_at),
    }
