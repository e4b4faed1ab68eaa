"""The texts that ``format()`` fills in."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_PIECE: Final = re.compile(r"\{\{|\}\}|\{|\}|[^{}]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_LARGEST: Final = 255


class Slot(NamedTuple):
    """A place for an argument.

    Attributes:
        number: Which argument, from 0.
        specifier: What stands behind a colon; empty without one.
    """

    number: int
    specifier: str = ""


class FormatFault(ValueError):  # noqa: N818 - caught where the function is called, and told as an expression's error
    """The text cannot be filled in."""


def format_pieces(text: str, given: int) -> list[str | Slot]:
    """The text cut into what stays and what is filled in, braces resolved.

    Args:
        text: The text with its ``{0}``.
        given: How many arguments there are.

    Raises:
        FormatFault: A brace stands alone, a slot holds no number from 0 to 255, or names an argument that is not given.
    """
    pieces: list[str | Slot] = []
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        piece = "" if match is None else match[0]
        at += len(piece)
        if piece == "{":
            slot, at = _slot(text, at)
            if slot.number >= given:
                raise FormatFault(f"The following format string references more arguments than were supplied: {text}")
            pieces.append(slot)
        elif piece == "}":
            raise _invalid(text)
        else:
            pieces.append(piece[0] if piece in {"{{", "}}"} else piece)
    return pieces


def _slot(text: str, at: int) -> tuple[Slot, int]:
    """The slot whose brace has just been passed, and where the text goes on."""
    digits = _NUMBER.match(text, at)
    if digits is None:
        raise _invalid(text)
    significant = digits[0].lstrip("0") or "0"
    number = int(significant) if len(significant) <= 3 else _LARGEST + 1
    at = digits.end()
    if number > _LARGEST:
        raise _invalid(text)
    if text.startswith("}", at):
        return Slot(number), at + 1
    if not text.startswith(":", at):
        raise _invalid(text)
    return _specified(text, number, at + 1)


def _specified(text: str, number: int, at: int) -> tuple[Slot, int]:
    specifier: list[str] = []
    while (brace := text.find("}", at)) >= 0:
        specifier.append(text[at:brace])
        if not text.startswith("}}", brace):
            return Slot(number, "".join(specifier)), brace + 1
        specifier.append("}")
        at = brace + 2
    raise _invalid(text)


def _invalid(text: str) -> FormatFault:
    return FormatFault(f"The following format string is invalid: {text}")
