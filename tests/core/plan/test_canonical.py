"""One text for one value, whichever of its forms it has."""

from __future__ import annotations

import json
import math
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan.canonical import canonical_json
from core.plan.expressions.values import Keyed, freeze, plain

_SCALARS = st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=4)
_DATA = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aA\u00df\u017fb", max_size=2), inner),
    max_leaves=8,
)


@given(_DATA)
def test_a_value_is_told_as_expressions_see_it(data: object) -> None:
    told = _finite(plain(freeze(data)))
    expected = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    assert canonical_json(data) == canonical_json(freeze(data)) == expected


def test_equal_numbers_are_written_alike() -> None:
    assert canonical_json([1, 1.0, -0.0, 2**53, 1e300]) == "[1,1,0,9007199254740992,1e+300]"
    assert canonical_json([math.inf, 10**400, math.nan]) == '[{"$number":"inf"},{"$number":"inf"},{"$number":"nan"}]'


def test_what_nests_too_deep_or_is_no_value_is_refused() -> None:
    deep: object = "x"
    for _ in range(101):
        deep = [deep]
    with pytest.raises(ValueError, match="levels"):
        canonical_json(deep)
    with pytest.raises(TypeError, match="set is not a value"):
        canonical_json({"a": {1}})
    nested = freeze({"x": 1})
    for _ in range(150):
        nested = Keyed([("x", nested)])
    assert canonical_json(nested).startswith('{"x":{"x":')


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": str(value)}
    if isinstance(value, list):
        return [_finite(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in cast("dict[str, object]", value).items()}
    return value
