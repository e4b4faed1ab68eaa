"""`orcaops backup` and `orcaops restore` on the home of an engine that runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.orcaops_mcp.cli.conftest import EngineHome

pytestmark = pytest.mark.slow


def test_a_home_goes_into_a_file_and_comes_back_elsewhere(engine_home: EngineHome, tmp_path: Path) -> None:
    engine_home.ok("run", "busybox", "echo", "hello")
    file, copy = tmp_path / "home.tgz", tmp_path / "copy"
    said = json.loads(engine_home.ok("--json", "backup", str(file)))
    assert (said["file"], said["missing"]) == (str(file), 0)
    assert said["jobs"] >= 1
    result = engine_home.run("--home", str(copy), "restore", str(file))
    assert (result.exit_code, result.stdout.startswith(f"{copy} holds {said['jobs']:,} jobs")) == (0, True)
    again = engine_home.run("--home", str(copy), "restore", str(file))
    assert again.exit_code == 6
    assert "not empty" in again.stderr


def test_a_file_that_is_there_is_replaced_with_force_only(engine_home: EngineHome, tmp_path: Path) -> None:
    file = tmp_path / "home.tar"
    file.write_text("mine")
    refused = engine_home.run("backup", str(file))
    assert (refused.exit_code, file.read_text()) == (6, "mine")
    assert "--force" in refused.stderr
    engine_home.ok("backup", str(file), "--force")
    assert file.stat().st_size > 10_000


def test_another_machines_home_is_not_copied_from_here(engine_home: EngineHome, tmp_path: Path) -> None:
    refused = engine_home.run("--url", "http://127.0.0.1:9", "backup", str(tmp_path / "file.tar"))
    assert refused.exit_code == 2
    assert "on the machine of that engine" in refused.stderr
    assert not (tmp_path / "file.tar").exists()
