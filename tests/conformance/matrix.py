"""Answers one matrix case."""

from __future__ import annotations

import math
from typing import Any, cast

from core.errors import InvalidMatrixError
from core.plan.matrix import expand_matrix


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """The combinations of the case's matrix with their names for a job called ``job``, or the message of its error."""
    try:
        expansion = expand_matrix(_read(case["matrix"]), job="job")
    except InvalidMatrixError as error:
        return {"error": error.message}
    return {
        "result": [_written(dict(variant.values)) for variant in expansion.variants],
        "names": [variant.name for variant in expansion.variants],
    }


def _read(value: object) -> object:
    if isinstance(value, list):
        return [_read(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        if set(pairs) == {"$number"}:
            return float(str(pairs["$number"]))
        return {key: _read(item) for key, item in pairs.items()}
    return value


def _written(value: object) -> object:
    """The value with the numbers that JSON does not have written out."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list):
        return [_written(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _written(item) for key, item in cast("dict[str, object]", value).items()}
    return value
