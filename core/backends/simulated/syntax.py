"""The tree that a shell text is read into."""

from __future__ import annotations

from typing import Literal, NamedTuple


class ShellSyntaxError(Exception):
    """No shell could read the text."""


class UnknownSyntaxError(Exception):
    """A shell could read the text; the simulated one cannot."""


class Variable(NamedTuple):
    """``$NAME`` or ``${NAME:-default}``."""

    name: str
    default: str
    quoted: bool


class Arithmetic(NamedTuple):
    """``$((…))``."""

    text: str


class Substitution(NamedTuple):
    """``$(…)``."""

    script: Script
    quoted: bool


Part = str | Variable | Arithmetic | Substitution


class Word(NamedTuple):
    """A word before expansion; ``quoted`` if any of it was, so that it counts even when empty."""

    parts: tuple[Part, ...]
    quoted: bool = False

    @property
    def bare(self) -> str:
        """The word as written if it has neither quotes nor expansions, else empty: only such a word is reserved."""
        first = self.parts[0] if len(self.parts) == 1 and not self.quoted else ""
        return first if isinstance(first, str) else ""


class Redirect(NamedTuple):
    """``2>FILE`` and the like; ``<<`` holds the here-document itself."""

    descriptor: int
    operator: Literal[">", ">>", ">&", "<", "<<"]
    target: Word


class Simple(NamedTuple):
    """A command: variables, words and redirections."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


class Group(NamedTuple):
    """``{ … }``, or ``( … )`` whose changes stay inside."""

    body: Script
    isolated: bool


class If(NamedTuple):
    """``if … elif … else … fi``."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None


class Loop(NamedTuple):
    """``while`` or ``until``."""

    condition: Script
    until: bool
    body: Script


class For(NamedTuple):
    """``for NAME in …``."""

    name: str
    words: tuple[Word, ...]
    body: Script


class Redirected(NamedTuple):
    """A compound command with redirections behind it."""

    command: Group | If | Loop | For
    redirects: tuple[Redirect, ...]


Command = Simple | Group | If | Loop | For | Redirected


class Pipeline(NamedTuple):
    """Commands whose output feeds the next one's input."""

    commands: tuple[Command, ...]
    negated: bool


class Item(NamedTuple):
    """A pipeline and what binds it to the one before; ``guarded`` if ``&&`` or ``||`` follows: `set -e` is deaf."""

    connector: Literal[";", "&&", "||"]
    pipeline: Pipeline
    guarded: bool


class Script(NamedTuple):
    """Pipelines one after another."""

    items: tuple[Item, ...]
