"""The home: one folder for all that an engine keeps, held by one engine at a time."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from core import portable
from core.errors import HomeInUseError
from core.store.faults import file_error
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator
    from datetime import datetime
    from pathlib import Path

    from core.store.database import Database

_SQL: Final = QueryFile("meta")
_KEEP_FACT: Final = _SQL.take("keep_fact")
_GET_FACT: Final = _SQL.take("get_fact")

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Home:
    """Where things lie. Names below the home are chosen by us (ids and hashes), never by a request.

    Attributes:
        root: The folder itself.
        is_fresh: No job has left a file in it; otherwise a missing database means that one was lost.
    """

    root: Path
    is_fresh: bool = True

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "orcaops.db"

    @property
    def lock(self) -> Path:
        """Held by the engine that owns the home; says which one."""
        return self.root / "engine.lock"

    @property
    def logs(self) -> Path:
        """A folder of log segments for each job."""
        return self.root / "logs"

    @property
    def artifacts(self) -> Path:
        """A folder of kept files for each job."""
        return self.root / "artifacts"

    @property
    def uploads(self) -> Path:
        """Files sent in, named by their hash."""
        return self.root / "uploads"

    @property
    def parts(self) -> Path:
        """Files that are being written; what lies here at a start was left by a crash."""
        return self.root / "parts"

    @property
    def reserve(self) -> Path:
        """Room that is given up when the disk is full."""
        return self.root / "reserve"

    @property
    def runs(self) -> Path:
        """Settled records for people and jq."""
        return self.root / "runs"

    @property
    def workflows(self) -> Path:
        """Settled records of workflow runs."""
        return self.root / "workflows"

    def logs_of(self, job_id: str) -> Path:
        """Where a job's log lies."""
        return self.logs / job_id

    def artifacts_of(self, job_id: str) -> Path:
        """Where a job's kept files lie."""
        return self.artifacts / job_id


@asynccontextmanager
async def hold_home(root: Path, started_at: datetime) -> AsyncGenerator[Home]:
    """Make the home if need be and hold it while the context lasts.

    The lock goes with the process: however it ends, the home is free again.

    Args:
        root: The folder; made with mode 0700. Folders in it get 0700, files 0600.
        started_at: When this engine started, for the one who finds it locked.

    Raises:
        HomeInUseError: Another engine holds it; the message says which.
        StoreError: The folder could not be made or locked.
    """
    limiter = anyio.CapacityLimiter(1)
    acquire = partial(_acquire, Home(root), started_at)
    home, descriptor = await anyio.to_thread.run_sync(acquire, limiter=limiter)
    try:
        yield home
    finally:
        os.close(descriptor)


async def home_id(database: Database) -> str:
    """The home's own random id: 16 hexadecimal digits that never change, for labels and container names."""

    def keep(connection: sqlite3.Connection) -> str:
        _KEEP_FACT.run(connection, key="home_id", value=secrets.token_hex(8))
        value: str = _GET_FACT.run(connection, key="home_id").fetchone()[0]
        return value

    return await database.write(keep)


def _acquire(home: Home, started_at: datetime) -> tuple[Home, int]:
    try:
        _make_root(home)
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | portable.OPEN, _FILE_MODE)
    except OSError as error:
        raise file_error(error, f"the home {home.root} could not be made") from error
    try:
        portable.lock(descriptor)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "started_at": started_at.isoformat()}).encode())
        for folder in (home.logs, home.artifacts, home.uploads, home.parts, home.runs, home.workflows):
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        is_fresh = not (any(home.logs.iterdir()) or any(home.artifacts.iterdir()))
    except BlockingIOError:
        owner = _owner(descriptor)
        os.close(descriptor)
        raise HomeInUseError(f"The home {home.root} is held by {owner}.") from None
    except OSError as error:
        os.close(descriptor)
        raise file_error(error, f"the home {home.root} could not be set up") from error
    return Home(home.root, is_fresh=is_fresh), descriptor


def _make_root(home: Home) -> None:
    """Make the folder private; a folder that holds other things than ours keeps its mode."""
    home.root.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    if home.lock.exists() or not any(home.root.iterdir()):
        home.root.chmod(_FOLDER_MODE)


def _owner(descriptor: int) -> str:
    try:
        note: dict[str, Any] = json.loads(portable.read_at(descriptor, 1024, 0))
    except ValueError:  # its owner is just writing it
        return "another engine"
    return f"the engine with pid {note['pid']}, started at {note['started_at']}"
