"""The expansion of a matrix: GitHub's rules."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidMatrixError
from core.plan.matrix import MOST_VARIANTS, expand_matrix

Matrix = dict[str, Any]
EMPTY: Matrix = {}
NONE: list[Any] = []


def combinations(matrix: Matrix, *, is_literal: bool = True) -> list[dict[str, object]]:
    return [dict(variant.values) for variant in expand_matrix(matrix, job="job", is_literal=is_literal).variants]


def refusal(matrix: object, *, is_literal: bool = True) -> InvalidMatrixError:
    with pytest.raises(InvalidMatrixError) as caught:
        expand_matrix(matrix, job="job", is_literal=is_literal)
    return caught.value


def test_the_first_vector_varies_slowest() -> None:
    assert combinations({"os": ["a", "b"], "n": [1, 2]}) == [
        {"os": "a", "n": 1},
        {"os": "a", "n": 2},
        {"os": "b", "n": 1},
        {"os": "b", "n": 2},
    ]


def test_an_exclude_entry_may_name_some_vectors_only() -> None:
    matrix: Matrix = {"python": ["3.9", "3.10", "3.11", "3.12"], "os": ["ubuntu", "alpine"]}
    matrix["exclude"] = [{"python": "3.9", "os": "alpine"}]
    found = combinations(matrix)
    assert len(found) == 7
    assert {"python": "3.9", "os": "alpine"} not in found
    assert len(combinations({**matrix, "exclude": [{"python": "3.9"}]})) == 6


@pytest.mark.parametrize(
    ("value", "pattern", "is_excluded"),
    [
        (4, "4", True),
        ("0x4", 4, True),
        ("x", "X", True),
        ("straße", "STRASSE", False),
        (None, 0, True),
        (None, "", True),
        (False, None, True),
        ("", None, True),
        ("no", False, False),
        (True, 1, True),
        (True, "true", False),
        ("true", "True", True),
        ([1, 2], [1], True),
        ([1, 2], [1, 3], False),
        ([1], [1, None], True),
        ({"a": 1, "b": 2}, {"A": "1"}, True),
        ({"a": 1}, {"c": 0}, True),
        ("s", {"n": None}, True),
        ("s", {"n": 1}, False),
        ([5], {"0": 5}, True),
        ({"0": 5}, [5], True),
        ([5], {"x": 5}, False),
        ([5], {"": 5}, True),
        ([1], 1, False),
        ({"a": 1}, {}, True),
        ("x", [], True),
        (math.nan, math.nan, False),
    ],
)
def test_values_match_as_expressions_compare_them(value: object, pattern: object, is_excluded: bool) -> None:
    found = combinations({"v": [value, "other-one"], "exclude": [{"v": pattern}]})
    assert ({"v": value} not in found) is (is_excluded and value == value)  # noqa: PLR0124 - NaN


def test_an_include_entry_extends_what_it_matches_and_later_ones_overwrite() -> None:
    matrix = {"a": [1, 2], "include": [{"x": 1}, {"a": 2, "x": 2, "y": 3}, {"Y": 4}]}
    assert combinations(matrix) == [{"a": 1, "x": 1, "Y": 4}, {"a": 2, "x": 2, "y": 4}]


def test_an_include_entry_never_overwrites_a_vector() -> None:
    assert combinations({"a": [1], "include": [{"a": 2}]}) == [{"a": 1}, {"a": 2}]


def test_what_include_adds_takes_no_part_in_matching() -> None:
    matrix = {"a": [1], "include": [{"b": 1}, {"b": 2, "c": 3}]}
    assert combinations(matrix) == [{"a": 1, "b": 2, "c": 3}]


def test_an_appended_combination_is_not_extended() -> None:
    assert combinations({"a": [1], "include": [{"a": 2}, {"a": 2, "b": 3}]}) == [{"a": 1}, {"a": 2}, {"a": 2, "b": 3}]


def test_an_appended_combination_has_the_vectors_first() -> None:
    found = combinations({"a": [1], "b": [1], "include": [{"x": 0, "b": 2, "a": 2}]})
    assert list(found[1].items()) == [("b", 2), ("a", 2), ("x", 0)]


def test_excluded_combinations_come_back_through_include() -> None:
    matrix = {"a": [1, 2], "exclude": [{"a": 1}, {"a": 2}], "include": [{"a": 1}, {"x": 1}]}
    assert combinations(matrix) == [{"a": 1}, {"x": 1}]


def test_include_alone_makes_a_combination_of_each_entry() -> None:
    assert combinations({"include": [{"a": 1}, {"a": 1, "b": 2}, {"a": 1}]}) == [{"a": 1}, {"a": 1, "b": 2}, {"a": 1}]


def test_keys_ignore_case_and_the_vectors_spelling_stays() -> None:
    matrix = {"OS": ["x", "y"], "exclude": [{"os": "X"}], "include": [{"Os": "y", "Fast": 1}, {"fast": 2}]}
    assert combinations(matrix) == [{"OS": "y", "Fast": 2}]


def test_duplicates_stay() -> None:
    assert combinations({"a": [1, 1]}) == [{"a": 1}, {"a": 1}]


def test_values_keep_their_types() -> None:
    values: list[Any] = [1, 1.5, "1", True, None, {"k": [1]}, []]
    assert [found["a"] for found in combinations({"a": values})] == values


def test_everything_excluded_is_no_variant() -> None:
    assert combinations({"a": [1], "exclude": [{"a": 1}]}) == []


@pytest.mark.parametrize(
    ("matrix", "message", "path"),
    [
        (EMPTY, "Matrix must define at least one vector", ""),
        ({"include": NONE}, "Matrix must define at least one vector", ""),
        ({"os": NONE}, "Matrix vector 'os' does not contain any values", "os"),
        ({"os": "x"}, "A sequence was expected: Matrix vector 'os' is a text", "os"),
        ({"os": None}, "A sequence was expected: Matrix vector 'os' is empty", "os"),
        ({"os": {"a": 1}}, "A sequence was expected: Matrix vector 'os' is a mapping", "os"),
        ({"os": [1], "OS": [2]}, "Matrix vector 'OS' is defined twice", "OS"),
        ({"os": [1], "include": {"a": 1}}, "A sequence was expected: Matrix include is a mapping", "include"),
        ({"os": [1], "include": 5}, "A sequence was expected: Matrix include is a number", "include"),
        ({"os": [1], "exclude": True}, "A sequence was expected: Matrix exclude is a boolean", "exclude"),
        ({"os": [1], "include": [5]}, "A mapping was expected, not a number", "include[0]"),
        ({"os": [1], "include": [NONE]}, "A mapping was expected, not a list", "include[0]"),
        ({"os": [1], "include": [EMPTY]}, "Matrix include mapping does not contain any values", "include[0]"),
        ({"os": [1], "exclude": [EMPTY]}, "Matrix exclude filter must not be empty", "exclude[0]"),
        (
            {"os": [1], "exclude": [{"node": 1}]},
            "Matrix exclude key 'node' does not match any key within the matrix",
            "exclude[0].node",
        ),
        ({"include": [{"a": 1}], "exclude": [{"a": 1}]}, "does not match any key within the matrix", "exclude[0].a"),
        ({"os": [{1, 2}]}, "This is no value for a matrix: set", "os[0]"),
        (NONE, "A mapping was expected, not a list", ""),
        ("x", "A mapping was expected, not a text", ""),
    ],
)
def test_a_matrix_that_cannot_be_expanded_is_told_with_the_place(matrix: object, message: str, path: str) -> None:
    error = refusal(matrix)
    assert message in error.message
    assert [finding.path for finding in error.findings] == [path]
    assert error.code == "invalid_matrix"


def test_every_fault_is_told_at_once() -> None:
    error = refusal({"a": NONE, "b": "x", "include": [EMPTY], "exclude": [{"c": 1}, 5]})
    assert [finding.path for finding in error.findings] == ["a", "b", "include[0]", "exclude[1]", "exclude[0].c"]


@pytest.mark.parametrize(
    ("matrix", "hint"),
    [
        ({"os": "['a']"}, "this is a text; ${{ fromJSON(…) }} makes a value of it"),
        ('{"os": ["a"]}', "this is a text; ${{ fromJSON(…) }} makes a value of it"),
        ({"python": [1], "exclude": [{"pyhton": 1}]}, "did you mean 'python'?"),
        ({"a": [1], "b": [1], "exclude": [{"version": 1}]}, "the vectors are 'a', 'b'"),
        ({"include": [{"a": 1}], "exclude": [{"version": 1}]}, "there is no vector"),
        ({"os": 5}, "write […]"),
    ],
)
def test_the_hint_says_what_to_write(matrix: object, hint: str) -> None:
    assert refusal(matrix).hint == hint


@pytest.mark.parametrize(
    "matrix", [{}, {"a": []}, {"a": [], "b": [1]}, {"include": []}, {"a": [1], "exclude": [{"a": 1}]}]
)
def test_a_computed_matrix_may_be_empty(matrix: Matrix) -> None:
    assert combinations(matrix, is_literal=False) == []


def test_a_computed_matrix_of_the_wrong_shape_is_an_error_all_the_same() -> None:
    assert "A sequence was expected" in refusal({"a": None}, is_literal=False).message
    assert "A mapping was expected" in refusal(None, is_literal=False).message


@pytest.mark.parametrize(
    ("matrix", "count"),
    [
        ({"a": list(range(257))}, "257 combinations (257 of 'a')"),
        ({"a": list(range(20)), "b": list(range(20))}, "400 combinations (20 of 'a' by 20 of 'b')"),
        ({"a": list(range(256)), "include": [{"a": "x"}]}, "257 combinations"),
        ({"include": [{"a": n} for n in range(300)]}, "300 combinations; at most 256"),
        ({key: list(range(10)) for key in "abcdefghijkl"}, "1,000,000,000,000 combinations"),
        ({"include": [{"a": 1}] * 20_000}, "20,000 combinations"),
        ({f"v{number}": [1] for number in range(300)}, "300 vectors; at most 256"),
        (
            {"a": list(range(100)), "exclude": [{"a": list(range(1000))} for _ in range(100)]},
            "too large to be compared",
        ),
        ({"a": list(range(5000)), "exclude": [{"a": n} for n in range(5000)]}, "too large to be compared"),
        ({"a": list(range(256)), "include": [{f"k{n}": n for n in range(1000)}] * 10}, "too large to be compared"),
    ],
)
@pytest.mark.hostile("B45")
def test_a_matrix_that_is_too_large_is_refused_at_once(matrix: Matrix, count: str) -> None:
    begun = time.process_time()
    assert count in refusal(matrix).message
    assert time.process_time() - begun < 10


def test_as_many_variants_as_allowed_are_made() -> None:
    assert len(combinations({"a": list(range(300)), "exclude": [{"a": n} for n in range(44)]})) == MOST_VARIANTS


def test_data_that_nests_without_end_is_refused() -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    error = refusal({"a": [deep]})
    assert "This is no value for a matrix" in error.message
    assert [finding.path for finding in error.findings] == ["a[0]"]


def test_keys_that_only_some_variants_have_are_told_from_those_that_all_have() -> None:
    expansion = expand_matrix({"OS": ["a", "b"], "include": [{"os": "a", "x": 1}, {"os": "c"}]}, job="job")
    assert (expansion.vectors, expansion.keys, expansion.sure_keys) == (("OS",), ("OS", "x"), ("OS",))


_VALUES = st.sampled_from([1, "1", "a", "A", "b", None, False, {"k": 1}, {"k": 1, "l": 2}, [1, 2]])
_ENTRIES = st.lists(st.dictionaries(st.sampled_from(["a", "B", "x", "y"]), _VALUES, min_size=1, max_size=3), max_size=4)


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), st.lists(_VALUES, min_size=1, max_size=3), max_size=2),
    _ENTRIES,
    _ENTRIES,
)
def test_an_expansion_is_at_most_the_product_and_the_includes(
    vectors: Matrix, include: list[Matrix], exclude: list[Matrix]
) -> None:
    matrix = {**vectors, "include": include, "exclude": exclude}
    if any(key.lower() not in vectors for entry in exclude for key in entry):
        assert "does not match any key" in refusal(matrix, is_literal=False).message
        return
    product = math.prod(len(values) for values in vectors.values()) if vectors else 0
    found = combinations(matrix, is_literal=False)
    assert len(found) <= product + len(include)
    full = (
        [dict(zip(vectors, values, strict=True)) for values in itertools.product(*vectors.values())] if vectors else []
    )
    heads = [{key: one.get(key) for key in vectors} for one in found]
    kept = [one for one in full if one in heads]
    assert heads[: len(kept)] == kept or include
