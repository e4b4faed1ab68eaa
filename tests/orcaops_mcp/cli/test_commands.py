from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from core import HomeInUseError
from orcaops_mcp.cli.main import cli
from orcaops_mcp.daemon.telling import sole_error

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def no_variables_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORCAOPS_HOME", str(tmp_path / "home"))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_the_version_is_told() -> None:
    assert _run("--version").output.startswith("orcaops 0.")


def test_the_help_lists_the_commands() -> None:
    output = _run("--help").output
    assert [name for name in ("doctor", "mcp", "serve") if name in output] == ["doctor", "mcp", "serve"]
    assert "--read-only" in _run("mcp", "--help").output
    assert _run("fly").exit_code == 2


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (["logs", "@last"], "Did you mean jobs logs or workflow logs?"),
        (["tempaltes"], "Did you mean templates?"),
        (["jobs", "retry"], "Did you mean rerun?"),
        (["fly"], "There are run, jobs, "),
    ],
)
def test_a_command_that_is_none_is_told_with_what_may_have_been_meant(words: list[str], guess: str) -> None:
    result = _run(*words)
    assert result.exit_code == 2
    assert f"There is no command {words[-1 if words[0] == 'jobs' else 0]!r}. {guess}" in result.stderr


def test_doctor_shows_checks_and_where_each_value_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORCAOPS_PORT", "9000")
    monkeypatch.setenv("ORCAOPS_SECRET_TOKEN", "hunter2")
    result = _run("doctor", "--backend", "simulated")
    assert result.exit_code == 0, result.output
    assert f"ok    home: {tmp_path / 'home'}" in result.output
    assert "ok    core: " in result.output
    assert "ok    containers: simulated" in result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["port", "9000", "(ORCAOPS_PORT)"] in lines
    assert ["backend", "simulated", "(command", "line)"] in lines
    assert "TOKEN" in result.output
    assert "hunter2" not in result.output


def test_doctor_fails_with_a_hint_when_docker_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCAOPS_DOCKER_BASE_URL", "unix:///nonexistent/docker.sock")
    result = _run("doctor")
    assert result.exit_code == 1
    failed = result.output.partition("FAIL  containers: ")[2]
    assert failed.splitlines()[0]
    assert failed.splitlines()[1].strip()


def test_doctor_fails_when_the_home_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = _run("doctor", "--backend", "simulated", "--home", str(tmp_path / "file" / "home"))
    assert result.exit_code == 1
    assert "FAIL  home: " in result.output


@pytest.mark.parametrize("command", ["mcp", "serve"])
def test_a_fault_in_the_configuration_is_two_lines_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("ORCAOPS_PROT", "1")
    result = _run(command)
    assert result.exit_code == 1
    assert result.stdout == ""
    message, hint = result.stderr.splitlines()
    assert message == "orcaops: The variable ORCAOPS_PROT is not known; did you mean ORCAOPS_PORT?"
    assert hint.startswith("  hint: ")


def test_doctor_says_what_is_wrong_with_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCAOPS_PROT", "1")
    result = _run("doctor")
    assert result.exit_code == 1
    assert "FAIL  configuration: The variable ORCAOPS_PROT is not known; did you mean ORCAOPS_PORT?" in result.stdout


def test_an_unknown_tool_is_said_before_anything_is_served(tmp_path: Path) -> None:
    result = _run("mcp", "--in-process", "--backend", "simulated", "--tools", "orcaops_wat")
    assert result.exit_code == 1
    assert "did you mean orcaops_wait?" in result.stderr


def test_one_error_is_found_in_groups_of_one() -> None:
    error = HomeInUseError()
    assert sole_error(ExceptionGroup("", [ExceptionGroup("", [error])])) is error
    assert sole_error(ExceptionGroup("", [error, ValueError()])) is None
    assert sole_error(ValueError()) is None
