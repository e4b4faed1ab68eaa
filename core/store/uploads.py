"""What is known of files sent in; their bytes are blobs in the home."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from core.clock import to_microseconds
from core.errors import UploadNotFoundError
from core.records.artifact import Upload
from core.store import encoding
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3

    from core.clock import Clock
    from core.spec.job import InputFile
    from core.store.database import Database

_SQL: Final = QueryFile("uploads")
_INSERT: Final = _SQL.take("insert_upload")
_GET: Final = _SQL.take("get_upload")


class UploadStore:
    """Keeps the manifests of uploads.

    Args:
        database: Where they are.
        clock: Tells when they came.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(self, upload: Upload) -> None:
        """Keep a manifest, once its files are stored.

        Raises:
            StoreError: The id is taken, or the database could not be written.
        """
        manifest, created_us = encoding.files_to_json(upload.files), to_microseconds(self._clock.now())

        def insert(connection: sqlite3.Connection) -> None:
            _INSERT.run(connection, upload_id=upload.upload_id, created_us=created_us, manifest=manifest)

        await self._database.write(insert)

    async def get(self, upload_id: str) -> Upload:
        """The manifest.

        Raises:
            UploadNotFoundError: There is none with that id.
        """
        return Upload(upload_id, await self._database.read(partial(_files, upload_id=encoding.utf8(upload_id))))


def _files(connection: sqlite3.Connection, upload_id: str) -> tuple[InputFile, ...]:
    row = _GET.run(connection, upload_id=upload_id).fetchone()
    if row is None:
        raise UploadNotFoundError
    return encoding.files_from_json(row[0])
