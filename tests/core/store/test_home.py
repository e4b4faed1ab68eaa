from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

import core
from core.errors import HomeInUseError, StoreError
from core.store.database import open_database
from core.store.home import hold_home, home_id

_NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_HOLDER = """
import sys, anyio
from datetime import UTC, datetime
from pathlib import Path
from core.store.home import hold_home

async def main():
    async with hold_home(Path(sys.argv[1]), datetime(2026, 1, 2, tzinfo=UTC)):
        print("held", flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


def _modes(root: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in (root, *root.iterdir())}


def _start_holder(root: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(core.__file__).parents[1])}
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(root)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def _kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


async def test_a_home_is_made_private_with_all_its_folders(tmp_path: Path) -> None:
    root = tmp_path / "some" / "home"
    async with hold_home(root, _NOW) as home:
        assert home.is_fresh
        folders = dict.fromkeys(("home", "logs", "artifacts", "uploads", "parts", "runs", "workflows"), "0o700")
        assert _modes(root) == {**folders, "engine.lock": "0o600"}


async def test_a_folder_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    root = tmp_path / "theirs"
    _make(root, "letter.txt")
    async with hold_home(root, _NOW):
        modes = _modes(root)
    assert modes["theirs"] == "0o755"
    assert modes["logs"] == "0o700"


async def test_an_open_folder_that_is_empty_becomes_private(tmp_path: Path) -> None:
    root = tmp_path / "home"
    _make(root)
    async with hold_home(root, _NOW):
        assert _modes(root)["home"] == "0o700"


def _make(root: Path, *names: str) -> None:
    root.mkdir()
    root.chmod(0o755)
    for name in names:
        (root / name).touch()


async def test_a_home_with_jobs_files_is_not_fresh(tmp_path: Path) -> None:
    async with hold_home(tmp_path / "home", _NOW) as home:
        await anyio.to_thread.run_sync(home.logs_of("job_1").mkdir)
    async with hold_home(tmp_path / "home", _NOW) as home:
        assert not home.is_fresh
        assert home.artifacts_of("job_1") == home.artifacts / "job_1"


@pytest.mark.fault("F12")
async def test_a_held_home_is_refused_and_its_owner_named(tmp_path: Path) -> None:
    root = tmp_path / "home"
    async with hold_home(root, _NOW):
        with pytest.raises(HomeInUseError) as refused:
            async with hold_home(root, _NOW):
                pass
    assert f"pid {os.getpid()}" in refused.value.message
    assert "2026-01-02T03:04:05+00:00" in refused.value.message
    async with hold_home(root, _NOW):
        pass


async def test_a_lock_whose_note_is_not_written_yet_still_refuses(tmp_path: Path) -> None:
    root = tmp_path / "home"
    async with hold_home(root, _NOW):
        os.truncate(root / "engine.lock", 0)
        with pytest.raises(HomeInUseError, match="held by another engine"):
            async with hold_home(root, _NOW):
                pass


@pytest.mark.fault("F12")
async def test_a_killed_holder_frees_the_home(tmp_path: Path) -> None:
    root = tmp_path / "home"
    holder = await anyio.to_thread.run_sync(_start_holder, root)
    with pytest.raises(HomeInUseError, match=f"pid {holder.pid}"):
        async with hold_home(root, _NOW):
            pass
    await anyio.to_thread.run_sync(_kill, holder)
    async with hold_home(root, _NOW):
        pass


async def test_a_file_in_the_place_of_the_home_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "home"
    await anyio.to_thread.run_sync(path.touch)
    with pytest.raises(StoreError, match="could not be made"):
        async with hold_home(path, _NOW):
            pass


async def test_a_home_has_an_id_of_its_own_that_stays(tmp_path: Path) -> None:
    ids: list[str] = []
    for name in ("a.db", "a.db", "b.db"):
        async with open_database(tmp_path / name) as database:
            ids += [await home_id(database), await home_id(database)]
    assert ids[0] == ids[1] == ids[2] == ids[3] != ids[4]
    assert len(ids[0]) == 16
