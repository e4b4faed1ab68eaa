"""What a person sees: tables, colours, glyphs, progress, and nothing that a container could do to the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.orcaops_mcp.cli.conftest import EngineHome, Terminal

    OpenTerminal = Callable[..., Terminal]

pytestmark = pytest.mark.slow

_COLOUR = re.compile("\x1b\\[[0-9;]*m")
HOSTILE = "printf '\\033]0;owned\\007\\033[2J\\033[32mgreen\\033[0m\\r\\n'"


def _plain(text: str) -> str:
    return _COLOUR.sub("", text)


@pytest.fixture
def finished_job(engine_home: EngineHome) -> str:
    job_id = engine_home.ok("run", "-d", "--name", "named", "busybox", "sh", "-c", HOSTILE).strip()
    engine_home.ok("jobs", "watch", job_id)
    return job_id


def test_a_list_is_a_table_with_shape_word_and_colour(open_terminal: OpenTerminal, finished_job: str) -> None:
    seen = open_terminal("jobs", "--limit", "1").read_all()
    head, row = _plain(seen).splitlines()[:2]
    assert head.split() == ["STATUS", "JOB", "NAME", "IMAGE", "BY", "STARTED", "DURATION"]
    assert row.startswith(f"✔ success  {finished_job}  named")
    assert "\x1b[32m" in seen
    assert "ago" in row


def test_a_narrow_terminal_cuts_names_and_no_ids(open_terminal: OpenTerminal, engine_home: EngineHome) -> None:
    name = "n" * 60
    job_id = engine_home.ok("run", "-d", "--name", name, "busybox", "true").strip()
    lines = _plain(open_terminal("jobs", "--limit", "1", columns=90).read_all()).splitlines()
    assert job_id in lines[1]
    assert name not in lines[1]
    assert max(map(len, lines)) <= 90


def test_no_colour_is_none(open_terminal: OpenTerminal, finished_job: str) -> None:
    for more in ({"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b[" not in open_terminal("jobs", "--limit", "1", **more).read_all()
    assert "\x1b[" not in open_terminal("--color", "never", "jobs", "--limit", "1", FORCE_COLOR="1").read_all()
    assert "\x1b[32m" in open_terminal("jobs", "--limit", "1", "--color=always", NO_COLOR="1").read_all()


def test_colours_can_be_forced_on_a_pipe(engine_home: EngineHome, finished_job: str) -> None:
    told = engine_home.run("jobs", "why", finished_job, env={"CLICOLOR_FORCE": "1"}).stdout
    assert told.startswith("\x1b[32m✔ success\x1b[0m")
    assert "\x1b" not in engine_home.run("jobs", "why", finished_job, env={"FORCE_COLOR": "0"}).stdout


def test_glyphs_are_words_where_the_encoding_has_none(open_terminal: OpenTerminal, finished_job: str) -> None:
    variables = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    assert f"[ok] success  {finished_job}" in open_terminal("jobs", "--limit", "1", **variables).read_all()
    assert "[ok] success" in open_terminal("jobs", "status", finished_job, **variables).read_all()


@pytest.mark.hostile("B64")
def test_a_log_on_a_terminal_has_colours_and_no_other_sequence(open_terminal: OpenTerminal, finished_job: str) -> None:
    for words in (("jobs", "logs", finished_job), ("jobs", "logs", "-f", finished_job)):
        assert open_terminal(*words).read_all() == "\x1b[32mgreen\x1b[0m\x1b[0m\r\n"
    assert open_terminal("jobs", "logs", finished_job, NO_COLOR="1").read_all() == "green\r\n"
    assert "\x1b]0;owned\x07" in open_terminal("jobs", "logs", "--raw", finished_job).read_all()


@pytest.mark.hostile("B64")
def test_an_error_cannot_move_the_cursor(open_terminal: OpenTerminal) -> None:
    seen = open_terminal("jobs", "status", "\x1b[2Jx\x1b]0;owned\x07").read_all()
    assert "\x1b" not in seen.replace("\\x1b", "")


def test_run_ends_with_a_line_that_says_how(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal("run", "busybox", "sh", "-c", "echo out; exit 3")
    seen = _plain(terminal.read_all())
    assert "out\r\n" in seen
    assert re.search(r"✖ failed  job_\w+ · exit 3 · ", seen)
    assert terminal.process.returncode == 3


def test_run_tells_each_step_as_it_begins(open_terminal: OpenTerminal, engine_home: EngineHome) -> None:
    spec = '{"image": "busybox", "commands": [{"run": "echo one", "name": "first"}, "echo two"]}'
    job_id = engine_home.ok("run", "-d", "--spec", "-", given=spec).strip()
    engine_home.ok("jobs", "watch", job_id)
    seen = _plain(open_terminal("jobs", "rerun", "-f", job_id).read_all())
    assert seen.index("— step 1 of 2: first") < seen.index("one\r\n") < seen.index("— step 2 of 2: echo two")


def test_quiet_says_nothing_of_its_own(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal("--quiet", "run", "busybox", "echo", "out")
    assert terminal.read_all() == "out\r\n"


def test_watch_draws_over_itself_and_ends_with_a_summary(open_terminal: OpenTerminal, engine_home: EngineHome) -> None:
    spec = '{"image": "busybox", "name": "watched", "commands": [{"run": "sleep 0.2", "name": "wait"}, "exit 6"]}'
    job_id = engine_home.ok("run", "-d", "--spec", "-", given=spec).strip()
    terminal = open_terminal("jobs", "watch", "--exit-status", job_id, columns=80)
    seen = terminal.read_all()
    assert terminal.process.returncode == 1
    last = _plain(seen).rpartition("A\r")[2] if "A\r" in seen else _plain(seen)
    lines = [line.strip("\r").replace("\x1b[K", "") for line in last.replace("\x1b[J", "").split("\n")]
    assert lines[0].startswith(f"✖ watched  {job_id} · ")
    assert re.match(r"✔ wait +\d", lines[1])
    assert re.match(r"✖ exit 6 +exit 6 after ", lines[2])
    assert lines[-2] == f"failed, exit code 6; `orcaops jobs logs {job_id}`"


def test_watch_is_never_higher_than_the_terminal(open_terminal: OpenTerminal, engine_home: EngineHome) -> None:
    spec = '{"image": "busybox", "commands": [' + ", ".join(['"true"'] * 40) + "]}"
    job_id = engine_home.ok("run", "-d", "--spec", "-", given=spec).strip()
    engine_home.ok("jobs", "watch", job_id)
    for words in (("--compact",), ("--full",)):
        seen = open_terminal("jobs", "watch", *words, job_id, lines=10).read_all()
        assert seen.count("\n") < 10
        assert "40 of 40 steps done" in seen


def test_deleting_asks_first(open_terminal: OpenTerminal, engine_home: EngineHome, finished_job: str) -> None:
    terminal = open_terminal("runs", "delete", finished_job)
    terminal.read_until("[y/N]")
    terminal.press("n\n")
    terminal.read_all()
    assert terminal.process.returncode == 130
    assert engine_home.run("runs", "show", finished_job).exit_code == 0
    terminal = open_terminal("runs", "delete", finished_job)
    terminal.read_until("[y/N]")
    terminal.press("y\n")
    assert f"deleted {finished_job}" in terminal.read_all()
