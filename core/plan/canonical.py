"""One text for one value: what is hashed to tell values apart."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final, cast

from core.plan.expressions.letters import fold
from core.plan.expressions.values import MAX_NESTING, Items, Keyed, plain

_EXACT: Final = 2**53
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> str:
    """The value as JSON with sorted keys, without blanks and in ASCII; equal numbers are written alike.

    Infinities and NaN, which JSON does not have, become texts in a mapping of their own. Of keys that differ in case
    alone, the first stays, as in the values of expressions.

    Raises:
        ValueError: It nests too deep.
        TypeError: It is nothing that JSON has.
    """
    return _ENCODER.encode(value if isinstance(value, str) else _told(value, MAX_NESTING))


def _told(value: object, levels: int) -> object:
    """The value as expressions see it, as plain data."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -_EXACT <= value <= _EXACT else _number(_double(value))
    if isinstance(value, float):
        return _number(value)
    if not isinstance(value, Mapping | list | tuple):
        raise TypeError(f"{type(value).__name__} is not a value of expressions")
    if not isinstance(value, Items | Keyed):  # values were measured when they were made
        if levels <= 0:
            raise ValueError(f"its data has more than {MAX_NESTING} levels")
        levels -= 1
    if isinstance(value, Mapping):
        told: dict[str, object] = {}
        seen: set[str] = set()
        for key, item in cast("Mapping[object, object]", value).items():
            name = str(key)
            folded = fold(name)
            inner = _told(item, levels)
            if folded not in seen:
                seen.add(folded)
                told[name] = inner
        return told
    return [_told(item, levels) for item in cast("list[object]", value)]


def _number(value: float) -> object:
    told = plain(value)
    return told if isinstance(told, int) or math.isfinite(value) else {"$number": str(value)}


def _double(whole: int) -> float:
    try:
        return float(whole)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf
