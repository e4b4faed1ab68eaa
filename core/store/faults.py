"""What SQLite and the file system say, in our own errors."""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

from core.errors import StoreBusyError, StoreDamagedError, StoreError

_DISK_FULL: Final = (
    "The disk is full: free some space in the home's file system; nothing that was acknowledged is lost."
)
_UNREADABLE: Final = "Check the disk and the permissions of the home folder, then try again."
_DEFECT: Final = "This is a defect of OrcaOps; its log has the traceback."


def store_error(error: sqlite3.Error) -> StoreError | StoreBusyError:
    """The error that stands for one of SQLite's, never repeating a value."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # absent when Python itself raised it
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusyError()
        case sqlite3.SQLITE_NOTADB:
            return StoreDamagedError("The database file is not a database.")
        case sqlite3.SQLITE_CORRUPT:
            return StoreDamagedError()
        case sqlite3.SQLITE_FULL:
            return StoreError("The database could not grow.", hint=_DISK_FULL)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(f"The database could not be read or written ({error}).", hint=_UNREADABLE)
        case _:
            return StoreError(f"The database refused a statement ({error}).", hint=_DEFECT)


def file_error(error: OSError, what: str) -> StoreError:
    """The error that stands for one of the file system's.

    Args:
        error: What was raised.
        what: What could not be done, such as ``the home folder could not be made``.
    """
    hint = _DISK_FULL if error.errno in {errno.ENOSPC, errno.EDQUOT} else _UNREADABLE
    return StoreError(f"{what[:1].upper()}{what[1:]} ({error.strerror}).", hint=hint)
