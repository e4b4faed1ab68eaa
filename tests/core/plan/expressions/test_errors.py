"""What an error says to do, and how it looks."""

from __future__ import annotations

from typing import Any

import pytest

from core.plan.expressions.faults import line_and_column, render
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.scope import Scope
from tests.core.plan.expressions.asking import error_of

JOB: Any = {"name": "build"}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('job.name == "build"', "texts take single quotes: 'build'"),
        ('job.name == "two words"', "texts take single quotes: 'two words'"),
        ('job.name == "it\'s"', "texts take single quotes: 'it''s'"),
        ('job.name == "open', "texts take single quotes: '…'"),
        ("job.name == `build`", "texts take single quotes"),
        ("job.name = 'x'", "compare with =="),
        ("job.name === 'x'", "compare with =="),
        ("job.name and job.name", "use &&, ||, !x"),
        ("job.name or job.name", "use &&, ||, !x"),
        ("not job.name", "use &&, ||, !x"),
        ("job.name AND job.name", "use &&, ||, !x"),
        ("job & job", "use && for and"),
        ("job | job", "use || for or"),
        ("True", "keywords are true, false, null, NaN, Infinity, in this case"),
        ("job.name == None", "keywords are true, false, null"),
        ("NULL", "keywords are true, false, null"),
        ("infinity", "keywords are true, false, null"),
        ("job.name ? 'a' : 'b'", "case(condition, a, b)"),
        ("if job.name", "case(condition, a, b)"),
        ("1 + 1", "there is no arithmetic"),
        ("job.name - 1", "there is no arithmetic"),
        ("job.name -1", "there is no arithmetic"),
        ("2 * 2", "there is no arithmetic"),
        ("4 / 2", "there is no arithmetic"),
        ("4 % 2", "there is no arithmetic"),
        ("contains([1, 2], 1)", "write lists and mappings as fromJSON('[1, 2]')"),
        ("'abc'[0]", "write lists and mappings"),
        ("{a: 1}", "write lists and mappings"),
        ("'a' in job.name", "use contains(y, x)"),
        ("in(job.name, 'a')", "use contains(y, x)"),
        ("job.name.includes('a')", "there are no methods"),
        ("job.name == $NAME", "use env.NAME"),
        ("job.name == ${NAME}", "use env.NAME"),
        ("$(date)", "use env.NAME"),
        ("job.1", "write ['1'] instead of .1"),
        ("job.$x", "write ['$x'] instead of .$x"),
        ("job.full name", "a key with a blank in it is written ['…']"),
        ("job.name 'x'", "an operator is missing before it"),
        ("'open", "close the text with '"),
        ("'", "close the text with '"),
        ("job.name == )", "it closes nothing that is open"),
        ("1, 2", "a comma stands between the arguments of a call only"),
        ("== 1", "an operand is expected"),
        ("1 ==", "an operand must follow =="),
        ("job.", "a property or * must follow"),
        ("(1", "close what is open with ) or ]"),
        ("contains 'a'", "call it: contains(search, item)"),
        ("contains", "call it: contains(search, item)"),
        ("jbo.name", "did you mean 'job'?; contexts here: job"),
        ("nothingalike", "contexts here: job"),
        ("matrix.os", "not available in a job's name; contexts here: job"),
        ("contain('a', 'b')", "did you mean 'contains'?; functions here: contains, startsWith"),
        ("tojsn(1)", "did you mean 'toJSON'?"),
        ("always()", "available in if, unless and retry.if only"),
        ("hashFiles('x')", "where there is a workspace"),
        ("toJSON()", "toJSON(value) was given 0 arguments"),
        ("toJSON(1, 2)", "toJSON(value) was given 2 arguments"),
        ("case(true)", "case(condition, value, ..., otherwise) was given 1 argument"),
    ],
)
def test_a_mistake_comes_with_what_to_write_instead(text: str, hint: str) -> None:
    scope = Scope(("job",), elsewhere=("matrix",), where="a job's name")
    with pytest.raises(Exception, match=r".") as raised:
        parse_expression(text, scope)
    assert hint in getattr(raised.value, "hint", "")


def test_a_bare_word_where_nothing_can_be_named_is_taken_for_a_text() -> None:
    assert error_of("main").hint == "a text takes single quotes: 'main'"
    assert error_of("main == 1").hint == "there are no contexts here"


def test_a_context_of_another_place_is_told_apart_from_one_of_no_place() -> None:
    scope = Scope(("job",), elsewhere=("matrix",))
    rules: list[str] = []
    for text in ("matrix.os", "nosuch.os"):
        with pytest.raises(Exception, match="Unrecognized named-value") as raised:
            parse_expression(text, scope)
        rules.append(getattr(raised.value, "rule", ""))
    assert rules == ["E110", "E103"]


def test_an_error_is_shown_with_its_line_and_token() -> None:
    error = error_of("job.name == 'a'\n\t&& job.name == \"push\"", job=JOB)
    assert line_and_column(error) == (2, 17)
    assert render(error).split("\n")[2:] == [
        "  |",
        '  |  && job.name == "push"',
        "  |                 ^~~~~~",
        "  = hint: texts take single quotes: 'push'",
    ]


def test_a_long_line_is_shown_around_the_token() -> None:
    error = error_of("1 == 1 && " * 100 + "oops" + " && 1" * 100)
    lines = render(error).split("\n")
    shown, mark = lines[-3], lines[-2]
    assert len(shown) <= 164
    assert shown[mark.index("^") :].startswith("oops ")
    assert mark.count("~") == 3


def test_an_error_about_the_whole_is_shown_without_a_mark() -> None:
    error = error_of("!" * 60 + "1")
    assert line_and_column(error) == (1, 1)
    assert render(error) == f"{error.message}\n  = hint: {error.hint}"


def test_an_error_of_evaluation_is_shown_with_what_was_read() -> None:
    error = error_of("case(job.name, 1, 2)", job=JOB)
    assert render(error).split("\n") == [
        "case predicate must evaluate to a boolean value",
        "  |",
        "  | case(job.name, 1, 2)",
        "  | ^~~~",
        "  = hint: compare it, such as inputs.dry == 'yes'",
        "  = read: job.name = 'build' (text)",
    ]
