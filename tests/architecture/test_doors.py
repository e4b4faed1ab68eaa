"""What only one place may know. import-linter holds the layers; these are the rules it cannot spell."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.architecture.conftest import Source

_STATEMENT = re.compile(
    r"\s*(SELECT\s.+\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX)\s|PRAGMA\s|BEGIN\s+IMMEDIATE)",
    re.DOTALL,
)


def test_sql_is_written_in_the_store_alone(sources: list[Source]) -> None:
    found = [
        f"{source.where}:{node.lineno}"
        for source in sources
        if source.where.startswith(("core/", "orcaops_mcp/")) and not source.where.startswith("core/store/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _STATEMENT.match(node.value)
    ]
    assert found == []


def test_the_command_starts_in_a_folder_that_has_a_core_of_its_own(tmp_path: Path) -> None:
    theirs = tmp_path / "core"
    theirs.mkdir()
    (theirs / "__init__.py").write_text("raise SystemExit('the wrong core was imported')\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = Path(sys.executable).parent / "orcaops"
    result = subprocess.run(
        [command, "--version"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
