"""The command line in a folder of its own, with a home in which no engine ever starts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from orcaops_mcp.cli.main import cli

if TYPE_CHECKING:
    from click.testing import Result

    from tests.orcaops_mcp.cli.conftest import EngineHome

SEED = (Path(__file__).parent / "data" / "seed-pipeline.yaml").read_text(encoding="utf-8")
"""The pipeline that the project began with."""

TYPO = """\
jobs:
  build: {image: "alpine:3.20", commands: [make]}
  test:
    image: alpine:3.20
    requries: build
    commands: [make test]
"""
NOTHING_WRONG = """\
jobs:
  hello: {image: "alpine:3.20", commands: [echo hello]}
"""

GOOD = """\
name: good
inputs:
  who: {type: string, default: orca}
outputs:
  greeting: ${{ jobs.build.outputs.greeting }}
jobs:
  build:
    image: busybox
    env: {WHO: "${{ inputs.who }}"}
    commands: ['echo "greeting=hello $WHO" >> "$ORCAOPS_OUTPUT"', 'echo built']
  test:
    image: busybox
    needs: build
    matrix: {level: [unit, system]}
    commands: ['echo "testing ${{ matrix.level }}"']
"""
BAD = """\
name: bad
jobs:
  build: {image: busybox, commands: [echo built]}
  test:
    image: busybox
    needs: build
    fail_fast: false
    matrix: {code: [0, 3, 1]}
    commands: ['echo "will end with ${{ matrix.code }}"', 'exit ${{ matrix.code }}']
  deploy: {image: busybox, needs: test, commands: [echo deployed]}
"""
LONG = """\
name: long
jobs:
  first: {image: busybox, commands: ['echo ready', 'sleep 60']}
  second: {image: busybox, needs: first, commands: [echo never]}
"""


@dataclass(frozen=True)
class Desk:
    """A folder with files, and the command line in it.

    Attributes:
        folder: The folder, which is also the current one.
        home: Where an engine would live.
    """

    folder: Path
    home: Path

    def put(self, name: str, text: str) -> str:
        """Write a file, and its name again."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def run(self, *words: str, given: str | bytes | None = None) -> Result:
        """`orcaops workflow` with these words, without a terminal."""
        variables = {"ORCAOPS_HOME": str(self.home), "NO_COLOR": None, "FORCE_COLOR": None}
        result = CliRunner().invoke(cli, ["workflow", *words], input=given, env=variables)
        assert not self.home.exists(), "an engine's home was made"
        return result

    def lines(self, *words: str, given: str | bytes | None = None) -> list[str]:
        """What was printed, a line each."""
        return self.run(*words, given=given).stdout.splitlines()

    def document(self, *words: str, exit_code: int = 0) -> dict[str, Any]:
        """The JSON that was printed."""
        result = self.run(*words)
        assert result.exit_code == exit_code, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Desk(folder, tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the workflow files are, and the caller stands."""
    for name, text in (("good.yaml", GOOD), ("bad.yaml", BAD), ("long.yaml", LONG)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def detached(home: EngineHome, *words: str) -> str:
    """Start a run, and its id."""
    workflow_id = home.ok("workflow", "run", "-d", *words).strip()
    assert workflow_id.startswith("wf_")
    return workflow_id


def finished(home: EngineHome, *words: str) -> str:
    """Run a workflow to its end, and the run's id."""
    workflow_id = detached(home, *words)
    home.ok("workflow", "watch", workflow_id)
    return workflow_id


def told(home: EngineHome, *words: str) -> Any:
    return json.loads(home.ok("workflow", *words))
