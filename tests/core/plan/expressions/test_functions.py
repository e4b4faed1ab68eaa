"""What the functions give."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.scope import Scope
from core.plan.expressions.surroundings import Surroundings
from tests.core.plan.expressions.asking import Stands, error_of, value_of

EMPTY: list[Any] = []
EMPTY_MAPPING: dict[str, Any] = {}
DATA: dict[str, Any] = {
    "list": ["Alpha", 2, True, None],
    "empty": EMPTY,
    "mapping": {"Key": "v"},
    "deep": {"a": [1, {"b": EMPTY}], "c": EMPTY_MAPPING, "quote": 'say "hi"\n', "é": "ü\u2028"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("contains('Hello World', 'WORLD')", True),
        ("contains('Hello', '')", True),
        ("contains('', '')", True),
        ("contains('', 'x')", False),
        ("contains('ΑΣ', 'ς')", True),
        ("contains(12345, 234)", True),
        ("contains(true, 'RU')", True),
        ("contains(null, '')", True),
        ("contains('abc', data.list)", False),
        ("contains('Array', data.list)", False),
        ("contains(data.list, 'ALPHA')", True),
        ("contains(data.list, 'alph')", False),
        ("contains(data.list, '2')", True),
        ("contains(data.list, 1)", True),
        ("contains(data.list, '')", True),
        ("contains(data.empty, null)", False),
        ("contains(fromJSON('[true]'), 'true')", False),
        ("contains(fromJSON('[1]'), true)", True),
        ("contains(data.list, data.list)", False),
        ("contains(data.*, data.list)", True),
        ("contains(data.mapping, 'v')", False),
        ("contains(data.mapping, 'Key')", False),
        ("startsWith('Hello', 'hE')", True),
        ("startsWith('Hello', 'lo')", False),
        ("startsWith('Hello', '')", True),
        ("startsWith(123, 12)", True),
        ("startsWith(data.list, '')", False),
        ("startsWith('Array', data.list)", False),
        ("endsWith('Hello', 'LO')", True),
        ("endsWith('Hello', 'He')", False),
        ("endsWith(true, 'UE')", True),
        ("endsWith(data.mapping, '')", False),
    ],
)
def test_searching_ignores_case(text: str, value: bool) -> None:
    assert value_of(text, data=DATA) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("format('plain')", "plain"),
        ("format('{0}-{1}-{0}', 'a', 2)", "a-2-a"),
        ("format('{{0}}', 1)", "{0}"),
        ("format('{{{0}}}', 1)", "{1}"),
        ("format('{007}', 0, 1, 2, 3, 4, 5, 6, 'bond')", "bond"),
        ("format('{0:}', 1)", "1"),
        ("format('{0}{1}', null, false)", "false"),
        ("format('{0} {1}', data.list, data.mapping)", "Array Object"),
        ("format(null)", ""),
        ("format(12)", "12"),
        ("format('}}{{')", "}{"),
        ("format('{0}', '{1}')", "{1}"),
        ("format('{1}', fromJSON('bad'), 'second')", "second"),
    ],
)
def test_a_format_is_filled_in(text: str, value: str) -> None:
    assert value_of(text, data=DATA) == value


@pytest.mark.parametrize(
    "text",
    ["{", "}", "{}", "{0", "0}", "{0}}", "{{0}", "{ 0}", "{0 }", "{-1}", "{a}", "{0:x", "{0:x}}", "{256}", "{00256}",
     "{99999999999999999999}", "{\u0661}", "}{0}"],
)  # fmt: skip
def test_a_format_with_a_brace_that_fits_nothing_is_told(text: str) -> None:
    error = error_of("'x' == format(form, 1)", form=text)
    assert error.message == f"The following format string is invalid: {text}"
    assert (error.rule, error.position, error.length) == ("E109", 8, 6)


def test_a_format_that_names_an_argument_that_is_not_there_is_told() -> None:
    error = error_of("format('{0} {2}', 1, fromJSON('bad'))")
    assert error.message == "The following format string references more arguments than were supplied: {0} {2}"


@pytest.mark.parametrize(
    ("argument", "kind"),
    [("1", "Number"), ("'x'", "String"), ("true", "Boolean"), ("null", "Null"), ("data.list", "Array"),
     ("data.list.*", "Array"), ("data", "Object")],
)  # fmt: skip
def test_values_cannot_be_given_a_form(argument: str, kind: str) -> None:
    error = error_of(f"format('{{0:yy}}}}y}}', {argument})", data=DATA)
    assert error.message == f"The format specifiers 'yy}}y' are not valid for objects of type '{kind}'"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("join(data.list)", "Alpha,2,true,"),
        ("join(data.list, ' | ')", "Alpha | 2 | true | "),
        ("join(data.list, null)", "Alpha2true"),
        ("join(data.list, 0)", "Alpha020true0"),
        ("join(data.list, data.list)", "Alpha,2,true,"),
        ("join(data.empty, '-')", ""),
        ("join(fromJSON('[\"one\"]'), fromJSON('bad'))", "one"),
        ("join(data.*)", "Array,Array,Object,Object"),
        ("join('text', '-')", "text"),
        ("join(12)", "12"),
        ("join(null)", ""),
        ("join(data.mapping)", ""),
    ],
)
def test_items_are_joined(text: str, value: str) -> None:
    assert value_of(text, data=DATA) == value


def test_json_is_written_with_two_blanks_a_level() -> None:
    text = value_of("toJSON(data.deep)", data=DATA)
    assert text == json.dumps(DATA["deep"], indent=2, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("toJSON(null)", "null"),
        ("toJSON(true)", "true"),
        ("toJSON(1e15)", "1E+15"),
        ("toJSON(NaN)", "NaN"),
        ("toJSON('a\"\\')", '"a\\"\\\\"'),
        ("toJSON('\x01\x7f')", '"\\u0001\x7f"'),
        ("toJSON(data.empty)", "[]"),
        ("toJSON(fromJSON('{}'))", "{}"),
        ("toJSON(data.mapping)", '{\n  "Key": "v"\n}'),
        ("toJSON(data.mapping.*)", '[\n  "v"\n]'),
    ],
)
def test_json_is_written_as_github_writes_it(text: str, value: str) -> None:
    assert value_of(text, data=DATA) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (' {"a": [1, -2.5e1, true, null]} ', {"a": [1, -25, True, None]}),
        ('"\\u00e9\\ud83d\\ude00"', "é😀"),
        ('"\\ud83d and \\ude00"', "\ufffd and \ufffd"),
        ('"\\\\ud83d"', "\\ud83d"),
        ('{"a": 1, "A": 2}', {"a": 1}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("[" * 100 + "]" * 100, json.loads("[" * 100 + "]" * 100)),
        ('"' + "[" * 500 + '"', "[" * 500),
        ("1e999 ", float("inf")),
        ("true", True),
    ],
)
def test_json_is_read_strictly(text: str, value: object) -> None:
    assert value_of("fromJSON(given)", given=text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is empty"),
        (" \n", "the text is empty"),
        ("nope", "expecting value at offset 0"),
        ("{'a': 1}", "offset 1"),
        ("[1,]", "offset"),
        ('{"a": 1,}', "offset"),
        ("1 2", "extra data at offset 2"),
        ("// x\n1", "offset 0"),
        ("NaN", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ('"open', "offset 0"),
        ('"\n"', "offset 1"),
        ("[" * 101 + "]" * 101, "more than 100 levels at offset 100"),
        ("\ufeff1", "offset 0"),
        ("01", "offset 1"),
    ],
)
def test_what_is_not_json_is_told_with_its_offset(text: str, message: str) -> None:
    error = error_of("fromJSON(given)", given=text)
    assert error.message.startswith("Error parsing fromJson: ")
    assert message in error.message


def test_cases_are_looked_at_until_one_holds() -> None:
    assert value_of("case(false, fromJSON('bad'), true, 'two', fromJSON('bad'), 3, 4)") == "two"
    assert value_of("CASE(false, 1, 1 == 2, 2, 'otherwise')") == "otherwise"


@pytest.mark.parametrize("condition", ["1", "'true'", "null", "data.list", "''"])
def test_a_case_asks_for_a_boolean(condition: str) -> None:
    error = error_of(f"case(false, 1, {condition}, 2, 3)", data=DATA)
    assert error.message == "case predicate must evaluate to a boolean value"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("length('abc')", 3),
        ("length('😀')", 1),
        ("length(data.list)", 4),
        ("length(data.mapping)", 1),
        ("length(null)", 0),
        ("length(true)", 4),
        ("lower('ABC ÄÖ')", "abc äö"),
        ("upper('abc äö')", "ABC ÄÖ"),
        ("upper(true)", "TRUE"),
        ("trim('\t a b \u2003\n')", "a b"),
        ("replace('a-b-c', '-', '+')", "a+b+c"),
        ("replace('aaa', 'aa', 'b')", "ba"),
        ("replace('Abab', 'a', '')", "Abb"),
        ("replace('abc', '', 'x')", "abc"),
        ("split('a,b,,c', ',')", ["a", "b", "", "c"]),
        ("split('', ',')", []),
        ("split('abc', ', ')", ["abc"]),
        ("split('abc', ', ')[0]", "abc"),
        ("keys(data.deep)", ["a", "c", "quote", "é"]),
        ("keys(data.list)", []),
        ("values(data.mapping)", ["v"]),
        ("values('x')", []),
        ("values(data)[2] == data.mapping", True),
        ("coalesce(null, '', data.nothing, 'x', fromJSON('bad'))", "x"),
        ("coalesce(null, false)", False),
        ("coalesce(0, 1)", 0),
        ("coalesce('', null)", None),
        ("LOWER('A')", "a"),
    ],
)
def test_our_own_functions(text: str, value: object) -> None:
    assert value_of(text, data=DATA) == value


def test_nothing_can_be_split_at_nothing() -> None:
    assert error_of("split('abc', '')").message == "The separator of split must not be empty"


def test_our_own_functions_can_be_turned_off() -> None:
    error = error_of("length('abc')", own=False)
    assert error.message.startswith("Unrecognized function: 'length'")
    assert "expressions: github" in error.hint
    assert value_of("contains('abc', 'b')", own=False) is True


@pytest.mark.parametrize(
    ("text", "own", "value"),
    [
        ("success()", "success", True),
        ("success()", "failure", False),
        ("failure()", "failure", True),
        ("failure()", "cancelled", False),
        ("cancelled()", "cancelled", True),
        ("always()", "cancelled", True),
        ("Always()", "failure", True),
        ("!cancelled()", "failure", True),
        ("success('build')", "failure", True),
        ("success('build', 'lint')", "success", False),
        ("failure('lint')", "success", True),
        ("failure('build')", "failure", False),
    ],
)
def test_status_functions_ask_how_things_stand(text: str, own: str, value: bool) -> None:
    standing = Stands(own, (("build", "success"), ("lint", "failure")))
    assert value_of(text, standing=standing) is value


def test_status_functions_take_names_of_jobs_only_where_there_are_jobs() -> None:
    scope = Scope(status=True)
    assert evaluate(parse_expression("success()", scope), Surroundings({}, standing=Stands())).value is True
    with pytest.raises(Exception, match="Too many parameters supplied: 'success'") as raised:
        parse_expression("success('build')", scope)
    assert getattr(raised.value, "hint", "") == "success() was given 1 argument"


def test_files_are_hashed_by_whoever_has_them() -> None:
    asked: list[list[str]] = []

    def hash_files(globs: Any) -> str:
        asked.append(list(globs))
        return "abc"

    expression = parse_expression("hashFiles('**/*.py', format('!{0}', 'x'))", Scope(files=True))
    assert evaluate(expression, Surroundings({}, hash_files=hash_files)).value == "abc"
    assert asked == [["**/*.py", "!x"]]


@pytest.mark.parametrize("text", ["success()", "cancelled()", "hashFiles('a')"])
def test_what_nobody_can_answer_is_told(text: str) -> None:
    expression = parse_expression(text, Scope(status=True, files=True))
    with pytest.raises(Exception, match="cannot be answered here"):
        evaluate(expression, Surroundings({}))


def test_explanations_leave_out_texts_that_hold_a_secret() -> None:
    surroundings = Surroundings(
        {"env": {"KEY": "long-before sesame", "OTHER": "plain"}}, has_secret=lambda text: "sesame" in text
    )
    scope = Scope(contexts=("env",))
    for text, expanded in (
        ("env.KEY == env.OTHER", "*** == 'plain' → false"),
        ("env.KEY", "*** → ***"),
        ("format('{0}', env.OTHER)", "format('{0}', 'plain') → 'plain'"),
    ):
        found = evaluate(parse_expression(text, scope), surroundings.with_contexts({}))
        assert found.expanded == expanded
    assert str(found.readings[0]) == "env.OTHER = 'plain' (text)"
