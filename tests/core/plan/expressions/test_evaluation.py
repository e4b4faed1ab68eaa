"""What an evaluation tells beside its value, and where it stops."""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.errors import InvalidExpressionError
from core.plan.expressions.budget import Spent
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.scope import Scope
from core.plan.expressions.surroundings import Surroundings
from tests.core.plan.expressions.asking import Stands, error_of, evaluation_of, value_of

INPUTS: Any = {"dry": "yes", "count": 3, "list": ["a"], "long": "x" * 300}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("false && fromJSON('bad')", False),
        ("true || fromJSON('bad')", True),
        ("'' && fromJSON('bad')", ""),
        ("'x' || fromJSON('bad')", "x"),
        ("false && 1 || 'otherwise'", "otherwise"),
        ("null || ''", ""),
        ("0 && 1", 0),
        ("contains(fromJSON('[]'), fromJSON('bad'))", False),
        ("startsWith(fromJSON('[]'), fromJSON('bad'))", False),
    ],
)
def test_what_is_not_needed_is_not_evaluated(text: str, value: object) -> None:
    assert value_of(text) == value


def test_an_evaluation_tells_what_it_read() -> None:
    found = evaluation_of("inputs.dry == 'no' || INPUTS['count'] > 2 || inputs.never", inputs=INPUTS)
    assert [str(reading) for reading in found.readings] == ["inputs.dry = 'yes' (text)", "INPUTS.count = 3 (number)"]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("inputs.dry == 'no'", "'yes' == 'no' → false"),
        ("inputs.dry != 'no' || inputs.count", "'yes' != 'no' || inputs.count → true"),
        ("success() && (inputs.dry == 'no')", "success() && 'yes' == 'no' → false"),
        ("!(inputs.dry == 'no' && true)", "!('yes' == 'no' && true) → true"),
        ("join(inputs.list)", "join(inputs.list) → 'a'"),
        ("inputs.nothing", "null → null"),
        ("inputs[inputs.none].x", "null → null"),
        ("fromJSON('{\"a\":1}').a", "fromJSON('{\"a\":1}').a → 1"),
        ("length(inputs.long)", f"length('{'x' * 100}…') → 300"),
        ("secrets.token == 'hunter2'", "*** == 'hunter2' → true"),
        ("Secrets['token']", "*** → ***"),
        ("format('{0}', secrets.token)", "format('{0}', ***) → ***"),
        ("toJSON(secrets)", "toJSON(***) → ***"),
    ],
)
def test_an_evaluation_shows_what_it_came_from_and_no_secret(text: str, expanded: str) -> None:
    secrets = {"token": "hunter2"}
    assert evaluation_of(text, standing=Stands(), inputs=INPUTS, secrets=secrets).expanded == expanded


def test_an_error_tells_what_was_read_and_no_secret() -> None:
    error = error_of(
        "case(secrets.token == inputs.dry, 'a', inputs.dry, 'b', 'c')", inputs=INPUTS, secrets={"token": "t"}
    )
    assert error.values == ("secrets.token = *** (text)", "inputs.dry = 'yes' (text)")
    assert (error.position, error.length) == (1, 4)


def test_a_context_keeps_the_very_same_lists_over_evaluations() -> None:
    surroundings = Surroundings({"a": {"list": []}, "b": 1})
    scope = Scope(("a", "b"))
    first = evaluate(parse_expression("a.list", scope), surroundings).value
    assert evaluate(parse_expression("A.List", scope), surroundings).value is first

    other = surroundings.with_contexts({"B": 2})
    assert evaluate(parse_expression("a.list", scope), other).value is first
    assert evaluate(parse_expression("b", scope), other).value == 2.0
    assert evaluate(parse_expression("b", scope), surroundings).value == 1.0


def test_a_context_that_is_allowed_and_not_given_is_null() -> None:
    assert evaluate(parse_expression("matrix.os", Scope(("matrix",))), Surroundings({})).value is None


@pytest.mark.parametrize(
    "text",
    [
        "format('" + "{0}" * 5000 + "', data.text)",
        "join(data.many, data.text)",
        "toJSON(data.large)",
        "replace(data.text, 'x', data.text)",
        "fromJSON(data.longer)",
        "fromJSON(format('[{0}]', join(data.many)))",
        "split(data.text, 'x')",
        " || ".join(["!data.many.*"] * 100),
        " || ".join(["!keys(data)"] * 20_000)[:20_000].rpartition(" || ")[0] + " || !values(data.wide)" * 10,
        "upper(data.text) == lower(data.text)",
    ],
)
def test_what_would_make_more_than_a_mebibyte_is_stopped(text: str) -> None:
    wide = {str(number): 1 for number in range(20_000)}
    data = {
        "text": "x" * 300_000,
        "longer": "x" * 600_000,
        "many": ["1"] * 30_000,
        "large": ["y" * 100] * 6000,
        "wide": wide,
    }
    error = error_of(text, data=data)
    assert error.message == (
        f"The maximum allowed memory size was exceeded while evaluating the following expression: {text}"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        " || ".join(["contains(data.many, 'nothing')"] * 600),
        " || ".join(["data.text != data.text"] * 800),
        " || ".join(["data.foreign > data.foreign"] * 600),
        " || ".join(["contains(data.text, 'y')"] * 700),
        "data.digits == 1" + " || data.digits == 1" * 1000,
    ],
)
@pytest.mark.hostile("B46")
def test_what_would_take_long_is_stopped(text: str) -> None:
    data = {"text": "x" * 500_000, "many": ["1"] * 20_000, "foreign": "ß" * 300_000, "digits": "9" * 300_000}
    begun = time.process_time()
    error = error_of(text, data=data)
    assert error.message.startswith("The maximum allowed work was exceeded")
    assert time.process_time() - begun < 20


def test_expressions_of_one_text_share_their_budget() -> None:
    expression = parse_expression("format('{0}{0}', data)", Scope(("data",)))
    surroundings = Surroundings({"data": "x" * 100_000})
    spent = Spent()
    evaluate(expression, surroundings, spent=spent)
    assert 400_000 < spent.made < 500_000
    evaluate(expression, surroundings, spent=spent)
    with pytest.raises(InvalidExpressionError, match="memory size"):
        evaluate(expression, surroundings, spent=spent)
