"""A run as a person watches it: a tree that is drawn over itself, and what Ctrl-C does to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.orcaops_mcp.cli.workflow.conftest import detached, finished

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.orcaops_mcp.cli.conftest import EngineHome, Terminal

    OpenTerminal = Callable[..., Terminal]

pytestmark = pytest.mark.slow

_COLOUR = re.compile("\x1b\\[[0-9;]*m")


def plain(text: str) -> str:
    return _COLOUR.sub("", text)


def last_picture(seen: str) -> list[str]:
    """The lines of the last drawing, and what came behind it."""
    last = re.split("\x1b\\[\\d+A", plain(seen))[-1]
    return [line.strip("\r").replace("\x1b[K", "").replace("\x1b[J", "") for line in last.split("\n")]


def test_a_run_is_a_tree_that_ends_with_what_failed(open_terminal: OpenTerminal, folder: Path) -> None:
    terminal = open_terminal("workflow", "run", str(folder / "bad.yaml"), columns=100)
    seen = terminal.read_all()
    assert terminal.process.returncode == 1
    lines = last_picture(seen)
    assert re.match(r"◐ bad  wf_\w+ · .* · by cli", lines[0])
    assert re.match(r"✔ build +\d", lines[1])
    assert re.match(r"✖ test +1/3 passed, 2 failed", lines[2])
    assert re.match(r"» deploy +", lines[3])
    assert lines[4].startswith("◐ partial  wf_")
    assert "    will end with 3" in lines


def test_the_tree_is_never_higher_than_the_terminal(open_terminal: OpenTerminal, folder: Path) -> None:
    jobs = "".join(f"  job-{number}: {{image: busybox, commands: ['true']}}\n" for number in range(30))
    (folder / "many.yaml").write_text(f"jobs:\n{jobs}", encoding="utf-8")
    seen = open_terminal("workflow", "run", str(folder / "many.yaml"), lines=10).read_all()
    drawings = re.split("\x1b\\[\\d+A", plain(seen))
    assert all(drawing.count("\x1b[K") <= 9 for drawing in drawings)
    assert re.search(r"and \d+ ok", plain(seen))


def test_ctrl_c_cancels_the_run_and_stays_until_it_has_ended(open_terminal: OpenTerminal, folder: Path) -> None:
    terminal = open_terminal("workflow", "run", str(folder / "long.yaml"))
    terminal.read_until("first")
    terminal.press("\x03")
    lines = last_picture(terminal.read_all())
    assert terminal.process.returncode == 130
    assert re.match(r"⊘ long  wf_", lines[0])
    assert "the run was cancelled by cli: interrupted" in lines


def test_ctrl_c_is_answered_below_the_tree_and_a_second_one_leaves_the_run_to_the_engine(
    open_terminal: OpenTerminal, engine_home: EngineHome, folder: Path
) -> None:
    (folder / "stubborn.yaml").write_text(
        "jobs: {a: {image: busybox, commands: [\"trap '' TERM; echo ready; sleep 30\"]}}\n", encoding="utf-8"
    )
    terminal = open_terminal("workflow", "run", str(folder / "stubborn.yaml"))
    terminal.read_until("a  ")
    terminal.press("\x03")
    terminal.read_until("once more leaves it alone")
    terminal.press("\x03")
    assert "orcaops workflow status wf_" in terminal.read_all()
    assert terminal.process.returncode == 130
    engine_home.run("workflow", "cancel", "--force", "@last")


def test_status_is_a_tree_with_variants_below_their_job(
    open_terminal: OpenTerminal, engine_home: EngineHome, folder: Path
) -> None:
    workflow_id = finished(engine_home, str(folder / "bad.yaml"))
    seen = plain(open_terminal("workflow", "status", workflow_id).read_all()).replace("\x1b[K", "")
    lines = [line.strip("\r") for line in seen.split("\n")]
    assert lines[0] == f"◐ partial  {workflow_id}"
    at = next(number for number, line in enumerate(lines) if line.startswith("✖ test"))
    assert [line[:4] for line in lines[at + 1 : at + 4]] == ["  ✔ ", "  ✖ ", "  ✖ "]
    assert any("test: 1/3 passed" in line for line in lines)


def test_watching_changes_nothing(open_terminal: OpenTerminal, engine_home: EngineHome, folder: Path) -> None:
    workflow_id = detached(engine_home, str(folder / "long.yaml"))
    terminal = open_terminal("workflow", "status", "--watch", workflow_id)
    terminal.read_until("first")
    terminal.press("\x03")
    terminal.read_all()
    assert terminal.process.returncode == 130, terminal.seen
    assert "status\trunning" in engine_home.ok("workflow", "status", workflow_id)
    engine_home.ok("workflow", "cancel", "--wait", workflow_id)


def test_lists_and_logs_have_colours_and_a_word_for_each(
    open_terminal: OpenTerminal, engine_home: EngineHome, folder: Path
) -> None:
    workflow_id = finished(engine_home, str(folder / "good.yaml"))
    seen = open_terminal("workflow", "list", "--limit", "1").read_all()
    head, row = plain(seen).splitlines()[:2]
    assert head.split() == ["STATUS", "RUN", "NAME", "JOBS", "BY", "STARTED", "DURATION"]
    assert row.startswith(f"✔ success  {workflow_id}  good")
    seen = open_terminal("workflow", "logs", workflow_id).read_all()
    assert "\x1b[36mbuild │\x1b[0m built\r\n" in seen
