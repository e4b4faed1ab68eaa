from __future__ import annotations

import json
import logging
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
