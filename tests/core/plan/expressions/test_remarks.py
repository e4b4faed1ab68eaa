"""What is said about an expression before there are values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from core.plan.expressions.parser import parse_expression
from core.plan.expressions.remarks import examine, is_constant, shape_of
from core.plan.expressions.scope import Scope
from core.plan.expressions.shapes import ANYTHING, BOOLEAN, NULL, NUMBER, TEXT, ListShape, MappingShape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.expressions.shapes import Shape

SHAPES: Final[Mapping[str, Shape]] = {
    "inputs": MappingShape(
        {"flag": BOOLEAN, "count": NUMBER, "name": TEXT, "hosts": ListShape(MappingShape({"ip": TEXT}))}
    ),
    "needs": MappingShape({"build": MappingShape({"result": TEXT, "outputs": MappingShape({}, others=TEXT)})}),
    "empty": MappingShape({}),
}
SCOPE: Final = Scope(("inputs", "needs", "empty", "github"), status=True, files=True)


def remarks_of(text: str) -> list[tuple[str, str, str, str]]:
    """Code, message, hint and the part that is meant."""
    expression = parse_expression(text, SCOPE)
    return [
        (remark.code, remark.message, remark.hint, text[remark.span.start : remark.span.end])
        for remark in examine(expression, SHAPES)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "inputs.FLAG && needs['Build'].Result == 'success'",
        "github.anything.at.all == 1",
        "needs.build.outputs.anything == 'x'",
        "needs[inputs.name].whatever",
        "needs.*.nothing",
        "inputs.hosts[0].ip",
        "inputs.hosts['1'].ip",
        "inputs.hosts.*.nothing",
        "inputs.hosts == inputs.hosts",
        "inputs.flag == true",
        "inputs.flag == 1",
        "inputs.flag == '1'",
        "inputs.count == '0x10'",
        "inputs.count < '5'",
        "inputs.name == 5",
        "inputs.name == 'true'",
        "inputs.flag == inputs.name",
        "case(inputs.flag, 1, 'x').y == 'z'",
        "fromJSON(inputs.name).x.y == true",
        "format('{1}{0}', 1, 2)",
        "format(inputs.name, 1)",
        "fromJSON('[1]')[0]",
        "inputs.flag && 'a' || 'b'",
        "inputs.flag && inputs.name || 'b'",
        "success() && inputs.flag || cancelled()",
        "coalesce(inputs.name, 'x')",
    ],
)
def test_nothing_is_said_of_what_may_be_right(text: str) -> None:
    assert remarks_of(text) == []


@pytest.mark.parametrize(
    ("text", "code", "message", "hint", "part"),
    [
        ("inputs.flga", "E111", "'inputs' has no 'flga'", "did you mean 'flag'? there are: flag, count", "flga"),
        ("needs['biuld'].result", "E111", "'needs' has no 'biuld'", "did you mean 'build'? there is: build", "'biuld'"),
        ("needs.build.status", "E111", "'needs.build' has no 'status'", "there are: result, outputs", "status"),
        ("empty.x", "E111", "'empty' has no 'x'", "there are none", "x"),
        ("inputs.hosts[0].port", "E111", "'inputs.hosts[0]' has no 'port'", "there is: ip", "port"),
        ("inputs.name.x", "W112", "'inputs.name' is a text and has no properties", "", "inputs.name.x"),
        ("inputs.count[0]", "W112", "'inputs.count' is a number and has no properties", "", "inputs.count[0]"),
        ("inputs.hosts.ip", "W112", "'inputs.hosts' is a list", "write inputs.hosts.*.ip", "inputs.hosts.ip"),
        ("inputs.flag == 'true'", "W112", "always false", "compare with true, without quotes", "inputs.flag == 'true'"),
        ("'False' != inputs.flag", "W112", "always true", "compare with false, without", "'False' != inputs.flag"),
        ("inputs.count == 'many'", "W112", "always false", "'many' is a text that is no", "inputs.count == 'many'"),
        ("!inputs.flag == 'no'", "W112", "is always false", "the other side a boolean", "inputs.flag == 'no'"),
        ("inputs.hosts == ''", "W112", "is always false", "equals only itself", "inputs.hosts == ''"),
        ("null == needs", "W112", "is always false", "equals only itself", "null == needs"),
        ("inputs.flag > false", "W112", "Booleans have no order", "compare with ==", "inputs.flag > false"),
        ("contains('a', 'b') == 'yes'", "W112", "always false", "other side a boolean", "contains('a', 'b') == 'yes'"),
        ("inputs.flag && '' || 'x'", "W113", "'inputs.flag && ''' is never true", "use case(", "inputs.flag && ''"),
        ("inputs.name || inputs.flag && 0 || 1", "W113", "is never true", "use case(", "inputs.flag && 0"),
        ("format('{0')", "E115", "The following format string is invalid: {0", "", "'{0'"),
        ("format('{0} {1}', 1)", "E115", "more arguments than were supplied", "1 given", "'{0} {1}'"),
        ("format('{0}', 1, inputs.name)", "W115", "The text names no {1}", "write {1}", "inputs.name"),
        ("fromJSON('[1,]')", "E115", "Error parsing fromJson", "one JSON value", "'[1,]'"),
        ("toJSON(inputs[inputs.flga])", "E111", "'inputs' has no 'flga'", "", "flga"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_told_with_its_place(text: str, code: str, message: str, hint: str, part: str) -> None:
    found = remarks_of(text)
    first = found[0]
    assert len(found) == 1 or text == "!inputs.flag == 'no'"
    assert first[0] == code
    assert message in first[1]
    assert hint in first[2]
    assert first[3].removeprefix("!") == part


def test_remarks_stand_in_the_order_of_the_text() -> None:
    assert [remark[0:4:3] for remark in remarks_of("inputs.x == 1 && format('{', inputs.y)")] == [
        ("E111", "x"),
        ("E115", "'{'"),
        ("E111", "y"),
    ]


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("true", True),
        ("1 == 1 && contains('a', 'b')", True),
        ("fromJSON('{}').x", True),
        ("success()", False),
        ("!cancelled()", False),
        ("hashFiles('x') == ''", False),
        ("inputs.flag || true", False),
        ("format('{0}', github.ref)", False),
    ],
)
def test_what_depends_on_nothing_is_constant(text: str, constant: bool) -> None:
    assert is_constant(parse_expression(text, SCOPE).root) is constant


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("inputs.flag && inputs.flag", BOOLEAN),
        ("inputs.flag && inputs.name", ANYTHING),
        ("toJSON(needs)", TEXT),
        ("length(needs)", NUMBER),
        ("split(inputs.name, ',')", ListShape()),
        ("needs", SHAPES["needs"]),
        ("null", NULL),
        ("1.5", NUMBER),
        ("github", ANYTHING),
        ("inputs[github.x]", ANYTHING),
        ("inputs[1]", ANYTHING),
        ("needs.*", ANYTHING),
        ("fromJSON('1')", ANYTHING),
    ],
)
def test_the_shape_of_a_result_is_told_as_far_as_it_is_known(text: str, shape: Shape) -> None:
    assert shape_of(parse_expression(text, SCOPE), SHAPES) == shape
