"""Expressions, texts with expressions in them, conditions and matrices."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

from core.errors import InvalidExpressionError
from core.plan.expressions.budget import MAX_MADE
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.faults import MAX_LENGTH, render
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.printing import written
from core.plan.expressions.remarks import examine
from core.plan.expressions.values import plain
from core.plan.interpolate import interpolate, parse_condition, parse_template
from core.plan.matrix import MOST_VARIANTS, InvalidMatrixError, expand_matrix
from tests.core.plan.expressions.test_any_text import PIECES, SCOPE, SURROUNDINGS
from tests.fuzz.made_up import TEXTS, data
from tests.fuzz.target import Target, check_length

MOST_SAID: Final = 2 * MAX_LENGTH


def expression(text: str) -> None:
    """A value within the budget or an error with its place; a tree that reads again as it is written."""
    try:
        parsed = parse_expression(text, SCOPE)
        assert parse_expression(written(parsed.root), SCOPE).root == parsed.root
        examine(parsed, {})
        value = plain(evaluate(parsed, SURROUNDINGS).value)
        assert len(json.dumps(value)) < 20 * MAX_MADE
    except InvalidExpressionError as error:
        check_error(error)


def text_with_expressions(text: str) -> None:
    """A text within the budget, or an error."""
    try:
        interpolate(parse_template(text, SCOPE), SURROUNDINGS)
    except InvalidExpressionError as error:
        check_error(error)


def condition(text: str) -> None:
    """Yes, no, or an error."""
    try:
        parse_condition(text, SCOPE).decide(SURROUNDINGS)
    except InvalidExpressionError as error:
        check_error(error)


def matrix(value: Any) -> None:
    """At most so many variants, each with a name of its own, or the faults."""
    try:
        found = expand_matrix(value, job="a")
    except InvalidMatrixError as error:
        check_length(error, MOST_SAID * 4)
        return
    assert len(found.variants) <= MOST_VARIANTS
    assert len({variant.id for variant in found.variants}) == len(found.variants)


def check_error(error: InvalidExpressionError) -> None:
    """It can be told in a few lines."""
    assert error.message
    check_length(error.message, MOST_SAID)
    assert len(render(error)) < MOST_SAID * 4


def _wide(width: int, names: str) -> dict[str, list[int]]:
    return {name: list(range(width)) for name in names}


_PARTS: Final[st.SearchStrategy[Any]] = st.one_of(st.sampled_from(PIECES), TEXTS)
_TEXTS: Final[st.SearchStrategy[Any]] = st.one_of(
    st.lists(_PARTS, max_size=30).map("".join),
    st.text(max_size=60),
    st.builds(str.__mul__, st.sampled_from([*PIECES, "(", "!", "a[", "a||", "a.", "'"]), st.integers(1, 5_000)),
)
_VALUES: Final[st.SearchStrategy[Any]] = st.lists(data(["a", "b", "os"], 4), max_size=6)
_MATRICES: Final[st.SearchStrategy[Any]] = st.one_of(
    data(["include", "exclude", "os", "a"]),
    st.dictionaries(
        st.sampled_from(["os", "a", "b", "include", "exclude", "x.y", "é"]),
        _VALUES | st.lists(st.dictionaries(st.sampled_from(["os", "a"]), data(["a"], 2), max_size=2), max_size=4),
        max_size=4,
    ),
    st.builds(_wide, st.integers(0, 300), st.text("abcdefgh")),
)

TARGETS: Final[tuple[Target, ...]] = (
    Target("expressions", _TEXTS, expression),
    Target("texts with expressions", _TEXTS.map(lambda text: f"${{{{ {text} }}}}") | _TEXTS, text_with_expressions),
    Target("conditions", _TEXTS, condition),
    Target("matrices", _MATRICES, matrix),
)
