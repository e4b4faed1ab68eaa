"""Numbers from texts and texts from numbers, as expressions have them."""

from __future__ import annotations

import math
import re
from typing import Final

from core.plan.expressions.letters import BLANKS

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL: Final = re.compile(r"0x([0-9a-fA-F]+)")
_OCTAL: Final = re.compile(r"0o([0-7]+)")
_INFINITIES: Final = {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}


def number_of(text: str) -> float:
    """The number that a text stands for, NaN if it is none; an empty text is 0."""
    text = text.strip(BLANKS)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text) is not None:
        return float(text)
    for pattern, base in ((_HEXADECIMAL, 16), (_OCTAL, 8)):
        match = pattern.fullmatch(text)
        if match is not None:
            return _signed(match[1].lstrip("0") or "0", base)
    return _INFINITIES.get(text, math.nan)


def number_text(number: float) -> str:
    """A number as text, with 15 significant digits: ``3``, ``0.1``, ``1E+15``."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return "0" if number == 0 else f"{number:.15G}"


def exact_text(number: float) -> str:
    """A number so that `number_of` gives the same number back."""
    text = number_text(number)
    return text if math.isnan(number) or number_of(text) == number else repr(number)


def _signed(digits: str, base: int) -> float:
    """32 bits read as a signed number."""
    if len(digits) > 11:
        return math.nan
    bits = int(digits, base)
    if bits > 0xFFFFFFFF:
        return math.nan
    return float(bits - 0x1_0000_0000 if bits > 0x7FFFFFFF else bits)
