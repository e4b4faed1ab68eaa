"""Types, how one becomes another, and how values compare."""

from __future__ import annotations

import math
from typing import Any

import pytest

from core.plan.expressions.letters import fold
from core.plan.expressions.values import Filtered, Items, Keyed, Lazy, freeze, kind_of, plain
from tests.core.plan.expressions.asking import error_of, value_of

DATA: Any = {"list": [], "mapping": {}, "zero": 0, "text": "x"}


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("null", False),
        ("0", False),
        ("-0", False),
        ("NaN", False),
        ("''", False),
        ("false", False),
        ("1", True),
        ("-1", True),
        ("Infinity", True),
        ("'false'", True),
        ("'0'", True),
        ("' '", True),
        ("data.list", True),
        ("data.mapping", True),
        ("data.nothing", False),
    ],
)
def test_what_counts_as_true(text: str, truth: bool) -> None:
    assert value_of(f"!({text})", data=DATA) is not truth


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("''", 0),
        ("'  '", 0),
        ("' 12 '", 12),
        ("'\u00a012\u2003'", 12),
        ("'1.50'", 1.5),
        ("'1.'", 1),
        ("'.5'", 0.5),
        ("'+3'", 3),
        ("'-3e2'", -300),
        ("'007'", 7),
        ("'0x10'", 16),
        ("'0x80000000'", -(2**31)),
        ("'0x7fffffff'", 2**31 - 1),
        ("'0x000000000001'", 1),
        ("'0o20'", 16),
        ("'0o37777777777'", -1),
        ("'Infinity'", math.inf),
        ("' -Infinity'", -math.inf),
        ("null", 0),
        ("true", 1),
        ("false", 0),
    ],
)
def test_what_becomes_a_number(text: str, number: float) -> None:
    assert value_of(f"{text} == number", number=number) is True


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "nan", "inf", "infinity", "INFINITY", "1_000", "1,000", "0b1", "0X1", "0O1", "-0xff", "+0x1", "0x",
        "0x100000000", "0xfffffffffffff",
        "0o40000000000", "0o8", "0xg", "1 2", "1e", "e1", ".", "+", "--1", "\u0661", "\uff11", "1\x1c",
    ],
)  # fmt: skip
def test_what_does_not_become_a_number(text: str) -> None:
    assert value_of("text == 0 || text < 0 || text > 0", text=text) is False


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1 / 3, "0.333333333333333"),
        (999999999999999, "999999999999999"),
        (10**15, "1E+15"),
        (1234567890123456, "1.23456789012346E+15"),
        (0.0001, "0.0001"),
        (0.00001, "1E-05"),
        (1e-7, "1E-07"),
        (1e100, "1E+100"),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (math.nan, "NaN"),
        ([1], "Array"),
        ({"a": 1}, "Object"),
        ("as is", "as is"),
    ],
)
def test_what_becomes_which_text(data: object, text: str) -> None:
    assert value_of("format('{0}', data)", data=data) == text


@pytest.mark.parametrize(
    "text",
    [
        "null == null",
        "null == 0",
        "null == ''",
        "null == false",
        "'' == 0",
        "'' == false",
        "true == 1",
        "true == '1'",
        "'1.0' == 1",
        "'0xFF' == 255",
        "'0xFFFFFFFF' == -1",
        "'abc' == 'ABC'",
        "'ä' == 'Ä'",
        "'Σ' == 'ς'",
        "'ᾳ' == 'ᾼ'",
        "0 == -0",
        "Infinity == 'Infinity'",
        "true > false",
        "null < 1",
        "null >= 0",
        "null >= null",
        "'10' < '9'",
        "10 > '9'",
        "'_' > 'a'",
        "'_' > 'Z'",
        "'b' > 'A'",
        "'B' > 'a'",
        "'a' <= 'A'",
        "'a' >= 'A'",
        "'\uff5e' > '\U0001f600'",
        "data == data",
        "data.list == data.list",
        "data.list >= data.list",
        "data.list != data.mapping",
        "fromJSON('[]') != fromJSON('[]')",
        "fromJSON('{}') != fromJSON('{}')",
    ],
)
def test_what_holds(text: str) -> None:
    assert value_of(text, data=DATA) is True


@pytest.mark.parametrize(
    "text",
    [
        "NaN == NaN",
        "NaN >= NaN",
        "NaN < 1",
        "true == 'true'",
        "true == 'yes'",
        "'abc' == 0",
        "null == 'null'",
        "null < null",
        "null > null",
        "'i' == '\u0131'",
        "'İ' == 'i'",
        "'\u017f' == 's'",
        "'ß' == 'ss'",
        "'ﬁ' == 'FI'",
        "'k' == '\u212a'",
        "data.list == ''",
        "data.list < 1",
        "data.list >= 0",
        "data.list == 'Array'",
        "data.mapping > data.mapping",
        "data.mapping < data.list",
        "data.list == null",
        "data.list == false",
    ],
)
def test_what_does_not_hold(text: str) -> None:
    assert value_of(text, data=DATA) is False


def test_folding_keeps_the_number_of_characters() -> None:
    assert all(len(fold(chr(code))) == 1 for code in range(0x11000) if not 0xD800 <= code <= 0xDFFF)


def test_of_keys_that_differ_in_case_alone_the_first_stays() -> None:
    mapping = Keyed([("Path", 1.0), ("other", 2.0), ("PATH", 3.0)])
    assert list(mapping.items()) == [("Path", 1.0), ("other", 2.0)]
    assert mapping["pATH"] == 1.0
    assert len(mapping) == 2


def test_a_lazy_mapping_fetches_a_value_once_and_remembers_what_was_read() -> None:
    asked: list[str] = []

    def fetch(name: str) -> object:
        asked.append(name)
        return {"of": name}

    secrets = Lazy(["TOKEN", "KEY"], fetch)
    assert value_of("secrets.token.of", secrets=secrets) == "TOKEN"
    assert value_of("secrets.nothing", secrets=secrets) is None
    assert secrets["Token"] is secrets["TOKEN"]
    assert asked == ["TOKEN"]
    assert secrets.fetched == ("TOKEN",)
    assert list(secrets) == ["TOKEN", "KEY"]


def test_plain_data_comes_back_as_it_was() -> None:
    nothing: list[Any] = []
    data = {"a": [1, 2.5, "x", None, True, {"b": nothing}]}
    assert plain(freeze(data)) == data
    assert [type(item) for item in plain(freeze([1, 2.5, 1e300]))] == [int, float, float]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportUnknownArgumentType] - a list


def test_a_value_stays_the_object_it_is() -> None:
    items = Items([1.0])
    assert freeze(items) is items
    assert freeze({"a": items}) == {"a": items}


def test_data_that_nests_too_deep_is_an_error_of_the_expression() -> None:
    deep: list[Any] = []
    for _ in range(101):
        deep = [deep]
    assert error_of("data", data=deep).message == "'data' cannot be read: its data has more than 100 levels"


def test_data_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes is not a value of expressions"):
        freeze({"a": b""})


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), (True, "boolean"), (1.0, "number"), ("", "text"), (Filtered(), "list"), (Keyed(), "mapping")],
)
def test_types_have_names_for_people(value: Any, kind: str) -> None:
    assert kind_of(value) == kind
