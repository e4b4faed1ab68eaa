"""Texts with expressions in them, and conditions."""

from __future__ import annotations

from typing import Any, Final

import pytest

from core.errors import InvalidExpressionError
from core.plan.expressions.parser import Expression, parse_expression
from core.plan.expressions.scope import Scope
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import plain
from core.plan.interpolate import (
    Hole,
    find_holes,
    interpolate,
    interpolate_text,
    join_conditions,
    parse_bare,
    parse_condition,
    parse_template,
)
from tests.core.plan.expressions.asking import Stands

ENV: Final[dict[str, Any]] = {"NAME": "app", "LIST": ["a", "b"], "MAP": {"x": 1}, "N": 3, "NONE": None}
SCOPE: Final = Scope(("env",), status=True)


def surroundings(own: str = "success") -> Surroundings:
    return Surroundings({"env": ENV}, standing=Stands(own))


def filled(text: str) -> Any:
    return plain(interpolate(parse_template(text, SCOPE), surroundings()))


def fault_of(text: str) -> InvalidExpressionError:
    with pytest.raises(InvalidExpressionError) as raised:
        parse_template(text, SCOPE)
    return raised.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$NAME ${NAME} {{ NAME }} }}", "$NAME ${NAME} {{ NAME }} }}"),
        ("${{ env.NAME }}", "app"),
        ("${{env.NAME}}", "app"),
        ("${{\n  env.NAME\n}}", "app"),
        ("${{ env.N }}", 3),
        ("${{ env.N == 3 }}", True),
        ("${{ env.NONE }}", None),
        ("${{ env.LIST }}", ["a", "b"]),
        ("${{ env.MAP }}", {"x": 1}),
        (" ${{ env.N }}", " 3"),
        ("${{ env.N }}\n", "3\n"),
        ("${{ env.NAME }}:${{ env.N }}", "app:3"),
        ("[${{ env.NONE }}]", "[]"),
        ("x${{ env.LIST }}${{ env.MAP }}", "xArrayObject"),
        ("x${{ 1e15 }}", "x1E+15"),
        ("$${{ 1 }}}", "$1}"),
        ("${{ '}}' }}", "}}"),
        ("${{ '${{' }}", "${{"),
        ("${{ '${{ env.NAME }}' }}", "${{ env.NAME }}"),
        ("${{ 'it''s }}' }}.", "it's }}."),
        ("a ${{ env.NAME }} 'b ${{ env.N }}' c", "a app 'b 3' c"),
        ("${ {env.NAME}}", "${ {env.NAME}}"),
    ],
)
@pytest.mark.hostile("B48")
def test_expressions_in_a_text_are_filled_in(text: str, value: object) -> None:
    assert filled(text) == value


def test_the_text_of_a_whole_value_can_be_asked_for() -> None:
    assert interpolate_text(parse_template("${{ env.N }}", SCOPE), surroundings()) == "3"
    assert interpolate_text(parse_template("${{ env.LIST }}", SCOPE), surroundings()) == "Array"


def test_a_template_tells_what_it_is_made_of() -> None:
    template = parse_template("a ${{ env.N }} b", SCOPE)
    assert [part if isinstance(part, str) else part.expression.text for part in template.parts] == ["a ", "env.N", " b"]
    assert (template.is_literal, template.is_whole, len(template.slots)) == (False, False, 1)
    assert parse_template("${{ 1 }}", SCOPE).is_whole
    assert parse_template("x", SCOPE).is_literal
    assert parse_template("", SCOPE).is_literal


def test_every_expression_of_a_text_is_found_with_its_place() -> None:
    text = "é ${{ a }}\n${{  'x}}' }}${{b}}"
    holes = find_holes(text)
    assert holes == (Hole(2, 10, 6, "a"), Hole(11, 24, 16, "'x}}'"), Hole(24, 30, 27, "b"))
    assert [text[hole.offset : hole.offset + len(hole.expression)] for hole in holes] == ["a", "'x}}'", "b"]


@pytest.mark.parametrize("text", ["a ${{ env.NAME", "${{", "${{ 'x }}", "${{ 1 }} ${{ 'it''s }}", "${{ } }"])
def test_an_expression_without_an_end_is_told(text: str) -> None:
    error = fault_of(text)
    assert error.message == (
        "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found."
    )
    assert error.rule == "E107"
    assert text[error.offset :].startswith("${{")


@pytest.mark.parametrize("text", ["${{}}", "x ${{   }}", "${{ \n }}"])
def test_nothing_in_the_braces_is_told(text: str) -> None:
    error = fault_of(text)
    assert (error.message, error.rule) == ("An expression was expected", "E108")


def test_a_fault_counts_from_its_expression_and_tells_where_that_begins() -> None:
    text = "one ${{ env.N }} two ${{   nosuch.x }}"
    error = fault_of(text)
    assert "Located at position 1 within expression: nosuch.x" in error.message
    assert (error.position, error.offset) == (1, text.index("nosuch"))


def test_a_text_that_would_become_too_long_is_stopped() -> None:
    template = parse_template("${{ env.BIG }}" * 10, SCOPE)
    with pytest.raises(InvalidExpressionError, match="memory size"):
        interpolate(template, Surroundings({"env": {"BIG": "x" * 100_000}}))


def test_the_expressions_of_a_text_share_what_they_may_make() -> None:
    template = parse_template("${{ length(format('{0}', env.BIG)) }} " * 20, SCOPE)
    with pytest.raises(InvalidExpressionError, match="memory size"):
        interpolate(template, Surroundings({"env": {"BIG": "x" * 100_000}}))


def test_a_long_text_of_its_own_is_no_fault() -> None:
    text = "x" * 2_000_000 + "${{ 1 }}"
    assert len(filled(text)) == 2_000_001


@pytest.mark.parametrize(
    ("text", "own", "runs"),
    [
        (None, "success", True),
        (None, "failure", False),
        ("", "success", True),
        (" \n", "cancelled", False),
        ("true", "success", True),
        ("true", "failure", False),
        ("${{ true }}", "failure", False),
        ("  ${{ true }}\n", "success", True),
        ("env.NAME == 'app'", "success", True),
        ("env.NAME == 'other'", "success", False),
        ("'false'", "success", True),
        ("always()", "failure", True),
        ("${{ always() }}", "cancelled", True),
        ("failure() || env.NONE", "failure", True),
        ("failure() && false", "failure", False),
        ("true || 'success()'", "failure", False),
        ("format('{0}', cancelled()) == 'false'", "failure", True),
        ("contains('}}', '}')", "success", True),
        ("env.N", "success", True),
        ("env.NONE", "success", False),
    ],
)
def test_a_condition_implies_success_unless_it_asks_for_the_status_itself(
    text: str | None, own: str, runs: bool
) -> None:
    assert parse_condition(text, SCOPE).decide(surroundings(own)).runs is runs


def test_a_decision_tells_what_it_came_from() -> None:
    decision = parse_condition("env.NAME == 'other'", SCOPE).decide(surroundings())
    assert decision.evaluation.expanded == "success() && 'app' == 'other' → false"


def test_a_condition_tells_whether_success_was_implied() -> None:
    assert parse_condition("true", SCOPE).is_implied
    assert not parse_condition("!cancelled()", SCOPE).is_implied


@pytest.mark.parametrize(
    "text",
    [
        "${{ true }} && false",
        "!${{ false }}",
        "${{ true }} ${{ true }}",
        "x${{ true }}",
        "env.N == ${{ 3 }}",
        "${{ 1 }};",
    ],
)
def test_text_around_a_condition_is_told(text: str) -> None:
    with pytest.raises(InvalidExpressionError, match=r"text outside of \$\{\{ \}\}") as raised:
        parse_condition(text, SCOPE)
    assert raised.value.rule == "E114"


@pytest.mark.parametrize(
    ("text", "rule", "offset"),
    [("  nosuch", "E103", 2), (" ${{ nosuch }}", "E103", 5), ("${{ }}", "E108", 0), ("${{ 1", "E107", 0)],
)
def test_a_fault_in_a_condition_tells_where_its_expression_begins(text: str, rule: str, offset: int) -> None:
    with pytest.raises(InvalidExpressionError) as raised:
        parse_condition(text, SCOPE)
    assert (raised.value.rule, raised.value.offset) == (rule, offset)


def bare(text: str) -> Expression | None:
    return parse_bare(text, SCOPE)


@pytest.mark.parametrize(
    ("runs_if", "unless", "status", "written"),
    [
        ("", "", "success", "success()"),
        ("", "", "failure", "failure()"),
        ("env.N", "", "always", "always() && env.N"),
        ("", "env.N == 3", "success", "success() && !(env.N == 3)"),
        ("env.N || env.NAME", "env.NONE", "success", "success() && (env.N || env.NAME) && !env.NONE"),
        ("env.N && env.NAME", "cancelled()", "success", "env.N && env.NAME && !cancelled()"),
        ("always()", "env.N", "success", "always() && !env.N"),
        ("failure()", "", "success", "failure()"),
    ],
)
def test_if_and_unless_and_the_status_asked_for_become_one_condition(
    runs_if: str, unless: str, status: str, written: str
) -> None:
    condition = join_conditions(bare(runs_if), bare(unless), SCOPE, status=status)
    assert condition.expression.root == parse_expression(written, SCOPE).root
    assert condition.expression.text in {runs_if, unless, written}


def test_a_fault_of_two_joined_conditions_is_shown_in_the_joined_text() -> None:
    condition = join_conditions(bare("env.N"), bare("fromJSON('bad')"), SCOPE)
    with pytest.raises(InvalidExpressionError) as raised:
        condition.decide(surroundings())
    error = raised.value
    assert error.expression == "success() && env.N && !fromJSON('bad')"
    assert error.position is not None
    assert error.expression[error.position - 1 :].startswith("fromJSON")
