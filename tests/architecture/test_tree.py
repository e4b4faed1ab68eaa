"""What is committed fits any machine, and the map of the code matches the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.container_engine import apt

_ORDINARY_FOLDERS = frozenset(
    {"/", "/app", "/build", "/home", "/mnt", "/opt", "/root", "/src", "/srv", "/tmp", "/work", "/workspace"}
)
_ROW = re.compile(r"^\| `((?:core|orcaops_mcp)(?:\.\w+)+)` \|", re.MULTILINE)


@pytest.fixture(scope="module")
def committed(root: Path) -> dict[str, str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    paths = [root / name for name in listing.split("\0") if name]
    return {path.relative_to(root).as_posix(): path.read_text(errors="replace") for path in paths if path.is_file()}


def test_no_committed_file_holds_a_path_of_this_machine(root: Path, committed: dict[str, str]) -> None:
    folders = {str(root), *({str(root.parent)} - _ORDINARY_FOLDERS), *({str(Path.home())} - _ORDINARY_FOLDERS)}
    assert _holding(committed, "|".join(rf"(?<![\w.-]){re.escape(folder)}/" for folder in folders)) == []


def test_no_committed_file_names_a_package_registry_of_this_machine(committed: dict[str, str]) -> None:
    hosts = {host for host in map(_host, _registries()) if host}
    if not hosts:
        pytest.skip("this machine's package tools name no registry")
    assert _holding(committed, "|".join(rf"(?<![\w.-]){re.escape(host)}(?![\w-])" for host in hosts)) == []


def test_marks_that_part_the_suite_stand_in_the_files_of_the_tests_they_mark(root: Path) -> None:
    parts = re.compile(r"mark\.(docker|node|slow)\b")
    others = (path for path in (root / "tests").rglob("*.py") if not path.name.startswith("test_"))
    assert {path.relative_to(root).as_posix() for path in others if parts.search(path.read_text(encoding="utf-8"))} == {
        "tests/conftest.py",  # of folders beside those of core
        "tests/contracts/conftest.py",  # the Makefile gives this folder whole
        "tests/ui/conftest.py",
    }


def test_the_map_of_packages_is_the_packages_that_exist(root: Path) -> None:
    packages = {
        ".".join(path.parent.relative_to(root).parts)
        for top in ("core", "orcaops_mcp")
        for path in (root / top).glob("*/**/__init__.py")
    }
    rows = _ROW.findall((root / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert sorted(rows) == sorted(packages)


def _holding(files: dict[str, str], pattern: str) -> list[str]:
    return [
        f"{name}:{text.count(chr(10), 0, found.start()) + 1}"
        for name, text in files.items()
        for found in re.finditer(pattern, text)
    ]


def _registries() -> list[str]:
    """The addresses that apt, pip, uv and npm are configured with here."""
    from_environment = [
        value for name, value in os.environ.items() if re.search(r"INDEX_URL|REGISTRY", name, re.IGNORECASE)
    ]
    pip = _output(sys.executable, "-m", "pip", "config", "list")
    npm = _output("npm", "config", "get", "registry") if shutil.which("npm") else ""
    return [
        *from_environment,
        *re.findall(r"https?://[^'\s]+", pip),
        npm,
        *(source.uri for source in apt.machine_sources()),
    ]


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL).stdout.strip()


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
