"""Whether the database's journal is as the last engine left it.

SQLite takes a database without its write-ahead log, or with a damaged one, for whole: records that were acknowledged
are gone, and no check finds it. What went missing cannot be brought back, but it can be said.

A mark lies beside the database while it is written to. With the mark there and the log gone, somebody removed the
log. In a log, a frame whose salts are those of the log and that ends a transaction was acknowledged
(https://www.sqlite.org/fileformat2.html#walformat); if SQLite takes fewer frames than that, some are damaged.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from core import portable

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = (0x377F0682, 0x377F0683)
_REMOVED: Final = (
    "The database lost its journal (orcaops.db-wal): records that were acknowledged after its last checkpoint may be "
    "missing."
)
_DAMAGED: Final = "The database's journal (orcaops.db-wal) is damaged: {count} of its {all} pages could not be used."


class JournalState(NamedTuple):
    """What was found before the database was opened.

    Attributes:
        was_left: There is one: the last engine did not close the database.
        was_removed: The last engine did not close the database, and its journal is not there.
        frames: Pages up to the last transaction that was acknowledged.
    """

    was_left: bool
    was_removed: bool
    frames: int

    def loss(self, connection: sqlite3.Connection) -> str:
        """What is missing, now that SQLite has read the journal; empty if nothing is.

        Raises:
            sqlite3.Error: SQLite refused.
        """
        if self.was_removed:
            return _REMOVED
        if not self.frames:
            return ""
        _, taken, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return _DAMAGED.format(count=self.frames - taken, all=self.frames) if 0 <= taken < self.frames else ""


class JournalMark:
    """Lies beside the database from its first write on, until it is closed.

    Args:
        database: The database's file.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-open")
        self._journal = database.with_name(f"{database.name}-wal")
        self._is_set = False

    def state(self) -> JournalState:
        """How the last engine left it; to be asked before the database is opened.

        Raises:
            OSError: It cannot be looked at.
        """
        size = self._journal.stat().st_size if self._journal.exists() else 0
        frames = _acknowledged_frames(self._journal) if size else 0
        return JournalState(size > 0, self._path.exists() and size == 0, frames)

    def set(self) -> None:
        """Note that the journal holds something; cheap when that is noted already.

        Raises:
            OSError: The disk is full or failing.
        """
        if not self._is_set and self._journal.stat().st_size:
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | portable.OPEN, 0o600))
            self._is_set = True

    def clear(self) -> None:
        """Note that it will be closed: SQLite removes the journal then."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _acknowledged_frames(journal: Path) -> int:
    """The number of the last whole frame that ends a transaction of this journal, from 1; 0 for none."""
    size = journal.stat().st_size
    with journal.open("rb") as file:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            return 0
        magic, _, page_size, _, *salts, _, _ = _HEADER.unpack(head)
        if magic not in _MAGIC:
            return 0
        number = last = 0
        while len(frame := file.read(_FRAME.size)) == _FRAME.size:
            number += 1
            _, committed, *found, _, _ = _FRAME.unpack(frame)
            if file.seek(page_size, os.SEEK_CUR) <= size and committed and found == salts:
                last = number
        return last
