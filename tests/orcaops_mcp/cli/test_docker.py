"""The command line with real containers."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from orcaops_mcp import places
from tests.orcaops_mcp.cli.conftest import EngineHome

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def docker_home(tmp_path_factory: pytest.TempPathFactory) -> Generator[EngineHome]:
    folder = str(tmp_path_factory.mktemp("home") / "d")
    places.start_engine(folder)
    yield EngineHome(folder)
    places.leave(folder)
    assert places.wait_until_gone(folder, 30)


@pytest.mark.parametrize(
    "words",
    [
        ("busybox", "sh", "-c", "echo out; echo err >&2; exit 7"),
        ("busybox", "printf", "no line end: %s\\n", "--json"),
        ("busybox", "no-such-command"),
        ("busybox", "/etc/passwd"),
        ("-e", "A=1 2", "busybox", "sh", "-c", 'echo "$A"'),
        ("-w", "/etc", "busybox", "pwd"),
        ("--network", "none", "busybox", "sh", "-c", "ls /sys/class/net"),
        ("busybox", "sh", "-c", "kill -9 $$"),
    ],
)
def test_a_job_ends_and_prints_as_with_docker_run(docker_home: EngineHome, words: tuple[str, ...]) -> None:
    theirs = subprocess.run(["docker", "run", "--rm", "--init", *words], capture_output=True, timeout=60, check=False)
    ours = docker_home.run("run", *words)
    assert ours.exit_code == theirs.returncode
    assert ours.stdout_bytes == theirs.stdout
    if theirs.returncode not in {126, 127}:
        assert ours.stderr_bytes == theirs.stderr


def test_an_image_that_does_not_exist_is_125(docker_home: EngineHome) -> None:
    result = docker_home.run("run", "127.0.0.1:1/no/such:image", "true")
    assert (result.exit_code, result.stdout) == (125, "")
    assert result.stderr.startswith("orcaops: ")


def test_a_mount_is_read_only_unless_it_is_said(
    docker_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in.txt").write_text("mine\n")
    monkeypatch.chdir(tmp_path)
    script = "cat /data/in.txt; touch /data/out.txt"
    refused = docker_home.run("run", "-v", "data:/data", "busybox", "sh", "-c", script)
    assert (refused.stdout, refused.exit_code) == ("mine\n", 1)
    assert docker_home.run("run", "-v", "data:/data:rw", "busybox", "sh", "-c", script).exit_code == 0
    assert (tmp_path / "data" / "out.txt").exists()
    assert docker_home.run("run", "-v", "/etc:/data", "busybox", "true").exit_code == 125


def test_an_engine_that_dies_meanwhile_is_followed_by_one_that_goes_on(docker_home: EngineHome) -> None:
    script = "echo before; n=0; while [ $((n=n+1)) -lt 40 ]; do sleep 0.1; done; echo after; exit 5"
    process = docker_home.start("run", "--name", "survivor", "busybox", "sh", "-c", script)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == b"before\n"
        note = places.note_of(docker_home.folder)
        assert note is not None
        os.kill(int(note["pid"]), signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=60)
    assert (stdout, stderr, process.returncode) == (b"after\n", b"", 5)


WORKFLOW = """\
name: real
outputs: {version: "${{ jobs.build.outputs.version }}"}
jobs:
  build:
    image: busybox
    commands: ['echo "version=$(cat version.txt)" >> "$ORCAOPS_OUTPUT"', 'mkdir dist && cp version.txt dist/']
    artifacts: dist/
  use:
    image: busybox
    needs: build
    matrix: {way: [first, second]}
    env: {VERSION: "${{ needs.build.outputs.version }}"}
    commands: ['echo "${{ matrix.way }} $VERSION $(cat "$ORCAOPS_NEEDS_DIR/build/dist/version.txt")"']
"""


def test_a_workflow_runs_to_its_end_and_its_files_come_back(
    docker_home: EngineHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "version.txt").write_text("1.4.0\n", encoding="utf-8")
    (tmp_path / "real.yaml").write_text(WORKFLOW, encoding="utf-8")
    result = docker_home.run("workflow", "run", "--workspace", ".", "real.yaml")
    assert result.exit_code == 0, result.output
    assert "output version=1.4.0" in result.stdout.splitlines()
    lines = docker_home.ok("workflow", "logs", "--job", "use").splitlines()
    assert sorted(lines) == ["use-first │ first 1.4.0 1.4.0", "use-second │ second 1.4.0 1.4.0"]
    saved = docker_home.ok("workflow", "artifacts", "--get", "dist/version.txt", "-o", "got").strip()
    assert (tmp_path / saved).read_text() == "1.4.0\n"
