"""From shell text to words, operators and redirections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from core.backends.simulated.syntax import (
    Arithmetic,
    Part,
    Redirect,
    ShellSyntaxError,
    Substitution,
    UnknownSyntaxError,
    Variable,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.backends.simulated.syntax import Script

_BLANK: Final = re.compile(r"(?:[ \t]|\\\n)+")
_COMMENT: Final = re.compile(r"#[^\n]*")
_OPERATOR: Final = re.compile(r"&&|\|\||;;|[;&|()\n]")
_ARROW: Final = re.compile(r"([0-9]?)(<<-|<<|>>|>&|>|<)")
_PLAIN: Final = re.compile(r"[^ \t\n;&|()<>'\"\\$`]+")
_QUOTED: Final = re.compile(r"[^\"\\$`]+")
_HERE: Final = re.compile(r"[^\\$`]+")
_NAME: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*|[0-9?$#@*!])")
_BRACED: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*|[0-9?$#@*])(?::?-([^{}'\"$]*))?\}")


class Operator(NamedTuple):
    """``;``, ``&&``, a line's end and the like."""

    text: str


Token = Word | Operator | Redirect

_Arrow = Literal[">", ">>", ">&", "<", "<<"]


class _HereDocument(NamedTuple):
    """A here-document announced but not read yet."""

    place: int
    delimiter: str
    strip_tabs: bool
    literal: bool


class Lexer:
    """Cuts one text.

    Args:
        text: The text.
        parse: Reads a text that stands inside ``$(…)``.
    """

    def __init__(self, text: str, parse: Callable[[str], Script]) -> None:
        self._text = text
        self._parse = parse
        self._at = 0
        self._tokens: list[Token] = []
        self._waiting: list[_HereDocument] = []

    def tokens(self) -> list[Token]:
        """All tokens of the text.

        Raises:
            ShellSyntaxError: A quote or parenthesis is left open.
            UnknownSyntaxError: There is an expansion that the simulated shell does not know.
        """
        while self._at < len(self._text):
            if self._skip(_BLANK):
                continue
            if self._text[self._at] == "#":
                self._skip(_COMMENT)
            elif (arrow := _ARROW.match(self._text, self._at)) is not None:
                self._at = arrow.end()
                self._redirect(arrow[1], arrow[2])
            elif (operator := _OPERATOR.match(self._text, self._at)) is not None:
                self._at = operator.end()
                self._tokens.append(Operator(operator[0]))
                if operator[0] == "\n":
                    self._read_here_documents()
            else:
                self._tokens.append(self._word())
        return self._tokens

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match is not None

    def _redirect(self, digit: str, arrow: str) -> None:
        descriptor = int(digit) if digit else int(arrow.startswith(">"))
        self._skip(_BLANK)
        target = self._word()
        if not target.parts and not target.quoted:
            raise ShellSyntaxError(f'syntax error: nothing after "{arrow}"')
        if arrow.startswith("<<"):
            delimiter = "".join(part for part in target.parts if isinstance(part, str))
            self._waiting.append(_HereDocument(len(self._tokens), delimiter, arrow == "<<-", target.quoted))
            arrow = "<<"
        self._tokens.append(Redirect(descriptor, cast("_Arrow", arrow), target))

    def _read_here_documents(self) -> None:
        for here in self._waiting:
            lines: list[str] = []
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = end + 1
                line = line.lstrip("\t") if here.strip_tabs else line
                if line == here.delimiter:
                    break
                lines.append(line + "\n")
            body = "".join(lines)
            parts = (body,) if here.literal else Lexer(body, self._parse).until_end()
            self._tokens[here.place] = Redirect(0, "<<", Word(parts, quoted=True))
        self._waiting.clear()

    def until_end(self) -> tuple[Part, ...]:
        """The whole text as if between double quotes, where a double quote means nothing."""
        parts: list[Part] = []
        while self._at < len(self._text):
            self._inside_quotes(parts, _HERE)
        return tuple(parts)

    def _word(self) -> Word:
        parts: list[Part] = []
        quoted = False
        while self._at < len(self._text):
            plain = _PLAIN.match(self._text, self._at)
            char = self._text[self._at]
            if plain is not None:
                parts.append(plain[0])
                self._at = plain.end()
            elif char == "'":
                quoted = True
                parts.append(self._up_to("'"))
            elif char == '"':
                quoted = True
                self._double_quoted(parts)
            elif char == "\\":
                quoted = True
                following = self._text[self._at + 1 : self._at + 2]
                parts.append("" if following == "\n" else following)
                self._at += 2
            elif char in "$`":
                parts.append(self._dollar(quoted=False))
            else:
                break
        return Word(tuple(parts), quoted)

    def _up_to(self, quote: str) -> str:
        end = self._text.find(quote, self._at + 1)
        if end < 0:
            raise ShellSyntaxError(f"syntax error: unterminated quoted string ({quote})")
        found = self._text[self._at + 1 : end]
        self._at = end + 1
        return found

    def _double_quoted(self, parts: list[Part]) -> None:
        self._at += 1
        while self._at < len(self._text):
            if self._text[self._at] == '"':
                self._at += 1
                return
            self._inside_quotes(parts, _QUOTED)
        raise ShellSyntaxError('syntax error: unterminated quoted string (")')

    def _inside_quotes(self, parts: list[Part], plain: re.Pattern[str]) -> None:
        match = plain.match(self._text, self._at)
        if match is not None:
            parts.append(match[0])
            self._at = match.end()
        elif self._text[self._at] == "\\":
            following = self._text[self._at + 1 : self._at + 2]
            special = following and following in '$`"\\'
            parts.append("" if following == "\n" else following if special else "\\" + following)
            self._at += 2
        else:
            parts.append(self._dollar(quoted=True))

    def _dollar(self, *, quoted: bool) -> Part:
        if self._text[self._at] == "`":
            raise UnknownSyntaxError("`")
        if self._text.startswith("$((", self._at):
            inside = self._parenthesis(self._at + 2)
            self._parenthesis(self._at + 1)
            self._at += len(inside) + 5
            return Arithmetic(inside)
        if self._text.startswith("$(", self._at):
            inside = self._parenthesis(self._at + 1)
            self._at += len(inside) + 3
            return Substitution(self._parse(inside), quoted)
        match = _BRACED.match(self._text, self._at) or _NAME.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
            return Variable(match[1], (match[2] or "") if match.re is _BRACED else "", quoted)
        if self._text.startswith("${", self._at):
            raise UnknownSyntaxError("${")
        self._at += 1
        return "$"

    def _parenthesis(self, opening: int) -> str:
        """The text between the parenthesis at ``opening`` and its partner."""
        depth, quote = 0, ""
        for place in range(opening, len(self._text)):
            char = self._text[place]
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            else:
                depth += (char == "(") - (char == ")")
                if depth == 0:
                    return self._text[opening + 1 : place]
        raise ShellSyntaxError("syntax error: missing )")
