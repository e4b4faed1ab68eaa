"""The reference page says what the commands say, and every command says enough."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.front import GLOBAL_OPTIONS
from orcaops_mcp.cli.main import cli
from orcaops_mcp.cli.reference import reference_page

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"
ACCEPT = "ACCEPT_SNAPSHOTS"


def _commands(group: LazyGroup, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, LazyGroup):
            yield from _commands(command, f"{path} {name}")


def _all_commands() -> list[tuple[str, click.Command]]:
    assert isinstance(cli, LazyGroup)
    return list(_commands(cli, "orcaops"))


def test_the_reference_page_is_what_the_commands_say() -> None:
    if os.environ.get(ACCEPT) == "1":
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(reference_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == reference_page(), f"changed on purpose? run the tests with {ACCEPT}=1"


@pytest.mark.parametrize(
    ("path", "command"), _all_commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_has_examples_that_can_be_parsed(path: str, command: click.Command) -> None:
    if not isinstance(command, Command):
        return
    assert len(command.examples) >= 2, path
    assert any(line.startswith(f"{path} ") or line == path or path in line for line, _ in command.examples)
    assert command.help


@pytest.mark.parametrize(
    ("path", "command"), _all_commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_option_says_what_it_does(path: str, command: click.Command) -> None:
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.hidden or option.help, f"{path} {option.name}"


def test_the_options_of_every_command_are_those_of_the_first_page() -> None:
    offered = {option.opts[-1] for option in cli.params if isinstance(option, click.Option)} | {"--help"}
    assert {"--url", "--token", "--home", "--json", "--color", "--quiet", "--verbose", "--version", "--help"} == offered
    assert all(any(option in name for name, _ in GLOBAL_OPTIONS) for option in offered)
