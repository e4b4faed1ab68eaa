"""From tokens to the tree of `syntax`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from core.backends.simulated.lexer import Lexer, Operator, Token
from core.backends.simulated.syntax import (
    For,
    Group,
    If,
    Item,
    Loop,
    Pipeline,
    Redirect,
    Redirected,
    Script,
    ShellSyntaxError,
    Simple,
    UnknownSyntaxError,
    Word,
)

if TYPE_CHECKING:
    from core.backends.simulated.syntax import Command

_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_SEPARATORS: Final = (";", "&", "\n")
_CACHED_LENGTH: Final = 4096


def parse(text: str) -> Script:
    """Read a shell text.

    Raises:
        ShellSyntaxError: No shell could read it.
        UnknownSyntaxError: A shell could; this one cannot.
    """
    return _parse_short(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def _parse(text: str) -> Script:
    parser = _Parser(Lexer(text, _parse).tokens())
    script = parser.script()
    parser.expect_end()
    return script


@lru_cache(maxsize=512)
def _parse_short(text: str) -> Script:
    return _parse(text)


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def script(self, *ends: str) -> Script:
        """Read pipelines until one of the reserved words or operators in ``ends``, which is left."""
        items: list[Item] = []
        connector: Literal[";", "&&", "||"] = ";"
        while True:
            self._skip(*_SEPARATORS) if connector == ";" else self._skip("\n")
            if connector == ";" and (self._at == len(self._tokens) or self._peek() in ends):
                return Script(tuple(items))
            pipeline = self._pipeline()
            following = self._peek()
            items.append(Item(connector, pipeline, guarded=following in {"&&", "||"}))
            if following == "&&":
                connector = "&&"
                self._at += 1
            elif following == "||":
                connector = "||"
                self._at += 1
            elif following in _SEPARATORS or following in ends or self._at == len(self._tokens):
                connector = ";"
            else:
                raise self._unexpected()

    def expect_end(self) -> None:
        """Refuse what is left over."""
        if self._at < len(self._tokens):
            raise self._unexpected()

    def _peek(self) -> str:
        """The operator or reserved word that comes next; empty for anything else."""
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        if isinstance(token, Operator):
            return token.text
        return token.bare if isinstance(token, Word) else ""

    def _skip(self, *texts: str) -> None:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if not isinstance(token, Operator) or token.text not in texts:
                return
            self._at += 1

    def _expect(self, text: str) -> None:
        if self._peek() != text:
            raise self._unexpected()
        self._at += 1

    def _unexpected(self) -> ShellSyntaxError:
        if self._at == len(self._tokens):
            return ShellSyntaxError("syntax error: unexpected end of file")
        text = self._peek().replace("\n", "newline")
        return ShellSyntaxError(f'syntax error: unexpected "{text or "word"}"')

    def _pipeline(self) -> Pipeline:
        negated = self._peek() == "!"
        if negated:
            self._at += 1
        commands = [self._command()]
        while self._peek() == "|":
            self._at += 1
            self._skip("\n")
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        word = self._peek()
        if word in {"case", "function", "select", "[["}:
            raise UnknownSyntaxError(word)
        compound = self._compound(word)
        if compound is None:
            return self._simple()
        redirects: list[Redirect] = []
        while self._at < len(self._tokens) and isinstance(token := self._tokens[self._at], Redirect):
            redirects.append(token)
            self._at += 1
        return Redirected(compound, tuple(redirects)) if redirects else compound

    def _compound(self, word: str) -> Group | If | Loop | For | None:
        if word not in {"{", "(", "if", "while", "until", "for"}:
            return None
        self._at += 1
        if word == "if":
            found = self._if()
        elif word == "for":
            found = self._for()
        elif word in {"while", "until"}:
            condition = self.script("do")
            found = Loop(condition, word == "until", self._do())
        else:
            closing = "}" if word == "{" else ")"
            found = Group(self.script(closing), isolated=word == "(")
            self._expect(closing)
        return found

    def _if(self) -> If:
        branches: list[tuple[Script, Script]] = []
        while True:
            condition = self.script("then")
            self._expect("then")
            branches.append((condition, self.script("elif", "else", "fi")))
            if self._peek() != "elif":
                break
            self._at += 1
        otherwise = None
        if self._peek() == "else":
            self._at += 1
            otherwise = self.script("fi")
        self._expect("fi")
        return If(tuple(branches), otherwise)

    def _for(self) -> For:
        name = self._peek()
        self._at += 1
        if self._peek() != "in":
            raise UnknownSyntaxError("for")
        self._at += 1
        words: list[Word] = []
        while self._at < len(self._tokens) and isinstance(token := self._tokens[self._at], Word):
            words.append(token)
            self._at += 1
        self._skip(*_SEPARATORS)
        return For(name, tuple(words), self._do())

    def _do(self) -> Script:
        self._expect("do")
        body = self.script("done")
        self._expect("done")
        return body

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if isinstance(token, Operator):
                if token.text == "(":
                    raise UnknownSyntaxError("()") if words else self._unexpected()
                break
            self._at += 1
            if isinstance(token, Redirect):
                redirects.append(token)
            elif not words and (assignment := _assignment(token)) is not None:
                assignments.append(assignment)
            else:
                words.append(token)
        if not (assignments or words or redirects):
            raise self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirects))


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word.parts[0] if word.parts else ""
    match = _ASSIGNMENT.match(first) if isinstance(first, str) else None
    if match is None or not isinstance(first, str):
        return None
    return match[1], Word((first[match.end() :], *word.parts[1:]), word.quoted)
