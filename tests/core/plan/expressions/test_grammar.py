"""Which texts are expressions, and what they mean."""

from __future__ import annotations

import math
from typing import Any

import pytest

from core.plan.expressions.parser import parse_expression
from core.plan.expressions.scope import Scope
from tests.core.plan.expressions.asking import error_of, value_of

JOB: Any = {"name": "build", "a-b": 1, "outputs": {"list": ["x", "y"]}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        (" \t\n ", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("7", 7),
        ("+7", 7),
        ("-9.25", -9.25),
        (".5", 0.5),
        ("-.5", -0.5),
        ("4.", 4),
        ("1e3", 1000),
        ("2.5E-1", 0.25),
        ("0x1F", 31),
        ("0xffffffff", -1),
        ("0o17", 15),
        ("010", 10),
        ("Infinity", math.inf),
        ("+Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("1e999", math.inf),
        ("''", ""),
        ("'it''s'", "it's"),
        ("'one''two''three'", "one'two'three"),
        ("''''", "'"),
        ("'two\nlines'", "two\nlines"),
        ("'\u2028'", "\u2028"),
    ],
)
def test_a_literal_means_its_value(text: str, value: object) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value) or isinstance(value, int)


def test_not_a_number_is_a_keyword_and_has_no_text_that_means_it() -> None:
    assert math.isnan(value_of("NaN"))
    assert value_of("'NaN' < 1 || 'NaN' >= 1") is False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true || false && false", True),
        ("(true || false) && false", False),
        ("!true || true", True),
        ("!(true || true)", False),
        ("!!'x'", True),
        ("! ! 0", False),
        ("3 < 2 < 1", True),
        ("1 == 1 == 1", True),
        ("2 == 2 == 2", False),
        ("1 < 2 == true", True),
        ("true == 1 < 2", True),
        ("1 != 2 != true", False),
        ("!1 == 1", False),
        ("!1 == 0", True),
        ("false || '' || 0 || 'last'", "last"),
        ("1 && 'a' && 'b'", "b"),
        ("((((('deep')))))", "deep"),
        ("1==1&&2==2", True),
        ("1\u00a0==\u30001", True),
    ],
)
def test_operators_bind_as_in_github(text: str, value: object) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("job.name", "build"),
        ("JOB.Name", "build"),
        ("job . name", "build"),
        ("job [ 'name' ]", "build"),
        ("job.a-b", 1),
        ("job['a-b']", 1),
        ("(job).name", "build"),
        ("job.outputs.list[1]", "y"),
        ("job.outputs['list'][0]", "x"),
        ('fromJSON(\'{"a": {"null": 1}}\').a.null', 1),
        ("join ( job.outputs.list , '-' )", "x-y"),
        ("JOIN(job.outputs.list)", "x,y"),
    ],
)
def test_names_and_indices_ignore_case_and_blanks(text: str, value: object) -> None:
    assert value_of(text, job=JOB) == value


@pytest.mark.parametrize(
    ("text", "symbol", "position"),
    [
        ("1 1", "1", 3),
        ("'a' 'b'", "'b'", 5),
        ('job.name == "build"', '"build"', 13),
        ("job.name = 'build'", "=", 10),
        ("job.name === 'build'", "=", 12),
        ("1 + 1", "+", 3),
        ("1 -1", "-1", 3),
        ("job.name ? 1 : 2", "?", 10),
        ("'abc'[0]", "[", 6),
        ("'abc'.length", ".", 6),
        ("job..name", ".", 5),
        ("job.[0]", "[", 5),
        ("job.1", "1", 5),
        ("job.-1", "-1", 5),
        ("job.'name'", "'name'", 5),
        ("job.name(1)", "(", 9),
        ("job[]", "]", 5),
        ("job[1,2]", ",", 6),
        ("job[*]x", "x", 7),
        ("job[* == 1]", "==", 7),
        ("job[*.a]", ".", 6),
        ("job[*[0]]", "[", 6),
        ("job.*x", "x", 6),
        ("*", "*", 1),
        ("join(,)", ",", 6),
        ("join(1,)", ")", 8),
        ("join(1 2)", "2", 8),
        ("(1, 2)", ",", 3),
        ("1, 2", ",", 2),
        ("(1]", "]", 3),
        ("job[1)", ")", 6),
        (")", ")", 1),
        ("1)", ")", 2),
        ("true(1)", "(", 5),
        ("[1]", "[", 1),
        ("{a}", "{a}", 1),
        ("1_000", "1_000", 1),
        ("1.2.3", "1.2.3", 1),
        ("0b1", "0b1", 1),
        ("-0xff", "-0xff", 1),
        ("0x100000000", "0x100000000", 1),
        ("'open", "'open", 1),
        ("'open''", "'open''", 1),
        ("1&2", "&2", 2),
        ("1 & 2", "&", 3),
        ("1 &2", "&2", 3),
        ("1 | 2", "|", 3),
        ("1 == == 2", "==", 6),
        ("1 ! 2", "!", 3),
        ("! == 1", "==", 3),
        ("job.name job.name", "job", 10),
        ("job\n.name\n%", "%", 11),
        ("1 # comment", "#", 3),
        ("\x1c1", "\x1c1", 1),
    ],
)
@pytest.mark.hostile("B46")
def test_a_token_that_may_not_stand_there_is_named_with_its_place(text: str, symbol: str, position: int) -> None:
    error = error_of(text, job=JOB)
    assert error.message == (f"Unexpected symbol: '{symbol}'. Located at position {position} within expression: {text}")
    assert (error.rule, error.position, error.length) == ("E101", position, len(symbol))
    assert error.expression[position - 1 : position - 1 + error.length] == symbol


@pytest.mark.parametrize(
    ("text", "last", "position"),
    [
        ("!", "!", 1),
        ("1 ==", "==", 3),
        ("1 &&  ", "&&", 3),
        ("(", "(", 1),
        ("(1", "1", 2),
        ("job.", ".", 4),
        ("job[", "[", 4),
        ("job[0", "0", 5),
        ("job[*", "*", 5),
        ("join(", "(", 5),
        ("join(1,", ",", 7),
        ("join(1, 2", "2", 9),
        ("join((1)", ")", 8),
    ],
)
def test_an_expression_that_breaks_off_is_told_with_its_last_token(text: str, last: str, position: int) -> None:
    error = error_of(text, job=JOB)
    assert error.message == (
        f"Unexpected end of expression: '{last}'. Located at position {position} within expression: {text}"
    )
    assert error.rule == "E102"


@pytest.mark.parametrize(
    ("text", "message", "rule"),
    [
        ("nosuch.name", "Unrecognized named-value: 'nosuch'. Located at position 1", "E103"),
        ("job.name == nosuch", "Unrecognized named-value: 'nosuch'. Located at position 13", "E103"),
        ("nosuch ==", "Unrecognized named-value: 'nosuch'. Located at position 1", "E103"),
        ("nosuch(1", "Unrecognized function: 'nosuch'. Located at position 1", "E104"),
        ("job.name && Nosuch (1)", "Unrecognized function: 'Nosuch'. Located at position 13", "E104"),
        ("success()", "Unrecognized function: 'success'. Located at position 1", "E110"),
        ("hashFiles('a')", "Unrecognized function: 'hashFiles'. Located at position 1", "E110"),
        ("contains(1)", "Too few parameters supplied: 'contains'. Located at position 1", "E105"),
        ("1 == CONTAINS(1,2,3)", "Too many parameters supplied: 'CONTAINS'. Located at position 6", "E105"),
        ("toJSON()", "Too few parameters supplied: 'toJSON'. Located at position 1", "E105"),
        ("case(true, 1)", "Too few parameters supplied: 'case'. Located at position 1", "E105"),
        (
            "case(true, 1, false, 2)",
            "Even number of parameters supplied, requires an odd number of parameters: 'case'. Located at position 1",
            "E105",
        ),
    ],
)
def test_an_unknown_name_and_a_wrong_number_of_arguments_are_told_first(text: str, message: str, rule: str) -> None:
    error = error_of(text, job=JOB)
    assert error.message == f"{message} within expression: {text}"
    assert error.rule == rule
    assert error.code == "invalid_expression"
    assert error.retryable is False


def test_calls_take_at_most_255_arguments() -> None:
    assert value_of(f"format('{{0}}', {', '.join(['1'] * 254)})") == "1"
    assert error_of(f"format('{{0}}', {', '.join(['1'] * 255)})").message.startswith("Too many parameters")


@pytest.mark.parametrize(
    "text",
    [
        "!" * 49 + "1",
        "1" + " == 1" * 49,
        "job" + ".a" * 49,
        "job" + "[job" * 49 + "]" * 49,
        "toJSON(" * 49 + "1" + ")" * 49,
        "(" * 300 + "1" + ")" * 300,
        "1" + " && 1" * 500,
        "(1 || " * 40 + "1" + ")" * 40,
        "true" + " || true" * 2000,
    ],
)
def test_fifty_levels_are_taken_and_chains_and_groups_count_once(text: str) -> None:
    assert parse_expression(text, Scope(("job",))).root.depth <= 50


@pytest.mark.parametrize(
    "text",
    [
        "!" * 50 + "1",
        "1" + " == 1" * 50,
        "job" + ".a" * 50,
        "toJSON(" * 50 + "1" + ")" * 50,
        "!" * 20_000 + "1",
        "job" + "[job" * 4000 + "]" * 4000,
        "(1 && (1 || " * 30 + "1" + "))" * 30,
    ],
)
@pytest.mark.hostile("B46")
def test_more_than_fifty_levels_are_refused(text: str) -> None:
    error = error_of(text, job=JOB)
    assert error.message == "Exceeded max expression depth 50"
    assert error.rule == "E106"


def test_the_first_fault_is_told_before_the_depth() -> None:
    assert error_of("!" * 100 + "nosuch").rule == "E103"


@pytest.mark.hostile("B46")
def test_an_expression_has_at_most_21000_characters() -> None:
    assert value_of("1".rjust(21_000)) == 1
    error = error_of("1".rjust(21_001))
    assert error.message == "Exceeded max expression length 21000"
    assert "21001 characters" in error.hint
