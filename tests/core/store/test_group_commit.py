from __future__ import annotations

import asyncio
import random
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core.errors import StoreError
from core.testing.garbage import no_search_for_garbage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from core.store.database import Database


def _keep(*keys: str) -> Callable[[sqlite3.Connection], tuple[str, ...]]:
    def write(connection: sqlite3.Connection) -> tuple[str, ...]:
        for key in keys:
            connection.execute("INSERT INTO meta VALUES (?, 'x')", (key,))
        return keys

    return write


def _keys(connection: sqlite3.Connection) -> set[str]:
    return {key for (key,) in connection.execute("SELECT key FROM meta")}


class _Gate:
    """A write that occupies the writing connection until it is opened."""

    def __init__(self) -> None:
        self.is_entered, self.may_leave = threading.Event(), threading.Event()

    def __call__(self, connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO meta VALUES ('gate', 'x')")
        self.is_entered.set()
        assert self.may_leave.wait(10)

    async def entered(self) -> None:
        with anyio.fail_after(60):
            await anyio.to_thread.run_sync(self.is_entered.wait)


async def test_writers_that_come_together_share_one_commit(database: Database) -> None:
    statements: list[str] = []
    await database.write(lambda c: c.set_trace_callback(statements.append))
    gate = _Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(database.write, gate)
        await gate.entered()
        for number in range(100):
            tasks.start_soon(database.write, _keep(str(number)))
        await anyio.wait_all_tasks_blocked()
        gate.may_leave.set()
    await database.write(lambda c: c.set_trace_callback(None))
    assert len(await database.read(_keys)) == 101
    commits = [statement for statement in statements if statement == "COMMIT"]
    assert len(commits) == 3  # of the trace's own write, of the gate, and of the hundred together


async def test_each_caller_gets_its_own_result(database: Database) -> None:
    results: dict[int, tuple[str, ...]] = {}

    async def write(number: int) -> None:
        results[number] = await database.write(_keep(f"k{number}"))

    async with anyio.create_task_group() as tasks:
        for number in range(1000):  # more than one transaction takes
            tasks.start_soon(write, number)
    assert results == {number: (f"k{number}",) for number in range(1000)}
    assert len(await database.read(_keys)) == 1000


async def test_a_result_is_given_only_after_the_commit(database: Database) -> None:
    gate = _Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(database.write, gate)
        await gate.entered()
        assert await database.read(_keys) == set()
        gate.may_leave.set()
    assert await database.read(_keys) == {"gate"}


async def test_a_writer_that_fails_undoes_its_own_work_only(database: Database) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO meta VALUES ('half', 'x')")
        raise LookupError("mine")

    errors: list[Exception] = []

    async def failing(work: Callable[[sqlite3.Connection], object]) -> None:
        try:
            await database.write(work)
        except (LookupError, StoreError) as error:
            errors.append(error)

    gate = _Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(database.write, gate)
        await gate.entered()
        for number in range(10):
            tasks.start_soon(database.write, _keep(f"before{number}"))
        tasks.start_soon(failing, fail)
        tasks.start_soon(failing, _keep("twice", "twice"))
        for number in range(10):
            tasks.start_soon(database.write, _keep(f"after{number}"))
        await anyio.wait_all_tasks_blocked()
        gate.may_leave.set()
    kept = await database.read(_keys)
    assert len(kept) == 21
    assert not kept & {"half", "twice"}
    assert sorted(type(error).__name__ for error in errors) == ["LookupError", "StoreError"]


async def test_when_sqlite_undoes_the_transaction_every_writer_of_it_hears_so(database: Database) -> None:
    failures: list[StoreError] = []

    async def write(work: Callable[[sqlite3.Connection], object]) -> None:
        try:
            await database.write(work)
        except StoreError as error:
            failures.append(error)

    def undo_all(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT OR ROLLBACK INTO meta VALUES ('gate', 'x')")

    gate = _Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(database.write, gate)
        await gate.entered()
        tasks.start_soon(write, _keep("before"))
        tasks.start_soon(write, undo_all)
        tasks.start_soon(write, _keep("after"))
        await anyio.wait_all_tasks_blocked()
        gate.may_leave.set()
    assert len(failures) == 3
    assert await database.read(_keys) == {"gate"}
    await database.write(_keep("later"))
    assert await database.read(_keys) == {"gate", "later"}


async def test_a_writer_cancelled_while_it_waits_is_not_run(database: Database) -> None:
    gate = _Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(database.write, gate)
        await gate.entered()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as waiting:
                waiting.start_soon(database.write, _keep("cancelled"))
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        gate.may_leave.set()
    assert await database.read(_keys) == {"gate"}


async def test_a_writer_cancelled_while_it_runs_leaves_when_its_work_stands(database: Database) -> None:
    gate = _Gate()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(database.write, gate)
            await gate.entered()
            scope.cancel()
            gate.may_leave.set()
    assert await database.read(_keys) == {"gate"}


async def test_the_lead_passes_over_a_writer_that_was_cancelled_as_it_got_it(database: Database) -> None:
    gate = _Gate()
    first: list[asyncio.Task[object] | None] = []

    async def write_first() -> None:
        first.append(asyncio.current_task())
        with suppress(asyncio.CancelledError):
            await database.write(_keep("first"))

    def cancel_first(connection: sqlite3.Connection) -> None:
        gate(connection)
        assert first[0] is not None
        loop.call_soon_threadsafe(loop.call_soon, first[0].cancel)  # runs right after the lead was handed over

    loop = asyncio.get_running_loop()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(database.write, cancel_first)
            await gate.entered()
            tasks.start_soon(write_first)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(database.write, _keep("second"))
            await anyio.wait_all_tasks_blocked()
            gate.may_leave.set()
    assert await database.read(_keys) == {"gate", "second"}


@pytest.mark.parametrize("canceller", ["anyio", "asyncio"])
@pytest.mark.fault("F50")
async def test_three_hundred_random_cancels_leave_no_half_transaction(database: Database, canceller: str) -> None:
    chance = random.Random(20)  # noqa: S311 - repeatable on purpose
    returned: set[int] = set()

    async def write_pair(number: int, patience: float) -> None:
        work = _keep(f"{number}a", f"{number}b")
        if canceller == "anyio":
            with anyio.move_on_after(patience):
                await database.write(work)
                returned.add(number)
            return
        try:
            async with asyncio.timeout(patience):
                await database.write(work)
                returned.add(number)
        except TimeoutError:
            pass

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(write_pair, number, chance.random() * 0.03)
                if number % 10 == 0:
                    await database.read(_keys)
    kept = await database.read(_keys)
    firsts = {int(key[:-1]) for key in kept if key.endswith("a")}
    seconds = {int(key[:-1]) for key in kept if key.endswith("b")}
    assert firsts == seconds
    assert returned <= firsts
    assert await database.write(lambda connection: connection.total_changes) > 0


async def test_functions_are_called_again_when_one_beside_them_raises(database: Database) -> None:
    calls: list[str] = []

    def keep(name: str) -> Callable[[sqlite3.Connection], None]:
        def write(connection: sqlite3.Connection) -> None:
            calls.append(name)
            connection.execute("INSERT INTO meta VALUES (?, 'x')", (name,))
            if name == "wrong":
                raise LookupError(name)

        return write

    async def failing() -> None:
        with pytest.raises(LookupError):
            await database.write(keep("wrong"))

    gate = _Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(database.write, gate)
        await gate.entered()
        tasks.start_soon(database.write, keep("before"))
        tasks.start_soon(failing)
        tasks.start_soon(database.write, keep("after"))
        await anyio.wait_all_tasks_blocked()
        gate.may_leave.set()
    assert calls == ["before", "wrong", "before", "wrong", "after"]
    assert await database.read(_keys) == {"gate", "before", "after"}


async def test_what_was_written_is_let_go_without_a_search_for_garbage(database: Database) -> None:
    with no_search_for_garbage():
        work = _keep("one")
        known = weakref.ref(work)
        await database.write(work)
        del work
        await database.write(_keep("two"))  # the thread lets go of the last it did once it has something else to do
        assert known() is None
