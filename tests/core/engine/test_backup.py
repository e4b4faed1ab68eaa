"""A home in one file and back again, while its engine works."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from core import (
    ConflictError,
    EngineSettings,
    FailureKind,
    InvalidArgumentError,
    JobStatus,
    LogQuery,
    StoreDamagedError,
    back_up_home,
    open_engine,
    parse_job,
    restore_home,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core import BackupFacts, Engine

_NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _back_up(home: Path, target: Path, *, replace: bool = False) -> BackupFacts:
    return back_up_home(home, target, version="1.2.3", at=_NOW, replace=replace)


async def _job(engine: Engine, **request: object) -> str:
    submitted = await engine.submit_job(parse_job({"image": "busybox", **request}))
    return submitted.job.job_id


async def _text(engine: Engine, job_id: str) -> list[str]:
    return [line.text for line in (await engine.read_logs(job_id, LogQuery(tail=100))).lines]


async def _finish_one_job(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        job_id = await _job(engine, commands=["echo said", "echo kept > file.txt"], artifacts=["*.txt"])
        await engine.wait_for_job(job_id)


@pytest.fixture
def backup(settings: EngineSettings, tmp_path: Path) -> Path:
    """Of a home with one finished job, which has a log and an artifact."""
    anyio.run(_finish_one_job, settings)
    _back_up(settings.home, tmp_path / "home.tar")
    return tmp_path / "home.tar"


@pytest.mark.parametrize("name", ["home.tar", "home.tar.gz"])
async def test_a_home_that_is_copied_while_it_works_comes_back_with_all_that_was_acknowledged(
    settings: EngineSettings, tmp_path: Path, name: str
) -> None:
    settings.home.mkdir()
    (settings.home / "config.yaml").write_text("queue:\n  max_running: 3\n")
    async with open_engine(settings) as engine:
        done = await _job(engine, commands=["echo said", "echo kept > file.txt"], artifacts=["*.txt"], name="done")
        before = await engine.wait_for_job(done)
        running = await _job(engine, command=["sh", "-c", "echo begun; sleep 1000"])
        await engine.wait([running], until="log_match", pattern="begun", timeout_s=30)
        facts = await anyio.to_thread.run_sync(lambda: _back_up(settings.home, tmp_path / name))
    assert (facts.jobs, facts.missing) == (2, 0)
    restored = tmp_path / "restored"
    assert await anyio.to_thread.run_sync(restore_home, tmp_path / name, restored) == facts
    assert (restored / "config.yaml").read_text() == "queue:\n  max_running: 3\n"
    assert not (restored / "token").exists()
    async with open_engine(EngineSettings(home=restored, backend="simulated")) as engine:
        after = await engine.get_job(done)
        assert (after.status, after.finished_at, after.spec) == (before.status, before.finished_at, before.spec)
        assert await _text(engine, done) == ["said"]
        [artifact] = await engine.list_artifacts(done)
        assert (artifact.path, artifact.size) == ("file.txt", 5)
        with anyio.fail_after(30):
            lost = await engine.wait_for_job(running)
        assert lost.status is JobStatus.FAILED
        assert lost.failure is not None
        assert lost.failure.kind is FailureKind.CONTAINER_LOST
    assert json.loads((restored / "runs" / f"{done}.json").read_text())["name"] == "done"


def _identity(home: Path) -> str:
    with closing(sqlite3.connect(home / "orcaops.db")) as connection:
        row = connection.execute("SELECT value FROM meta WHERE key = 'home_id'").fetchone()
    return "" if row is None else str(row[0])


@pytest.mark.parametrize("takes_over", [True, False])
def test_a_restored_home_is_another_one_unless_it_takes_over(
    backup: Path, settings: EngineSettings, tmp_path: Path, *, takes_over: bool
) -> None:
    restore_home(backup, tmp_path / "restored", takes_over=takes_over)
    assert _identity(tmp_path / "restored") == (_identity(settings.home) if takes_over else "")


def _truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _without_end(data: bytes) -> bytes:
    return data[: data.index(b"checksums.json")]


def _flipped(data: bytes) -> bytes:
    place = data.index(b"said\n")
    return data[:place] + b"Said" + data[place + 4 :]


@pytest.mark.parametrize("damage", [_truncated, _without_end, _flipped])
def test_of_a_damaged_backup_nothing_is_restored(
    backup: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    backup.write_bytes(damage(backup.read_bytes()))
    with pytest.raises(StoreDamagedError) as raised:
        restore_home(backup, tmp_path / "restored")
    assert "Nothing was restored" in raised.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "home.tar"]


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("logs/../../outside", tarfile.REGTYPE, ""),
        ("/etc/outside", tarfile.REGTYPE, ""),
        ("token", tarfile.REGTYPE, ""),
        ("logs/a/b", tarfile.SYMTYPE, "/etc/passwd"),
        ("logs/a/b", tarfile.LNKTYPE, "orcaops.db"),
        ("logs/a/b", tarfile.CHRTYPE, ""),
        ("orcaops.db", tarfile.REGTYPE, ""),
    ],
)
def test_a_backup_with_a_member_that_none_of_ours_has_is_refused(
    backup: Path, tmp_path: Path, name: str, kind: bytes, link: str
) -> None:
    crafted = tmp_path / "crafted.tar"
    with tarfile.open(backup) as source, tarfile.open(crafted, "w") as target:
        for place, member in enumerate(source):
            target.addfile(member, source.extractfile(member))
            if place == 1:
                strange = tarfile.TarInfo(name)
                strange.type, strange.linkname = kind, link
                target.addfile(strange, io.BytesIO(b""))
    with pytest.raises(StoreDamagedError):
        restore_home(crafted, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    assert not list(tmp_path.glob("**/outside"))


@pytest.mark.parametrize("content", [b"", b"not a tar file at all", b"\x1f\x8b broken"])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises((InvalidArgumentError, StoreDamagedError)):
        restore_home(tmp_path / "file", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_a_backup_in_a_form_of_later_is_refused_with_the_version_that_made_it(backup: Path, tmp_path: Path) -> None:
    backup.write_bytes(backup.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(InvalidArgumentError, match=r"OrcaOps 1\.2\.3"):
        restore_home(backup, tmp_path / "restored")


def test_a_folder_that_holds_something_is_not_restored_into(backup: Path, settings: EngineSettings) -> None:
    before = sorted(settings.home.iterdir())
    with pytest.raises(ConflictError, match="not empty"):
        restore_home(backup, settings.home)
    assert sorted(settings.home.iterdir()) == before


def test_a_file_that_is_there_is_replaced_only_when_that_is_said(backup: Path, settings: EngineSettings) -> None:
    backup.write_text("mine")
    with pytest.raises(ConflictError):
        _back_up(settings.home, backup)
    assert backup.read_text() == "mine"
    _back_up(settings.home, backup, replace=True)
    assert tarfile.is_tarfile(backup)


def test_of_a_damaged_database_there_is_no_backup(backup: Path, settings: EngineSettings, tmp_path: Path) -> None:
    database = settings.home / "orcaops.db"
    data = bytearray(database.read_bytes())
    data[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    database.write_bytes(data)
    with pytest.raises(StoreDamagedError):
        _back_up(settings.home, tmp_path / "second.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "home.tar"]


def test_a_folder_without_a_database_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError, match="no database"):
        _back_up(tmp_path / "nowhere", tmp_path / "file.tar")
    assert not list(tmp_path.iterdir())
