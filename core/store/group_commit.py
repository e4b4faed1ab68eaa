"""Group commit: writers that come together share one transaction and one fsync.

The first writer leads: it takes along all who wait, runs their functions in one hop to the connection's thread, and
commits. Who arrives meanwhile waits; when the commit is durable all it took go on and the next one waiting leads. A
writer on its own leads at once, without delay and without a task. When one of them raises, all is undone and done
again with a savepoint each, so that only who raised is left out: that is rare, and savepoints are not free.

aiosqlite cannot do this by its own API: a transaction spread over awaits is torn when its task is cancelled, and the
half is committed by whoever commits next.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from anyio import CancelScope, Event

from core.errors import StoreError
from core.store.faults import store_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

_MAX_TOGETHER: Final = 256
"""Writes in one transaction: bounds how long the first of them waits for the last."""


class _Write(Generic[T]):
    """One caller's function and what became of it."""

    __slots__ = ("batch", "called", "committed", "error", "leads", "value", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], T], called: asyncio.Future[None]) -> None:
        self.work = work
        self.called = called
        """Done when its caller may go on: the write is settled, or it leads now."""
        self.leads = False
        self.batch: _Batch | None = None
        self.committed = False
        self.value: T
        self.error: Exception | None = None

    def call(self) -> None:
        """Let its caller go on, unless it was cancelled and goes by itself."""
        if not self.called.done():
            self.called.set_result(None)

    def run_apart(self, connection: sqlite3.Connection) -> None:
        """Call the function; what it did is undone if it raises, and only that."""
        connection.execute("SAVEPOINT one")
        try:
            self.value = self.work(connection)
        except Exception as error:  # its own caller gets it
            self.error = error
            if not connection.in_transaction:
                raise  # SQLite undid the whole transaction (disk full, I/O error): nobody's work stands
            connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")

    def outcome(self) -> T:
        """What the function returned, or raise what it raised."""
        if isinstance(self.error, sqlite3.Error):
            raise store_error(self.error) from self.error
        if self.error is not None:
            raise self.error
        if not self.committed:
            raise StoreError("The write was not carried out.")
        return self.value


class _Batch:
    """Writes of one transaction."""

    __slots__ = ("finished", "writes")

    def __init__(self, writes: list[_Write[Any]]) -> None:
        self.writes = writes
        self.finished = Event()
        for write in writes:
            write.batch = self

    def commit(self, connection: sqlite3.Connection) -> None:
        """Run them all and make them durable, or none."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            if not self._run_together(connection):
                connection.execute("BEGIN IMMEDIATE")
                for write in self.writes:
                    write.run_apart(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _undo(connection)
            for write in self.writes:
                write.error = write.error or error
        else:
            for write in self.writes:
                write.committed = True

    def _run_together(self, connection: sqlite3.Connection) -> bool:
        """Call all functions; False, with all of it undone, if one raises."""
        try:
            for write in self.writes:
                write.value = write.work(connection)
        except Exception:  # noqa: BLE001 -- told to its caller when it raises again on its own
            _undo(connection)
            return False
        return True


def _undo(connection: sqlite3.Connection) -> None:
    """Take the transaction back, unless SQLite did so by itself."""
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class GroupCommit:
    """Gathers concurrent writers into transactions.

    Args:
        on_thread: Runs a function with the writing connection on that connection's thread and waits for it; when the
            waiting is cancelled the function still runs.
    """

    def __init__(self, on_thread: Callable[[Callable[[sqlite3.Connection], None]], Awaitable[None]]) -> None:
        self._on_thread = on_thread
        self._waiting: deque[_Write[Any]] = deque()
        self._is_led = False

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function inside a transaction; return once that is durable. See `Database.write`."""
        mine = _Write(work, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if not self._is_led:
            self._is_led = mine.leads = True
        try:
            if not mine.leads:
                await mine.called
            if mine.leads:
                await self._lead()
        except asyncio.CancelledError:
            await self._withdraw(mine)
            raise
        return mine.outcome()

    async def _withdraw(self, mine: _Write[Any]) -> None:
        if mine.batch is not None:
            with CancelScope(shield=True):  # it is being run: leave only when it stands or fell
                await mine.batch.finished.wait()
            return
        self._waiting.remove(mine)
        if mine.leads:
            self._hand_over()

    async def _lead(self) -> None:
        batch = _Batch([self._waiting.popleft() for _ in range(min(len(self._waiting), _MAX_TOGETHER))])
        loop = asyncio.get_running_loop()

        def commit(connection: sqlite3.Connection) -> None:
            # The thread itself says when it is done: the leader may have been cancelled by asyncio, which no
            # shield of anyio's holds off, and the others must not take that for the end of the transaction.
            try:
                batch.commit(connection)
            finally:
                loop.call_soon_threadsafe(self._finish, batch)

        with CancelScope(shield=True):
            await self._on_thread(commit)

    def _finish(self, batch: _Batch) -> None:
        batch.finished.set()
        for write in batch.writes:
            write.call()
        batch.writes.clear()  # each knows its batch: in a circle they would stay until somebody looks for garbage
        self._hand_over()

    def _hand_over(self) -> None:
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].call()
        else:
            self._is_led = False
