"""Commands and groups of ours: global options anywhere, examples and exit codes in the help, parts imported late."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from orcaops_mcp.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from orcaops_mcp.cli.front import Entry

_COLOURS: Final = ("auto", "always", "never")
_SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(click.Command):
    """A command that takes the global options too.

    Args:
        name: The command's name.
        examples: Two or more of a line and what it does.
        exits: Exit codes that mean something special here.
        usage_exit: The exit code of wrong usage.
        more: What `click.Command` takes.
    """

    def __init__(
        self,
        name: str | None,
        *,
        examples: Sequence[tuple[str, str]] = (),
        exits: Sequence[tuple[str, str]] = (),
        usage_exit: int = 2,
        **more: Any,
    ) -> None:
        more["context_settings"] = {**_SETTINGS, **more.get("context_settings", {})}
        super().__init__(name, **more)
        self.examples = tuple(examples)
        self.exits = tuple(exits)
        self.usage_exit = usage_exit
        own = {option for parameter in self.params for option in parameter.opts}
        self.global_params = global_options(own)
        self.params += self.global_params

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; an option whose value may be left out is given one first."""
        return super().parse_args(ctx, with_values(self.params, args, stops=not ctx.allow_interspersed_args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options, then those of every command, then examples and exit codes."""
        own = [parameter for parameter in self.get_params(ctx) if parameter not in self.global_params]
        _write_options(ctx, formatter, "Options", own)
        _write_options(ctx, formatter, "Options of every command", self.global_params)
        write_examples(formatter, self.examples)
        if self.exits:
            with formatter.section("Exit codes"):
                formatter.write_dl(list(self.exits))


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called.

    Args:
        name: The group's name.
        entries: The commands, in the order of the help.
        fallback: The command that is meant when none is named.
        examples: As in `Command`.
        more: What `click.Group` takes.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        entries: Sequence[Entry] = (),
        fallback: str = "",
        examples: Sequence[tuple[str, str]] = (),
        **more: Any,
    ) -> None:
        more["context_settings"] = {**_SETTINGS, **more.get("context_settings", {})}
        super().__init__(name, **more)
        self.entries = {entry.name: entry for entry in entries}
        self.fallback = fallback
        self.examples = tuple(examples)
        self.exits: tuple[tuple[str, str], ...] = ()
        self.global_params = global_options(set())
        self.params += self.global_params

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands' names."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - same
        """The command of this name, imported."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = (entry.target or f"{cmd_name}:command").partition(":")
        command: click.Command = getattr(import_module(f"orcaops_mcp.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called, or what may have been meant."""
        name = args[0]
        if name not in self.entries and not name.startswith("-"):
            import difflib  # noqa: PLC0415 - only for the error

            near = self._groups_with(ctx, name) or difflib.get_close_matches(name, self.entries, n=1)
            guess = f" Did you mean {' or '.join(near)}?" if near else f" There are {', '.join(self.entries)}."
            ctx.fail(f"There is no command {name!r}.{guess}")
        return super().resolve_command(ctx, args)

    def _groups_with(self, ctx: click.Context, name: str) -> list[str]:
        """What a command is called in full that stands in groups of this one: `jobs logs`, `workflow logs`."""
        groups = ((group, self.get_command(ctx, group)) for group in self.entries)
        return [f"{group} {name}" for group, found in groups if isinstance(found, LazyGroup) and name in found.entries]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; `orcaops jobs --status failed` means `orcaops jobs list --status failed`."""
        args = with_values(self.params, args, stops=True)
        if self.fallback and not ctx.resilient_parsing and not ({"-h", "--help"} & set(args[:1])):
            rest = _after_options(self.params, args)
            named = rest[0] if rest else ""
            if named not in self.entries and (not named or named.startswith("-") or len(rest) < len(args)):
                args = [self.fallback, *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands first, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.summary) for entry in self.entries.values()])
        own = [parameter for parameter in self.get_params(ctx) if parameter not in self.global_params]
        _write_options(ctx, formatter, "Options", own)
        _write_options(ctx, formatter, "Options of every command", self.global_params)
        write_examples(formatter, self.examples)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names of the commands, without importing them, and the group's options."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for completion

        named = [
            CompletionItem(entry.name, help=entry.summary)
            for entry in self.entries.values()
            if entry.name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)


class OptionalValue(click.Option):
    """An option whose value may be left out: `--json`, `--json=name,status`.

    Args:
        bare: The value when none is given.
        takes_folder: Whether the next word is its value if that is a folder.
        more: What `click.Option` takes.
    """

    def __init__(self, *names: Any, bare: str = "", takes_folder: bool = False, **more: Any) -> None:
        super().__init__(*names, **more)
        self.bare = bare
        self.takes_folder = takes_folder


def global_options(taken: set[str]) -> list[click.Parameter]:
    """The options of every command, without the names that the command uses for something else.

    Args:
        taken: The command's own option names.
    """
    made: list[tuple[list[str], type[click.Option], dict[str, Any]]] = [
        (["--url"], click.Option, {"metavar": "URL", "help": "Engine to talk to, instead of the home's own."}),
        (["--token"], click.Option, {"metavar": "TEXT", "help": "Bearer token for --url."}),
        (["--home"], click.Option, {"metavar": "DIR", "help": "Folder of database, logs and artifacts [~/.orcaops]."}),
        (["--json"], OptionalValue, {"metavar": "[=FIELD,…]", "help": "Print JSON; only some fields of it."}),
        (["--color"], click.Option, {"type": click.Choice(_COLOURS), "help": "When to colour [auto]."}),
        (["-q", "--quiet"], click.Option, {"is_flag": True, "help": "Say nothing on standard error but errors."}),
        (["-v", "--verbose"], click.Option, {"is_flag": True, "help": "Say more on standard error."}),
    ]
    options: list[click.Parameter] = []
    for names, kind, more in made:
        free = [name for name in names if name not in taken]
        if names[-1] not in taken:
            options.append(kind(free, expose_value=False, default=None, callback=_note_global, **more))
    return options


def with_values(params: Sequence[click.Parameter], args: Sequence[str], *, stops: bool) -> list[str]:
    """The words with a value for each option whose value was left out.

    Args:
        params: The command's parameters.
        args: The words after the command's name.
        stops: Whether options end at the first word that is none.
    """
    done: list[str] = []
    words = list(args)
    known = {name: option for option in params if isinstance(option, click.Option) for name in option.opts}
    while words:
        word = words.pop(0)
        option = known.get(word)
        if word == "--" or (stops and not word.startswith("-")):
            return [*done, word, *words]
        if isinstance(option, OptionalValue):
            follows = option.takes_folder and bool(words) and _is_folder(words[0])
            done.append(f"{word}={words.pop(0) if follows else option.bare}")
            continue
        done.append(word)
        if words and _takes_next(known, word):
            done.append(words.pop(0))
    return done


def write_examples(formatter: click.HelpFormatter, examples: Sequence[tuple[str, str]]) -> None:
    """The examples of a help page."""
    if examples:
        with formatter.section("Examples"):
            for line, what in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
                formatter.write(f"{'':>{formatter.current_indent}}    {what}\n")


def _note_global(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    session = ctx.ensure_object(Session)
    name = str(param.name)
    if name == "home" and ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        return  # everything reads that variable by itself, and says so where it tells origins
    if value is not None and value is not False:
        setattr(session, name, value)


def _takes_next(known: dict[str, click.Option], word: str) -> bool:
    """Whether the word after this one is its value."""
    if word.startswith("--"):
        option = known.get(word)
        return option is not None and not option.is_flag and not option.count
    for index, letter in enumerate(word[1:], start=2):
        option = known.get(f"-{letter}")
        if option is None:
            return False
        if not option.is_flag and not option.count:
            return index == len(word)
    return False


def _after_options(params: Sequence[click.Parameter], args: list[str]) -> list[str]:
    """What follows the options that are known here."""
    known = {name: option for option in params if isinstance(option, click.Option) for name in option.opts}
    words = list(args)
    while words and words[0].startswith("-"):
        name = words[0].partition("=")[0]
        if name not in known:
            return words
        words = words[2 if _takes_next(known, words[0]) else 1 :]
    return words


def _is_folder(word: str) -> bool:
    import os  # noqa: PLC0415 - imported by Python already

    return word in {".", ".."} or "/" in word[:2] or os.path.isdir(word)  # noqa: PTH112 - pathlib is slow to import


def _write_options(
    ctx: click.Context, formatter: click.HelpFormatter, title: str, params: Sequence[click.Parameter]
) -> None:
    options = [parameter for parameter in params if isinstance(parameter, click.Option)]
    records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)
