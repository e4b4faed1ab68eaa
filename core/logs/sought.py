"""What whole logs are searched for: from words or an expression to patterns over many records at once.

RE2 passes over the bytes outside the interpreter's lock, so that a hundred megabytes take about a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import re2

from core.errors import InvalidArgumentError
from core.logs.search import MAX_PATTERN, refused

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER: Final = rb"[0-9T:.Z-]{30} "
"""What stands between a record's kind and its body."""
COLOUR: Final = rb"(?:\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][0-9A-B])*"
"""Colours that may stand between any two characters of what is sought."""


class Match(Protocol):
    """Where a pattern was found."""

    def start(self) -> int:
        """Its first byte."""
        ...

    def end(self) -> int:
        """The byte behind it."""
        ...


class Pattern(Protocol):
    """A pattern over bytes."""

    def match(self, text: bytes, pos: int, endpos: int, /) -> Match | None:
        """Where it is found right at ``pos``."""
        ...

    def search(self, text: bytes, pos: int, endpos: int, /) -> Match | None:
        """Where it is first found from ``pos`` on."""
        ...


@dataclass(frozen=True, slots=True)
class Sought:
    """What lines are searched for; colours are passed over, time and stream never match.

    Attributes:
        text: The words as they stand, or an RE2 expression.
        is_expression: Whether it is an expression.
        ignore_case: Whether capitals count as their small letters.
    """

    text: str
    is_expression: bool = False
    ignore_case: bool = True

    def is_in(self, text: bytes) -> bool:
        """Whether a text without colours holds the words."""
        if not self.ignore_case:
            return self.text.encode("utf-8", "replace") in text
        return self.text.lower() in text.decode("utf-8", "replace").lower()

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            InvalidArgumentError: It is empty, too long, has several lines, or is no expression that RE2 accepts.
        """
        if not self.text or len(self.text) > MAX_PATTERN:
            raise InvalidArgumentError(f"q: say what is sought, in at most {MAX_PATTERN:,} characters")
        if "\n" in self.text or "\r" in self.text:
            raise InvalidArgumentError("q: what is sought stands on one line")
        if self.is_expression:
            expression_pattern(self)


@cache
def plain_lines(kinds: bytes) -> Pattern:
    """One or more whole records of these kinds, one after another."""
    return _compiled(b"(?:[%b]%b[^\n]*\n)+" % (kinds, HEADER), latin=True)


def lines_that_may_hold(kinds: bytes, sought: Sought) -> Pattern:
    """A whole record of these kinds that may hold the words.

    Colours may stand between any two characters. What stands inside a colour's sequence can look like the words, so
    that a look at the line has to decide.
    """
    words = COLOUR.join(_spellings(char, ignore_case=sought.ignore_case) for char in sought.text)
    return _compiled(b"[%b]%b[^\n]*%b[^\n]*\n" % (kinds, HEADER, words), latin=True)


def expression_pattern(sought: Sought) -> Pattern:
    """The expression, for bodies of lines with a newline between them; it never matches that newline.

    Raises:
        InvalidArgumentError: RE2 does not accept it.
    """
    flags = "(?mi)" if sought.ignore_case else "(?m)"
    return _compiled(flags + sought.text, latin=False)


def _spellings(char: str, *, ignore_case: bool) -> bytes:
    spellings = dict.fromkeys((char, char.lower(), char.upper()) if ignore_case else (char,))
    return b"(?:%b)" % b"|".join(re.escape(one.encode("utf-8", "replace")) for one in spellings)


def _compiled(pattern: bytes | str, *, latin: bool) -> Pattern:
    options: Any = re2.Options()
    options.log_errors = False
    options.never_capture = True
    if latin:
        options.encoding = options.Encoding.LATIN1
    else:
        options.never_nl = True
    compiled = cast("Callable[[bytes | str, object], Pattern]", re2.compile)
    failure = cast("type[Exception]", re2.error)
    try:
        return compiled(pattern, options)
    except (failure, UnicodeEncodeError) as error:
        raise refused(error) from None
