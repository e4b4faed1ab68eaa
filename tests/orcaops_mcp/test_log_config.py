from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orcaops_mcp.log_config import configure_logging

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture(autouse=True)
def root_logging_is_put_back() -> Generator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.hostile("B87")
def test_json_lines_carry_the_traceback(tmp_path: Path) -> None:
    configure_logging("info", "json", tmp_path / "engine.log")
    try:
        int("boom")
    except ValueError:
        logging.getLogger("part").exception("it %s", "broke")
    entry = json.loads((tmp_path / "engine.log").read_text())
    assert (entry["level"], entry["logger"], entry["message"]) == ("error", "part", "it broke")
    assert "ValueError: " in entry["traceback"]
    assert entry["at"].endswith("Z")


def test_console_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning")
    logging.getLogger("part").warning("careful")
    logging.getLogger("part").info("not said")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "WARNING part: careful" in captured.err
    assert "not said" not in captured.err


def test_a_log_file_is_private_and_put_aside_when_it_is_full(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    configure_logging("warning", "console", path, 2000, 2)
    for number in range(100):
        logging.getLogger("part").warning("line %d %s", number, "x" * 100)
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == ["engine.log", "engine.log.1", "engine.log.2"]
    assert all(file.stat().st_size <= 2000 for file in kept)
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    assert "line 99" in path.read_text()


def test_what_the_process_prints_follows_the_log_file_when_that_is_put_aside(tmp_path: Path) -> None:
    script = (
        "import logging, os, sys; from pathlib import Path; from orcaops_mcp.log_config import configure_logging\n"
        "configure_logging('warning', 'console', Path(sys.argv[1]), 2000, 1, takes_output=True)\n"
        "os.write(1, b'printed first\\n')\n"
        "logging.warning('x' * 1990)\n"
        "os.write(2, b'printed last\\n')\n"
    )
    path = tmp_path / "engine.log"
    result = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=True)
    assert (result.stdout, result.stderr) == (b"", b"")
    assert "printed last" in path.read_text()
    assert "printed first" in path.with_name("engine.log.1").read_text()
