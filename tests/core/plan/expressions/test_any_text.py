"""Whatever is written, there is a value or an error of ours; and a tree can be written down again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import InvalidExpressionError
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.faults import line_and_column, render
from core.plan.expressions.nodes import Call, Compare, Constant, Index, Logic, Name, Node, Not, Span, Wildcard, walk
from core.plan.expressions.numbers import number_of, number_text
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.printing import written
from core.plan.expressions.remarks import examine, is_constant
from core.plan.expressions.scope import Scope
from core.plan.expressions.signatures import SIGNATURES
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import freeze, plain
from core.plan.interpolate import interpolate, parse_condition, parse_template
from tests.core.plan.expressions.asking import Stands

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

DATA: Final[Any] = {"b": [1, {"c": "x"}, None, "two"], "C": {"d": True, "": -1.5}, "n": 10**400, "t": '{"j": [1]}'}
SCOPE: Final = Scope(("a", "secrets", "matrix"), status=True, job_names=True, files=True)
SURROUNDINGS: Final = Surroundings({"a": DATA, "secrets": {"k": "v"}}, standing=Stands("failure"), hash_files="".join)
PIECES: Final = (
    *"()[],.*!<>=&|'\"{}$?+-%# \n\t:",
    *("==", "!=", "<=", ">=", "&&", "||", "''", "${{", "}}", ".*", "[*]", "[0]", "['b']", "a", "a.b", "A.c.d", "a.t"),
    *("matrix", "secrets.k", "true", "null", "NaN", "Infinity", "-1", "0x1", "1e3", "'x'", "'{0}'", "'[1]'", "ß", "😀"),
    *(f"{signature.name}(" for signature in SIGNATURES.values()),
)
TEXTS: Final = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.text("(['!.a1*)]", max_size=90),
)


def fault_in(attempt: Callable[[], object]) -> InvalidExpressionError | None:
    try:
        attempt()
    except InvalidExpressionError as error:
        return error
    return None


@settings(max_examples=600, deadline=None)
@given(text=TEXTS)
@example("'" * 7)
@example("!" * 5000)
@example("a" + "[a" * 400)
@example("format('{0:{{}}', a)")
@pytest.mark.hostile("B46")
def test_any_text_gives_a_value_or_our_error(text: str) -> None:
    def ask() -> None:
        expression = parse_expression(text, SCOPE)
        examine(expression, {})
        plain(evaluate(expression, SURROUNDINGS).value)

    error = fault_in(ask)
    if error is not None:
        assert error.message
        assert error.hint
        assert line_and_column(error) >= (1, 1)
        assert error.message in render(error)
        if error.position is not None:
            assert 1 <= error.position <= error.position - 1 + error.length <= len(text)


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_any_template_and_any_condition_gives_a_value_or_our_error(text: str) -> None:
    for error in (
        fault_in(lambda: interpolate(parse_template(text, SCOPE), SURROUNDINGS)),
        fault_in(lambda: parse_condition(text, SCOPE).decide(SURROUNDINGS)),
    ):
        if error is not None and error.rule != "E109":
            assert text.startswith(error.expression, error.offset)


_NOWHERE: Final = Span(0, 0)
_SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.floats(allow_nan=False), st.text(max_size=5), st.integers(-99, 99).map(float)
)
_CONSTANTS: Final = _SCALARS.map(lambda value: Constant(value, _NOWHERE))
_NAMES: Final = st.sampled_from(["a", "secrets", "matrix"]).map(lambda name: Name(name, _NOWHERE))
_COMPARISONS: Final = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def _logic(operator: Any, operands: list[Node]) -> Node:
    flat: list[Node] = []
    for operand in operands:
        same = isinstance(operand, Logic) and operand.operator == operator
        flat += operand.operands if same and isinstance(operand, Logic) else (operand,)
    return Logic(operator, tuple(flat), _NOWHERE, 1)


def _compare(operator: Any, left: Node, right: Node) -> Node:
    return Compare(operator, left, right, _NOWHERE, 1)


def _index(base: Node, key: Node | Wildcard) -> Node:
    return Index(base, key, _NOWHERE, 1)


def _larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    keys = st.one_of(nodes, st.text(max_size=5).map(lambda key: Constant(key, _NOWHERE)), st.just(Wildcard(_NOWHERE)))
    return st.one_of(
        nodes.map(lambda operand: Not(operand, _NOWHERE, 1)),
        st.builds(_compare, _COMPARISONS, nodes, nodes),
        st.builds(_logic, st.sampled_from(["&&", "||"]), st.lists(nodes, min_size=2, max_size=3)),
        st.builds(_index, nodes, keys),
        st.lists(nodes, max_size=3).map(lambda given: Call("success", tuple(given), _NOWHERE, _NOWHERE, 1)),
    )


_TREES: Final[st.SearchStrategy[Node]] = st.recursive(st.one_of(_CONSTANTS, _NAMES), _larger, max_leaves=12)


@settings(max_examples=400, deadline=None)
@given(tree=_TREES)
def test_a_tree_that_is_written_down_is_read_as_the_same_tree(tree: Node) -> None:
    assert parse_expression(written(tree), SCOPE).root == tree


@settings(max_examples=200, deadline=None)
@given(tree=_TREES)
def test_what_is_constant_comes_to_the_same_whatever_is_given(tree: Node) -> None:
    expression = parse_expression(written(tree), SCOPE)
    assert is_constant(expression.root) is not any(isinstance(node, Name | Call) for node in walk(expression.root))


@given(number=st.floats(-1e300, 1e300, allow_subnormal=False))
def test_a_number_keeps_fifteen_digits_as_text(number: float) -> None:
    assert number_of(number_text(number)) == pytest.approx(number, rel=1e-14)


_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(data=_JSON)
def test_data_goes_through_json_and_comes_back(data: object) -> None:
    assert plain(freeze(data)) == data
    found = evaluate(parse_expression("fromJSON(toJSON(a))", SCOPE), Surroundings({"a": data})).value
    assert plain(found) == data
