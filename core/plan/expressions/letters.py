"""Texts without regard to case: each character replaced by its simple upper case, one to one.

Neither `str.upper` nor `str.casefold` will do: they turn one character into several, and the i without a dot an I.
"""

from __future__ import annotations

from typing import Final

BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""White space as Unicode has it. `str.isspace` takes four control characters more."""

_KEPT: Final = frozenset("\u0131\u017f")
"""The i without a dot and the long s, which would become ASCII letters."""


class _UpperCases(dict[int, str]):
    """Upper cases, worked out as they are met."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _upper(chr(code))
        return found


_UPPER_CASES: Final = _UpperCases()


def fold(text: str) -> str:
    """The form in which two texts that differ in case alone are the same; as long as ``text``."""
    return text.upper() if text.isascii() else text.translate(_UPPER_CASES)


def collation_key(text: str) -> bytes:
    """What orders texts without regard to case: the code units of UTF-16."""
    return fold(text).encode("utf-16-be", "surrogatepass")


def _upper(character: str) -> str:
    if character in _KEPT:
        return character
    upper = character.upper()
    if len(upper) > 1:
        # the Greek letters with a iota below have a simple upper case, which Python calls their title case
        upper = character.title()
    if len(upper) > 1 or (upper.isascii() and not character.isascii()):
        return character
    return upper
