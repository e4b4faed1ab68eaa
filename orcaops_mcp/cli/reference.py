"""The reference page of the command line, made from the commands themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.exits import TABLE
from orcaops_mcp.cli.front import EXAMPLES, GLOBAL_OPTIONS, SECTIONS, SUMMARY
from orcaops_mcp.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRO: Final = f"""\
# The command line

`orcaops` is the door for people and scripts. {SUMMARY}

This page is made from the commands by `orcaops_mcp.cli.reference`; a test compares.
[How to use it](../how-to/use-the-command-line.md) says more in words.
"""
_RULES: Final = """\
## Rules

- Commands talk to the engine of the home over its unix socket, and start it if none runs. `--url` names another one.
- Results come on standard output, everything else on standard error.
- Where standard output is no terminal, lists are tab-separated, with whole ids and times in RFC 3339, and without
  a header (`--header` adds one).
- `--json` prints one JSON document; `logs`, `watch`, `run` and `events` print an object a line. `--json=job_id,status`
  picks fields. An error is `{"error": {code, message, hint, retryable}}` on standard error, with nothing beside it.
- JOB is a job's id, a beginning of one that fits no other (with or without `job_`), or `@last`.
- Colours: `--color` before `NO_COLOR` before `FORCE_COLOR` and `CLICOLOR_FORCE` before what the terminal can do.
- Every option has a variable: `ORCAOPS_URL` is `--url`, `ORCAOPS_JOBS_LIST_LIMIT` is `--limit` of `orcaops jobs list`.
"""


def reference_page() -> str:
    """The page, in Markdown."""
    parts = [_INTRO, _RULES, _global_options(), _exit_codes()]
    for title, entries in SECTIONS:
        parts.append(f"## {title}\n")
        for entry in entries:
            context = click.Context(cli, info_name="orcaops", **cli.context_settings)
            command = cli.get_command(context, entry.name)
            if command is not None:
                parts += _of(command, click.Context(command, context, entry.name), entry.summary)
    return "\n".join(parts)


def _of(command: click.Command, context: click.Context, summary: str) -> Iterator[str]:
    """A command's section; a group's is followed by those of its commands."""
    yield f"### `{context.command_path}`\n"
    text = [" ".join(part.split()) for part in (command.help or summary).split("\n\n")]
    yield "\n\n".join(text) + "\n"
    if isinstance(command, LazyGroup):
        yield from _examples(command.examples)
        for name in command.entries:
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _of(inner, click.Context(inner, context, name), command.entries[name].summary)
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield from _options(command, context)
    if isinstance(command, Command):
        yield from _examples(command.examples)
        if command.exits:
            yield _table(("exit code", "meaning"), [(code, meaning) for code, meaning in command.exits])


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    shared = command.global_params if isinstance(command, Command) else []
    rows: list[tuple[str, ...]] = []
    for option in command.params:
        if not isinstance(option, click.Option) or option.hidden or option in shared:
            continue
        record = option.get_help_record(context)
        if record is not None:
            rows.append((f"`{record[0]}`", record[1]))
    if rows:
        yield _table(("option", "meaning"), rows)


def _examples(examples: tuple[tuple[str, str], ...]) -> Iterator[str]:
    if examples:
        lines = "\n".join(f"{line}   # {what}" for line, what in examples)
        yield f"```sh\n{lines}\n```\n"


def _global_options() -> str:
    rows = [(f"`{name}`", text) for name, text in GLOBAL_OPTIONS]
    return "## Options of every command\n\n" + _table(("option", "meaning"), rows) + "\n" + "".join(_examples(EXAMPLES))


def _exit_codes() -> str:
    return "## Exit codes\n\n" + _table(("code", "meaning"), [(str(code), meaning) for code, meaning in TABLE])


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    escaped = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    lines = [" | ".join(titles), " | ".join("---" for _ in titles), *escaped]
    return "\n".join(f"| {line} |" for line in lines) + "\n"
