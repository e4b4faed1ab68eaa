"""Properties, indices and filters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.plan.expressions.asking import value_of

FRUIT: Any = [{"name": "apple", "tags": ["red", "round"]}, {"colour": "yellow"}, {"Name": "plum", "tags": ["blue"]}]
NEEDS: Any = {
    "build": {"result": "success", "outputs": {"image": "app:1"}},
    "Lint": {"result": "failure", "outputs": {}},
}
DATA: Any = {
    "list": ["zero", "one", "two"],
    "true": "by boolean",
    "1": "by number",
    "": "by nothing",
    "1E+15": "by large number",
    "text": "abc",
    "number": 5,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("data.list[0]", "zero"),
        ("data.list[1.9]", "one"),
        ("data.list['2']", "two"),
        ("data.list[true]", "one"),
        ("data.list[null]", "zero"),
        ("data.list['']", "zero"),
        ("data.list[' 0x1 ']", "one"),
        ("data.list[3]", None),
        ("data.list[-1]", None),
        ("data.list[-0.5]", None),
        ("data.list[NaN]", None),
        ("data.list[Infinity]", None),
        ("data.list[1e300]", None),
        ("data.list['one']", None),
        ("data.list[data.list]", None),
        ("data.list.length", None),
        ("data[true]", "by boolean"),
        ("data[1]", "by number"),
        ("data[1.0]", "by number"),
        ("data[null]", "by nothing"),
        ("data[1e15]", "by large number"),
        ("data[data.list]", None),
        ("data['LIST'][0]", "zero"),
        ("data.nothing", None),
        ("data.nothing.at.all", None),
        ("data.nothing['x'][0]", None),
        ("data.text.length", None),
        ("data.text[0]", None),
        ("data.number.x", None),
        ("data[data['1']]", None),
        ("data[format('{0}', 'text')]", "abc"),
    ],
)
def test_an_index_finds_what_is_there_and_null_otherwise(text: str, value: object) -> None:
    assert value_of(text, data=DATA) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("fruit.*.name", ["apple", "plum"]),
        ("fruit[*].name", ["apple", "plum"]),
        ("fruit[ * ]['NAME']", ["apple", "plum"]),
        ("fruit.*.tags", [["red", "round"], ["blue"]]),
        ("fruit.*.tags.*", ["red", "round", "blue"]),
        ("fruit.*.tags[0]", ["red", "blue"]),
        ("fruit.*.tags[1]", ["round"]),
        ("fruit.*.tags[-1]", []),
        ("fruit.*.tags['x']", []),
        ("fruit.*.tags[fruit]", []),
        ("fruit.*.nothing", []),
        ("fruit.*.nothing.*", []),
        ("fruit.*.name.*", []),
        ("fruit.*.*", ["apple", ["red", "round"], "yellow", "plum", ["blue"]]),
        ("fruit[0].*", ["apple", ["red", "round"]]),
        ("fruit[0].name.*", []),
        ("fruit.nothing.*", []),
        ("nothing.*.name", []),
        ("needs.*.result", ["success", "failure"]),
        ("needs.*.outputs.image", ["app:1"]),
        ("(needs.*)[0]", []),
        ("(fruit.*)[0]", []),
        ("(fruit.*.tags)[0]", ["red", "blue"]),
        ("(true && fruit.*).name", ["apple", "plum"]),
        ("fromJSON(toJSON(fruit.*.name))[0]", "apple"),
        ("length(fruit.*)", 3),
        ("join(needs.*.result)", "success,failure"),
        ("contains(needs.*.result, 'FAILURE')", True),
        ("contains(needs.*.result, 'cancelled')", False),
        ("needs['lint'].result", "failure"),
        ("needs[needs.build.outputs.nothing]", None),
        ("needs.*['result']", ["success", "failure"]),
    ],
)
def test_a_filter_applies_what_follows_to_every_item(text: str, value: object) -> None:
    assert value_of(text, fruit=FRUIT, needs=NEEDS, nothing=None) == value
