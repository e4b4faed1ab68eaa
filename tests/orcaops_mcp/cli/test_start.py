"""The command line starts fast: what it imports is watched here, what it takes is measured by the benchmark."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from orcaops_mcp.cli.front import answered_at_once, root_help
from orcaops_mcp.cli.main import cli
from tests.orcaops_mcp.cli.conftest import COMMAND

if TYPE_CHECKING:
    from tests.orcaops_mcp.cli.conftest import EngineHome

_LINE = re.compile(r"import time:\s+\d+ \|\s+\d+ \| +([\w.]+)")
HEAVY = (
    "mcp",
    "fastapi",
    "docker",
    "rich",
    "core",
    "pydantic",
    "httpx",
    "anyio",
    "starlette",
    "http",
    "asyncio",
    "ssl",
)


def _imported(home: EngineHome, *words: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", COMMAND, *words],
        env=home.variables(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {name.partition(".")[0] for name in _LINE.findall(result.stderr)}


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("version",),
        ("run", "--help"),
        ("jobs",),
        ("jobs", "--json"),
        ("run", "busybox", "true"),
        ("run", "-d", "busybox", "true"),
        ("jobs", "logs", "@last"),
        ("jobs", "status", "@last"),
        ("system",),
        ("workflow", "--help"),
        ("workflow", "validate", "--help"),
        ("workflow", "run", "--help"),
        ("workflow", "rerun", "--help"),
        ("workflow", "list"),
        ("workflow", "list", "--json"),
    ],
)
def test_nothing_slow_is_imported(engine_home: EngineHome, words: tuple[str, ...]) -> None:
    engine_home.ok("run", "-d", "busybox", "true")
    assert _imported(engine_home, *words).isdisjoint(HEAVY)


def test_help_and_version_are_given_without_click(engine_home: EngineHome) -> None:
    for words in ((), ("--help",), ("-h",), ("--version",), ("version",)):
        assert _imported(engine_home, *words).isdisjoint({"click", "json", "socket"})


def test_the_help_that_is_given_at_once_is_that_of_click(capfd: pytest.CaptureFixture[str]) -> None:
    assert answered_at_once(["--help"])
    assert capfd.readouterr().out == f"{root_help()}\n"
    assert CliRunner().invoke(cli, ["--help"]).output == f"{root_help()}\n"
    assert CliRunner().invoke(cli, ["--color", "never", "-h"]).output == f"{root_help()}\n"
    assert not answered_at_once(["jobs"])


def test_every_line_of_the_help_fits_a_narrow_terminal() -> None:
    assert max(map(len, root_help().splitlines())) <= 88


def test_completion_is_not_taken_for_a_wish_for_help(engine_home: EngineHome) -> None:
    variables = engine_home.variables(_ORCAOPS_COMPLETE="bash_complete", COMP_WORDS="orcaops jo", COMP_CWORD="1")
    result = subprocess.run([COMMAND], env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "plain,jobs\n"
