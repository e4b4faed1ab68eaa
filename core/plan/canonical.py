"""One text for one value: what is hashed to tell values apart."""

from __future__ import annotations

import json
import math
from typing import cast

from core.plan.expressions.values import freeze, plain


def canonical_json(value: object) -> str:
    """The value as JSON with sorted keys, without blanks and in ASCII; equal numbers are written alike.

    Infinities and NaN, which JSON does not have, become texts in a mapping of their own.

    Raises:
        ValueError: It nests too deep.
        TypeError: It is nothing that JSON has.
    """
    told = _finite(plain(freeze(value)))
    return json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": str(value)}
    if isinstance(value, list):
        return [_finite(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in cast("dict[str, object]", value).items()}
    return value
