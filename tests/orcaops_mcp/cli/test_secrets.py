"""`orcaops secrets` keeps values and tells only names; a running engine takes up what it sets."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from orcaops_mcp.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.orcaops_mcp.cli.conftest import EngineHome, Terminal

VALUE = "hunter2-hunter2"


def run(home: Path, *words: str, given: str | None = None, **variables: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), "secrets", *words], input=given, env=variables)


def listed(home: Path, **variables: str) -> list[dict[str, Any]]:
    return json.loads(run(home, "list", "--json", **variables).stdout)["items"]


def test_a_value_comes_from_standard_input_or_a_file_without_the_line_end_behind_it(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "value"
    file.write_bytes(b"two\nlines\r\n")
    assert run(home, "set", "TOKEN", given=f"{VALUE}\n").stdout == "set TOKEN\n"
    assert run(home, "set", "TOKEN", given=VALUE).stdout == "replaced TOKEN\n"
    assert run(home, "set", "KEY", "--from-file", str(file)).exit_code == 0
    kept = json.loads((home / "secrets.json").read_text())["secrets"]
    assert {name: entry["value"] for name, entry in kept.items()} == {"TOKEN": VALUE, "KEY": "two\nlines"}
    assert stat.S_IMODE((home / "secrets.json").stat().st_mode) == 0o600
    shown = run(home, "list")
    assert [line.split("\t")[:2] for line in shown.stdout.splitlines()] == [["KEY", "store"], ["TOKEN", "store"]]
    assert VALUE not in shown.output


@pytest.mark.hostile("B86")
def test_what_jobs_are_given_instead_and_what_is_not_masked_is_said(tmp_path: Path) -> None:
    said = run(tmp_path, "set", "TOKEN", given=VALUE, ORCAOPS_SECRET_TOKEN="from-elsewhere")
    assert "another value of TOKEN, from the environment" in said.stderr
    (item,) = listed(tmp_path, ORCAOPS_SECRET_TOKEN="from-elsewhere")
    assert (item["source"], item["set_at"]) == ("environment", None)
    assert "too short to be masked" in run(tmp_path, "set", "PIN", given="1234").stderr
    assert {item["name"]: item["masked"] for item in listed(tmp_path)} == {"PIN": False, "TOKEN": True}


@pytest.mark.parametrize(
    ("words", "given", "code", "said"),
    [
        (("set", "TOKEN", VALUE), None, 2, "A value is no argument"),
        (("set", f"TOKEN={VALUE}"), None, 2, "A value is no argument"),
        (("set", "1X"), "x", 2, "named like a variable"),
        (("set", "TOKEN"), "", 2, "nothing was given"),
        (("set", "TOKEN"), "a\0b", 2, "NUL"),
        (("set", "TOKEN", "--from-file", "/nonexistent/x"), None, 2, "cannot be read: No such file"),
        (("remove", "NOPE"), None, 3, "no secret 'NOPE'"),
        (("--url", "http://127.0.0.1:1", "set", "TOKEN"), "x", 2, "without --url"),
    ],
)
def test_what_cannot_be_is_refused_and_no_value_repeated(
    tmp_path: Path, words: tuple[str, ...], given: str | None, code: int, said: str
) -> None:
    result = run(tmp_path, *words, given=given)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert VALUE not in result.output
    assert not (tmp_path / "secrets.json").exists()


def test_a_store_that_others_may_read_is_named_with_what_mends_it(tmp_path: Path) -> None:
    run(tmp_path, "set", "TOKEN", given=VALUE)
    (tmp_path / "secrets.json").chmod(0o644)
    for words in (("list",), ("set", "OTHER"), ("remove", "TOKEN")):
        result = run(tmp_path, *words, given=VALUE)
        assert (result.exit_code, "chmod 600" in result.stderr) == (1, True), result.output


def test_a_running_engine_gives_a_job_what_was_set_and_tells_no_value(engine_home: EngineHome) -> None:
    engine_home.ok("secrets", "set", "CLI_TOKEN", given=VALUE)
    made = json.loads(engine_home.ok("secrets", "list", "--json"))["items"]
    assert [(item["name"], item["source"], item["masked"]) for item in made] == [("CLI_TOKEN", "store", True)]
    script = f'echo "is $CLI_TOKEN"; [ "$CLI_TOKEN" = {VALUE} ] && echo right'
    assert engine_home.ok("run", "--secret", "CLI_TOKEN", "busybox", "sh", "-c", script) == "is ***\nright\n"
    engine_home.ok("secrets", "remove", "CLI_TOKEN")
    refused = engine_home.run("run", "-d", "--secret", "CLI_TOKEN", "busybox", "true")
    assert (refused.exit_code, "no secret named CLI_TOKEN" in refused.stderr) == (7, True)


def test_a_job_left_to_itself_is_warned_of_at_once(engine_home: EngineHome) -> None:
    result = engine_home.run("run", "-d", "-e", "API_KEY=abc-def-ghi", "busybox", "true")
    assert result.exit_code == 0
    assert result.stdout.startswith("job_")
    assert "env.API_KEY looks like a secret" in result.stderr
    assert "abc-def-ghi" not in result.output


def test_at_a_terminal_the_value_is_asked_for_twice_and_not_shown(
    engine_home: EngineHome, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal("secrets", "set", "ASKED")
    terminal.read_until("Value of ASKED:")
    terminal.press(f"{VALUE}\n")
    terminal.read_until("Repeat for confirmation:")
    terminal.press(f"{VALUE}\n")
    shown = terminal.read_all()
    assert "set ASKED" in shown
    assert VALUE not in shown
    engine_home.ok("secrets", "remove", "ASKED")
