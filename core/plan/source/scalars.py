"""What a scalar means: YAML 1.2's core schema, and nothing of YAML 1.1.

So ``on``, ``yes`` and ``no`` are texts, as are dates and ``1_000``, and ``0755`` is the number 755.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.source.nodes import PlainScalar

_WORDS: Final[Mapping[str, PlainScalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_FIRST: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_EXACT_DIGITS: Final = 100

CORE_TAGS: Final[Mapping[str, tuple[type, ...]]] = {
    "tag:yaml.org,2002:null": (type(None),),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (float, int),
}
"""The scalar tags of the core schema but ``!!str``, and what a scalar under them may mean."""


def resolve(text: str) -> PlainScalar:
    """The value of a plain scalar.

    Numbers of more than a hundred digits are floats: there they lose nothing that a workflow could use.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _EXACT_DIGITS else float(text)
    if _BASED.fullmatch(text):
        number = int(text[2:], 8 if text[1] == "o" else 16)
        return number if len(text) <= _EXACT_DIGITS else _as_float(number)
    return float(text) if _FLOAT.fullmatch(text) else text


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")
