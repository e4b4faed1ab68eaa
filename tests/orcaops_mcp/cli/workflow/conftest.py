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
