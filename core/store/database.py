"""The database: one writing connection with group commit, reading connections beside it.

SQLite in WAL mode with ``synchronous=FULL``: what was acknowledged survives a crash of the machine. This module is
aiosqlite's one door; everything above it hands in functions that take a plain ``sqlite3.Connection``.
"""

from __future__ import annotations

import itertools
import logging
import os
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import aiosqlite
import anyio
import anyio.to_thread

from core import portable
from core.errors import EngineClosedError, StoreDamagedError
from core.store.faults import file_error, store_error
from core.store.group_commit import GroupCommit
from core.store.journal import JournalMark, JournalState
from core.store.migrate import check_schema, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from pathlib import Path

T = TypeVar("T")

_log = logging.getLogger(__name__)

_BUSY_S: Final = 5.0
READERS: Final = 2
"""Connections that read, in turns."""
_CACHED_STATEMENTS: Final = 256
_CHECKED_BYTES: Final = 64 * 1024 * 1024
"""Checking takes 20 s for 1 GiB: a larger database is not searched for damage at its start."""
_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -2048",  # KiB a connection; what is read again comes from the kernel's own cache
    "PRAGMA journal_size_limit = 67108864",
)


class Database:
    """An open database; made by `open_database`."""

    def __init__(
        self, writer: aiosqlite.Connection, readers: tuple[aiosqlite.Connection, ...], mark: JournalMark, loss: str
    ) -> None:
        self._group = GroupCommit(partial(_marked, writer, mark))
        self.loss = loss
        """Which acknowledged records are missing since the last engine, in words for people; empty if none is."""
        self._readers = itertools.cycle(readers)
        self._is_open = True

    def write(self, work: Callable[[sqlite3.Connection], T]) -> Coroutine[Any, Any, T]:
        """Run a function in a transaction and return what it returns, once that is durable.

        Writers that come together share a transaction; one that raises undoes its own work only. A cancelled caller's
        function has either not run at all or run wholly. The function runs on another thread, must not commit, and
        must not touch what the event loop owns. It may be called twice, with all that the first call did undone.

        Raises:
            StoreBusyError: Another process kept the database locked for five seconds.
            StoreError: The disk is full or failing, or the database is damaged; nothing was changed.
            EngineClosedError: The database is being closed.
            Exception: What the function raised.
        """
        if not self._is_open:
            raise EngineClosedError
        return self._group.write(work)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function that only reads and return what it returns; all it reads is of one moment.

        Raises:
            StoreBusyError: As for `write`.
            StoreError: As for `write`, and when the function tries to write.
            EngineClosedError: The database is being closed.
            Exception: What the function raised.
        """
        if not self._is_open:
            raise EngineClosedError
        return await _on_thread(next(self._readers), partial(_read, query))

    async def close(self) -> None:
        """Refuse what comes and see to the end what came; `open_database` calls it."""
        self._is_open = False
        with anyio.CancelScope(shield=True):
            await self._group.write(_nothing)  # in order of arrival: when it is through, so is all before it


@asynccontextmanager
async def open_database(path: Path, *, may_create: bool = True) -> AsyncGenerator[Database]:
    """Open the database, migrate it if it is older, and close it with the context.

    Args:
        path: The file; made with mode 0600.
        may_create: False when a missing or empty file can only mean that one was lost.

    Raises:
        StoreDamagedError: The file is not a database of ours, is damaged, or is missing or empty though ``may_create``
            is False. It was not touched.
        SchemaTooNewError: A newer OrcaOps wrote it. It was not touched.
        StoreBusyError: Another process keeps it locked.
        StoreError: It could not be read or written.
    """
    limiter = anyio.CapacityLimiter(1)
    mark, losses = JournalMark(path), list[str]()
    found = await anyio.to_thread.run_sync(_prepare_file, path, may_create, mark, limiter=limiter)
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(_connected(path, partial(_prepare_writer, found, losses)))
        readers = [await stack.enter_async_context(_connected(path, _prepare_reader)) for _ in range(READERS)]
        database = Database(writer, tuple(readers), mark, "".join(losses))
        if database.loss:
            _log.error("%s Restore a backup if they matter.", database.loss)
        stack.push_async_callback(_clear, mark, limiter)
        stack.push_async_callback(database.close)
        yield database


@asynccontextmanager
async def _connected(path: Path, prepare: Callable[[sqlite3.Connection], None]) -> AsyncGenerator[aiosqlite.Connection]:
    connection = aiosqlite.connect(path, isolation_level=None, timeout=_BUSY_S, cached_statements=_CACHED_STATEMENTS)
    try:
        with anyio.CancelScope(shield=True):  # cancelled half-way it would leave its thread behind
            await connection
            await _on_thread(connection, prepare)
        yield connection
    finally:
        with anyio.CancelScope(shield=True):
            await connection.close()


async def _on_thread(connection: aiosqlite.Connection, function: Callable[[sqlite3.Connection], T]) -> T:
    """Run a function on the connection's thread, in one hop.

    aiosqlite offers one hop for a statement, not for a function. These two private names are what its own methods are
    made of; the dependency is pinned below the next minor version for them.
    """
    execute = connection._execute  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportUnknownVariableType] - see above
    return await execute(_translated, function, connection._conn)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above


def _translated(function: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    try:
        return function(connection)
    except sqlite3.Error as error:
        raise store_error(error) from error


async def _marked(
    connection: aiosqlite.Connection, mark: JournalMark, commit: Callable[[sqlite3.Connection], None]
) -> None:
    def run(opened: sqlite3.Connection) -> None:
        commit(opened)
        with suppress(OSError):  # the mark only helps to tell of a loss
            mark.set()

    await _on_thread(connection, run)


async def _clear(mark: JournalMark, limiter: anyio.CapacityLimiter) -> None:
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(mark.clear, limiter=limiter)


class _Found(NamedTuple):
    """What there was before the database was opened."""

    is_suspect: bool
    """The last process left without closing it, so that it is checked."""
    journal: JournalState


def _prepare_file(path: Path, may_create: bool, mark: JournalMark) -> _Found:  # noqa: FBT001 - called through to_thread, by position
    """Look at the file, and make it if it may be made."""
    try:
        size = path.stat().st_size if path.exists() else 0
        if size == 0 and not may_create:
            raise StoreDamagedError("The database is missing or empty, although there are jobs' files beside it.")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | portable.OPEN, 0o600))
        state = mark.state()
        return _Found((state.was_left or state.was_removed) and size <= _CHECKED_BYTES, state)
    except OSError as error:
        raise file_error(error, "the database could not be opened") from error


def _prepare_writer(was: _Found, losses: list[str], connection: sqlite3.Connection) -> None:
    check_schema(connection)
    if was.is_suspect and (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise StoreDamagedError(f"The database is damaged ({found}).")
    for setting in _SETTINGS:
        connection.execute(setting)
    if loss := was.journal.loss(connection):
        losses.append(loss)
    migrate(connection)


def _prepare_reader(connection: sqlite3.Connection) -> None:
    for setting in (*_SETTINGS, "PRAGMA query_only = ON"):
        connection.execute(setting)


def _read(query: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    connection.execute("BEGIN")
    try:
        return query(connection)
    finally:
        if connection.in_transaction:  # SQLite ends it by itself after some errors
            connection.execute("COMMIT")


def _nothing(_connection: sqlite3.Connection) -> None:
    """A write that writes nothing."""
