"""Names and ids of variants, selectors, counterparts, canonical values."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidArgumentError, InvalidMatrixError
from core.plan.canonical import canonical_json
from core.plan.matrix import Expansion, Selector, counterpart, expand_matrix, from_parallel, matching, parse_selector

Matrix = dict[str, Any]
EMPTY: Matrix = {}
NONE: list[Any] = []
TESTS = expand_matrix({"python": ["3.11", "3.12"], "os": ["alpine", "debian"], "include": [{"fast": True}]}, job="test")


def names(matrix: Matrix, job: str = "job") -> list[str]:
    return [variant.name for variant in expand_matrix(matrix, job=job).variants]


def ids(matrix: Matrix, job: str = "job") -> list[str]:
    return [variant.id for variant in expand_matrix(matrix, job=job).variants]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ({"a": [1], "b": ["x"]}, "job (1, x)"),
        ({"a": [True, None]}, "job (true)"),
        ({"a": [3.10]}, "job (3.1)"),
        ({"a": [1e21]}, "job (1E+21)"),
        ({"a": [{"os": "x", "v": [1, {"w": 2}], "e": ""}]}, "job (x, 1, 2)"),
        ({"a": [""]}, "job"),
        ({"a": [1], "include": [{"b": 2}]}, "job (1)"),
        ({"include": [{"b": 2, "c": [3]}]}, "job (2, 3)"),
        ({"a": ["é ✓/x"]}, "job (é ✓/x)"),
    ],
)
def test_a_name_holds_the_values_of_the_vectors(matrix: Matrix, expected: str) -> None:
    assert names(matrix)[0] == expected


def test_an_appended_combination_is_named_after_all_its_values() -> None:
    assert names({"a": [1], "include": [{"x": 9, "a": 2}]}) == ["job (1)", "job (2, 9)"]


def test_a_long_name_is_cut_to_a_hundred_characters() -> None:
    assert names({"a": ["x" * 94]}) == [f"job ({'x' * 94})"]
    (name,) = names({"a": ["x" * 95]})
    assert (len(name), name[-3:]) == (100, "...")


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ({"a": ["3.12", "a b/c:é"]}, ["job-3.12", "job-a_b_c__"]),
        ({"a": [None, ""]}, ["job", "job-2"]),
        ({"a": ["x", "X", "x-2", "x"]}, ["job-x", "job-X-3", "job-x-2", "job-x-4"]),
        ({"a": [1, 1, 1]}, ["job-1", "job-1-2", "job-1-3"]),
        ({"a": [-5], "b": [{"k": "v"}]}, ["job--5-v"]),
    ],
)
def test_an_id_is_fit_for_paths_and_no_two_are_alike(matrix: Matrix, expected: list[str]) -> None:
    assert ids(matrix) == expected


def test_a_long_id_is_cut_and_told_apart_by_its_values() -> None:
    one, other, third = ids({"a": ["x" * 80 + "1", "x" * 80 + "2"], "include": [{"a": "y" * 56}]})
    assert (len(one), len(other), len(third)) == (60, 60, 60)
    assert one[:53] == other[:53] == ("job-" + "x" * 80)[:53]
    assert one != other


def test_an_id_does_not_depend_on_the_position() -> None:
    long = "z" * 80
    assert ids({"a": ["q", long]})[1] == ids({"a": [long]})[0]


@given(st.lists(st.text(max_size=70), min_size=1, max_size=12))
def test_ids_differ_whatever_the_values(values: list[str]) -> None:
    found = ids({"a": values}, job="j" * 40)
    assert len({each.lower() for each in found}) == len(values)
    assert all(len(each) <= 64 and each.isascii() for each in found)


def test_variants_know_their_position_and_find_values_without_case() -> None:
    variant = TESTS.variants[2]
    assert (variant.index, variant.get("PYTHON"), variant.get("x"), variant.has("Fast")) == (2, "3.12", None, True)


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("test", Selector("test")),
        (" test ", Selector("test")),
        ("test#3", Selector("test", 3)),
        ("test[python=3.12]", Selector("test", values=(("python", "3.12"),))),
        ("test[ python = 3.12 , os=alpine ]", Selector("test", values=(("python", "3.12"), ("os", "alpine")))),
        ("test[a='x, y',b='it''s]']", Selector("test", values=(("a", "x, y"), ("b", "it's]")))),
        ("test[a=,b=1]", Selector("test", values=(("a", ""), ("b", "1")))),
        ("test[a=b=c]", Selector("test", values=(("a", "b=c"),))),
        ("call / test[a=1]", Selector("call / test", values=(("a", "1"),))),
    ],
)
def test_a_selector_is_read(text: str, selector: Selector) -> None:
    assert parse_selector(text) == selector


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "#1", "[a=1]", "test#", "test#x", "test#-1", "test[", "test[]", "test[a]", "test[a=1", "test[a=1]x",
        "test[=1]", "test[ =1]", "test[a=1,]", "test[a='x]", "test[a='x'y]", "test[a=1][b=2]", "test#1#2", "x" * 5000,
        "t[" + " " * 4000, "t[" + " =" * 2000, "t[" + "'" * 4000,
    ],
)  # fmt: skip
def test_what_is_no_selector_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="selects no variant") as caught:
        parse_selector(text)
    assert "test[python=3.12,os=alpine]" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test", [0, 1, 2, 3]),
        ("test#3", [3]),
        ("test#4", []),
        ("test[python=3.12]", [2, 3]),
        ("test[Python=3.12,os=ALPINE]", [2]),
        ("test[os=suse]", []),
        ("test[fast=1]", []),
        ("test[fast=true]", [0, 1, 2, 3]),
    ],
)
def test_a_selector_picks_all_variants_that_match(text: str, expected: list[int]) -> None:
    assert [variant.index for variant in parse_selector(text).pick(TESTS)] == expected


def test_a_number_is_picked_however_it_is_written() -> None:
    expansion = expand_matrix({"v": [3.10, 3.11, [3.1], None]}, job="test")
    assert [variant.index for variant in parse_selector("test[v=3.10]").pick(expansion)] == [0]
    assert [variant.index for variant in parse_selector("test[v=]").pick(expansion)] == [3]


def test_a_key_that_no_variant_has_is_an_error() -> None:
    with pytest.raises(InvalidArgumentError, match="has a key 'pyton'") as caught:
        parse_selector("test[pyton=3.12]").pick(TESTS)
    assert caught.value.hint == "did you mean 'python'?"
    with pytest.raises(InvalidArgumentError) as other:
        parse_selector("test[architecture=arm]").pick(TESTS)
    assert other.value.hint == "the keys are python, os, fast"


def test_variants_are_found_by_values() -> None:
    assert [variant.index for variant in matching(TESTS, {"OS": "Alpine"})] == [0, 2]
    assert matching(TESTS, {"os": "suse"}) == ()


def builds(matrix: Matrix) -> Expansion:
    return expand_matrix(matrix, job="build")


def test_a_variant_has_its_counterpart_in_the_job_it_waits_for() -> None:
    builders = builds({"OS": ["debian", "alpine"]})
    found = [counterpart(variant, TESTS.vectors, builders, job="build").id for variant in TESTS.variants]
    assert found == ["build-alpine", "build-debian", "build-alpine", "build-debian"]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ({"os": ["suse"]}, "'build' has no variant with os alpine, which 'test (3.11, alpine)' waits for"),
        ({"os": ["alpine"], "arch": [1, 2]}, "'build' has 2 variants with os alpine"),
        ({"arch": [1, 2]}, "'test (3.11, alpine)' and 'build' have no vector in common"),
    ],
)
def test_no_counterpart_or_several_are_an_error(matrix: Matrix, message: str) -> None:
    with pytest.raises(InvalidMatrixError) as caught:
        counterpart(TESTS.variants[0], TESTS.vectors, builds(matrix), job="build")
    assert message in caught.value.message


def test_equal_values_have_one_canonical_text() -> None:
    assert canonical_json({"b": 1.0, "a": [True, None, "é"]}) == canonical_json({"a": [True, None, "é"], "b": 1})
    assert canonical_json({"b": 1.0, "a": ["é"]}) == '{"a":["\\u00e9"],"b":1}'
    assert canonical_json([math.inf, -math.inf]) == '[{"$number":"inf"},{"$number":"-inf"}]'
    assert canonical_json(-0.0) == "0"
    assert canonical_json(1) != canonical_json("1")


def test_parallel_with_a_number_counts() -> None:
    variants = expand_matrix(from_parallel(3), job="job").variants
    assert [(variant.name, dict(variant.values)) for variant in variants] == [
        ("job (1)", {"index": 1, "total": 3}),
        ("job (2)", {"index": 2, "total": 3}),
        ("job (3)", {"index": 3, "total": 3}),
    ]


def test_parallel_with_a_list_is_the_products_one_behind_the_other() -> None:
    matrix = from_parallel([{"OS": ["alpine", "debian"], "V": 1}, {"OS": "suse", "V": [2, 3]}])
    assert names(matrix) == ["job (alpine, 1)", "job (debian, 1)", "job (suse, 2)", "job (suse, 3)"]


@pytest.mark.parametrize(
    ("parallel", "message"),
    [
        (0, "a number from 1 to 256"),
        (257, "a number from 1 to 256"),
        (True, "must be a number, or a mapping"),
        ("x", "must be a number, or a mapping"),
        (NONE, "must be a number, or a mapping"),
        ([5], "A mapping of names to values"),
        ([EMPTY], "A mapping of names to values"),
        ([{"a": NONE}], "Matrix vector 'a' does not contain any values"),
        ([{"a": list(range(200))}, {"a": list(range(57))}], "more than 256"),
        ([{key: list(range(10)) for key in "abcdefghijkl"}], "more than 256"),
    ],
)
def test_parallel_that_means_nothing_is_refused(parallel: Any, message: str) -> None:
    with pytest.raises(InvalidMatrixError) as caught:
        from_parallel(parallel)
    assert message in caught.value.message
