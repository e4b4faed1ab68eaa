from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from core.errors import (
    EngineClosedError,
    OrcaOpsError,
    SchemaTooNewError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
)
from core.settings import MIB
from core.store import database as database_module
from core.store.database import Database, open_database
from core.store.migrate import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _modes_in(folder: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def _names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def _keep(key: str, value: str = "x") -> Callable[[sqlite3.Connection], None]:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO meta VALUES (?, ?)", (key, value))

    return write


def _keys(connection: sqlite3.Connection) -> set[str]:
    return {key for (key,) in connection.execute("SELECT key FROM meta")}


async def _refusal(path: Path, *, may_create: bool = True) -> OrcaOpsError:
    with pytest.raises(OrcaOpsError) as refused:
        async with open_database(path, may_create=may_create):
            pass
    return refused.value


async def test_what_was_written_is_read_at_once_and_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    async with open_database(path) as database:
        await database.write(_keep("a"))
        assert await database.read(_keys) == {"a"}
    async with open_database(path) as database:
        assert await database.read(_keys) == {"a"}


@pytest.mark.fault("F47")
async def test_the_database_is_durable_and_private(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    async with open_database(path) as database:
        pragmas = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "user_version")
        for ask in (database.read, database.write):
            got = await ask(lambda c: [c.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas])
            assert got == ["wal", 2, 5000, 1, len(MIGRATIONS)]
        assert _modes_in(tmp_path) == {0o600}


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreError, match="readonly"):
        await database.read(_keep("a"))
    assert await database.read(_keys) == set()


async def test_all_that_one_reader_reads_is_of_one_moment(database: Database) -> None:
    has_read, may_read_on = threading.Event(), threading.Event()
    seen: list[set[str]] = []

    def read_twice(connection: sqlite3.Connection) -> None:
        seen.append(_keys(connection))
        has_read.set()
        may_read_on.wait(5)
        seen.append(_keys(connection))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(database.read, read_twice)
            await anyio.to_thread.run_sync(has_read.wait)
            await database.write(_keep("a"))
            may_read_on.set()
    assert seen == [set(), set()]
    assert await database.read(_keys) == {"a"}


@pytest.mark.fault("F46")
async def test_a_newer_schema_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    async with open_database(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    refused = await _refusal(path)
    assert isinstance(refused, SchemaTooNewError)
    assert path.read_bytes() == before


@pytest.mark.fault("F43")
async def test_another_applications_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    refused = await _refusal(path)
    assert isinstance(refused, StoreDamagedError)
    assert "another application" in refused.message
    assert path.read_bytes() == before


@pytest.mark.fault("F43")
async def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    path.write_bytes(b"not a database at all" * 1000)
    before = path.read_bytes()
    refused = await _refusal(path)
    assert isinstance(refused, StoreDamagedError)
    assert "backup" in refused.hint
    assert path.read_bytes() == before


@pytest.mark.fault("F43")
async def test_a_damaged_page_is_found_after_a_run_that_did_not_close(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    async with open_database(path) as database:
        await database.write(_keep("a"))
    damaged = bytearray(path.read_bytes())
    damaged[4096:8192] = b"\xff" * 4096
    path.write_bytes(damaged)
    path.with_name("orcaops.db-wal").write_bytes(b"\0" * 64)
    refused = await _refusal(path)
    assert isinstance(refused, StoreDamagedError)
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("lost", ["empty", "missing"])
@pytest.mark.fault("F44")
async def test_a_lost_database_is_not_made_anew_beside_jobs_files(tmp_path: Path, lost: str) -> None:
    path = tmp_path / "orcaops.db"
    if lost == "empty":
        path.touch()
    refused = await _refusal(path, may_create=False)
    assert isinstance(refused, StoreDamagedError)
    assert path.exists() == (lost == "empty")
    assert not path.exists() or path.stat().st_size == 0


async def test_a_folder_in_the_place_of_the_file_is_a_store_error(tmp_path: Path) -> None:
    assert isinstance(await _refusal(tmp_path), StoreError)


@pytest.mark.fault("F48")
async def test_a_database_locked_by_another_process_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_S", 0.01)
    path = tmp_path / "orcaops.db"
    async with open_database(path) as database:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusyError):
                await database.write(_keep("a"))
            other.execute("ROLLBACK")
        await database.write(_keep("b"))
        assert await database.read(_keys) == {"b"}


async def test_a_full_disk_is_a_store_error_with_a_hint_and_the_database_goes_on(database: Database) -> None:
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
    with pytest.raises(StoreError) as full:
        await database.write(_keep("big", "x" * 100_000))
    assert "disk is full" in full.value.hint
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    await database.write(_keep("small"))
    assert await database.read(_keys) == {"small"}


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    async with open_database(tmp_path / "orcaops.db") as database:
        pass
    with pytest.raises(EngineClosedError):
        await database.write(_keep("a"))
    with pytest.raises(EngineClosedError):
        await database.read(_keys)


async def test_closing_sees_writes_that_wait_through(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    async with anyio.create_task_group() as tasks, open_database(path) as database:
        for number in range(20):
            tasks.start_soon(database.write, _keep(str(number)))
        await anyio.lowlevel.checkpoint()
    async with open_database(path) as database:
        assert len(await database.read(_keys)) == 20


_WRITER = """
import sys
from pathlib import Path
import anyio
from core.store.database import open_database

async def main():
    async with open_database(Path(sys.argv[1])) as database:
        for number in range(20):
            def keep(connection, key=str(number)):
                connection.execute("INSERT INTO meta VALUES (?, 'x')", (key,))

            await database.write(keep)
        print("written", flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.fixture(scope="session")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("killed") / "orcaops.db"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.kill()
    return path


@pytest.fixture
def killed(killed_once: Path, tmp_path: Path) -> Path:
    """A database whose engine was killed after twenty writes."""
    shutil.copytree(killed_once.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / killed_once.name


async def _opened(path: Path) -> tuple[str, int]:
    async with open_database(path) as database:
        return database.loss, len(await database.read(_keys))


async def test_after_a_kill_nothing_that_was_acknowledged_is_missing(killed: Path) -> None:
    assert await _opened(killed) == ("", 20)
    assert await _opened(killed) == ("", 20)


@pytest.mark.fault("F45")
async def test_a_journal_that_was_removed_is_told_of(killed: Path, caplog: pytest.LogCaptureFixture) -> None:
    killed.with_name("orcaops.db-wal").unlink()
    loss, left = await _opened(killed)
    assert left < 20
    assert "lost its journal" in loss
    assert [record.levelname for record in caplog.records if "lost its journal" in record.message] == ["ERROR"]
    assert (await _opened(killed))[0] == ""


@pytest.mark.fault("F45")
async def test_a_journal_with_a_flipped_bit_is_told_of(killed: Path) -> None:
    journal = killed.with_name("orcaops.db-wal")
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 1
    journal.write_bytes(data)
    loss, left = await _opened(killed)
    assert left < 20
    assert "is damaged" in loss


@pytest.mark.parametrize("cut", [1, 5_000])
async def test_a_journal_whose_last_write_is_torn_has_lost_nothing_that_was_acknowledged(
    killed: Path, cut: int
) -> None:
    journal = killed.with_name("orcaops.db-wal")
    half = journal.read_bytes()[-4120:]
    journal.write_bytes(journal.read_bytes() + half[: len(half) - min(cut, len(half) - 1)])
    assert await _opened(killed) == ("", 20)


async def test_a_database_that_was_closed_has_no_mark_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    async with open_database(path) as database:
        await database.write(_keep("a"))
        assert "orcaops.db-open" in _names_in(tmp_path)
    assert _names_in(tmp_path) == {"orcaops.db"}


@pytest.mark.fault("F49")
async def test_a_reader_that_stays_makes_the_journal_longer_and_not_for_good(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    journal = path.with_name("orcaops.db-wal")

    async def write_many(database: Database, prefix: str) -> int:
        for number in range(600):
            await database.write(_keep(f"{prefix}{number}", "x" * 3000))
        return await anyio.to_thread.run_sync(lambda: journal.stat().st_size)

    async with open_database(path) as database:
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM meta").fetchone()
            grown = await write_many(database, "a")
        assert grown > 5 * MIB
        assert await write_many(database, "b") <= grown + MIB
        assert len(await database.read(_keys)) == 1200
