"""From the text of an expression to its tokens."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from core.plan.expressions.letters import BLANKS
from core.plan.expressions.numbers import number_of
from core.plan.expressions.tokens import BEFORE_OPERAND, LEGAL_AFTER, OPENERS, PARTNERS, Kind, Token

if TYPE_CHECKING:
    from core.plan.expressions.tokens import Scalar

_BOUNDARIES: Final = r"()\[\],.!><=&|" + BLANKS
_BLANK: Final = re.compile(f"[{BLANKS}]*")
_WORD: Final = re.compile(f"[^{_BOUNDARIES}]*")
_NUMBER: Final = re.compile(rf"(?:[^{_BOUNDARIES}]|\.)*")
_TEXT: Final = re.compile(r"'((?:[^']|'')*+)('?)", re.DOTALL)
_OPERATOR: Final = re.compile(r"[!><=]=|&&|\|\||[!><]")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DIGITS: Final = frozenset("+-0123456789")
_KEYWORDS: Final[dict[str, Scalar]] = {
    "null": None,
    "true": True,
    "false": False,
    "NaN": math.nan,
    "Infinity": math.inf,
}
_SIGNS: Final = {
    "[": Kind.OPEN_INDEX,
    "]": Kind.CLOSE_INDEX,
    ",": Kind.SEPARATOR,
    "*": Kind.WILDCARD,
}


class Lexer:
    """Cuts one text, a token at a time, and judges whether each may stand where it stands.

    Attributes:
        open: The brackets that wait for their partners, the innermost last.
    """

    def __init__(self, text: str) -> None:
        self._last: Token | None = None
        self.open: list[Kind] = []
        self._text = text
        self._at = 0
        self._present: Token | None = None

    def next(self) -> Token | None:
        """The next token, without a kind if it is no token or stands where it may not; None at the end."""
        self._last = self._present
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank is not None else self._at
        if self._at >= len(self._text):
            return None
        self._present = self._judged(self._read(self._text[self._at]))
        return self._present

    def _read(self, first: str) -> Token:
        before = self._last.kind if self._last is not None else None
        sign = self._sign(first, before)
        if sign is not None:
            return self._taken(1, sign)
        if first == "'":
            return self._read_text()
        if first in "!><=&|":
            return self._read_operator()
        if first == "." or first in _DIGITS:
            return self._read_number()
        return self._read_word(before)

    def _sign(self, first: str, before: Kind | None) -> Kind | None:
        """What a character that is a token by itself is; None for any other."""
        if first == "(":
            return Kind.OPEN_CALL if before is Kind.FUNCTION else Kind.OPEN_GROUP
        if first == ")":
            return Kind.CLOSE_CALL if self.open[-1:] == [Kind.OPEN_CALL] else Kind.CLOSE_GROUP
        if first == ".":
            return None if before in BEFORE_OPERAND else Kind.DOT
        return _SIGNS.get(first)

    def _taken(self, length: int, kind: Kind | None, value: Scalar = None) -> Token:
        token = Token(kind, self._text[self._at : self._at + length], self._at, value)
        self._at += length
        return token

    def _read_text(self) -> Token:
        match = _TEXT.match(self._text, self._at)
        if match is None or not match[2]:
            return self._taken(len(self._text) - self._at, None)
        return self._taken(len(match[0]), Kind.LITERAL, match[1].replace("''", "'"))

    def _read_operator(self) -> Token:
        match = _OPERATOR.match(self._text, self._at)
        if match is None:
            return self._taken(1 + self._reach(_WORD, self._at + 1), None)
        return self._taken(len(match[0]), Kind.NOT if match[0] == "!" else Kind.BINARY)

    def _read_number(self) -> Token:
        length = 1 + self._reach(_NUMBER, self._at + 1)
        number = number_of(self._text[self._at : self._at + length])
        return self._taken(length, None) if math.isnan(number) else self._taken(length, Kind.LITERAL, number)

    def _read_word(self, before: Kind | None) -> Token:
        length = 1 + self._reach(_WORD, self._at + 1)
        word = self._text[self._at : self._at + length]
        if _NAME.fullmatch(word) is None:
            return self._taken(length, None)
        if before is Kind.DOT:
            return self._taken(length, Kind.PROPERTY)
        if word in _KEYWORDS:
            return self._taken(length, Kind.LITERAL, _KEYWORDS[word])
        behind = self._at + length
        called = self._text.startswith("(", behind + self._reach(_BLANK, behind))
        return self._taken(length, Kind.FUNCTION if called else Kind.NAME)

    def _reach(self, pattern: re.Pattern[str], start: int) -> int:
        match = pattern.match(self._text, start)
        return 0 if match is None else match.end() - start

    def _judged(self, token: Token) -> Token:
        if token.kind is None:
            return token
        before = self._last.kind if self._last is not None else None
        partner = PARTNERS.get(token.kind)
        legal = before in LEGAL_AFTER[token.kind] and (partner is None or self.open[-1:] == [partner])
        if not legal:
            return Token(None, token.text, token.start)
        if token.kind in OPENERS:
            self.open.append(token.kind)
        elif partner is not None and token.kind is not Kind.SEPARATOR:
            self.open.pop()
        return token
