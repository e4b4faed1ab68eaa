"""What YAML refuses, in words for whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.plan.source import read_source

if TYPE_CHECKING:
    from core.plan.findings import SourceFinding


def refusal(text: str) -> SourceFinding:
    source = read_source(text)
    assert source.root is None
    (finding,) = source.findings
    assert finding.code == "E001"
    return finding


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a:\n\tb: c", 2, 1, "indented with a tab", "two spaces for each level"),
        ("a:\n  b: 1\n \tc: d", 3, 2, "indented with a tab", "two spaces"),
        ("a: [b,\n\tc: d: e]", 2, 1, "indented with a tab", "two spaces"),
        ("a: b: c", 1, 5, "A second ': ' on the line", "quote the value: 'b: c'"),
        ("run: echo 'x': y", 1, 14, "A second ': ' on the line", "quote the value"),
        ("name: x\n  image: y", 2, 3, "indented deeper than the line above, which has a value", "same indentation"),
        ("a:\n  b: 1\n c: 2", 3, 2, "The indentation of 1 space fits nothing above", "same indentation"),
        ("a:\n  - b\n c: d", 3, 2, "the mapping that began in line 1 is indented by 0", "same indentation"),
        ("- - a\n -b: c\n", 2, 2, "the list that began in line 1 is indented by 0", "same indentation"),
        ("- a\nb: c", 2, 1, "no part of it", "same indentation"),
        ("a: 1\n- b", 2, 1, "A list entry where keys stand", "same indentation"),
        ("a: - b", 1, 4, "A list cannot begin on the line of its key", "a line of its own, or write [a, b]"),
        ("needs [a]\nb: c", 1, 1, "The line above has no ':' after its key", "write needs: [a]"),
        ("a:\n  needs\n  b: c", 2, 3, "The line above has no ':' after its key", "write needs:"),
        ("a: 1\nneeds [b]", 2, 1, "A key without ':'", "write needs: [b]"),
        (": 1", 1, 1, "A key is missing before ':'", "write key: value"),
        ("\n: 1", 2, 1, "A key is missing before ':'", "write key: value"),
        ("x" * 1100 + ": y", 1, 1, "A key has at most 1,024 characters", ""),
        ("a: [b, c", 1, 4, "The '[' that begins here is never closed", "close it with ']'"),
        ("a: [b, c\nd: e\nf: g", 1, 4, "The '[' that begins here is never closed", "close it with ']'"),
        ("a: {b: c\nd: e", 1, 4, "The '{' that begins here is never closed", "close it with '}'"),
        ('{"a": 1 "b": 2}', 1, 12, "A ',' or '}' was expected here", "separate the entries by commas"),
        ("a: [b c: d e: f]", 1, 13, "A ',' or ']' was expected here", "separate the entries by commas"),
        ("a: ]", 1, 4, "A value was expected, not ']'", "quote it, or remove it"),
        ("[,]", 1, 2, "A value was expected, not ','", "quote it, or remove it"),
        ("[a]]", 1, 4, "Text follows where the document has ended", "only once"),
        ("a: 'b\nc: d", 1, 4, "The quote that begins here is never closed", "close it"),
        ('a: "b\n---\nc"', 1, 4, "The quote that begins here is never closed", "close it"),
        ("a: 'it's'", 1, 8, "Text follows the closing quote", "a single quote inside single quotes is written ''"),
        ('a: "b" c', 1, 8, "Text follows the closing quote", "quote the whole value"),
        ("a: [b] c", 1, 8, "Text follows where the value has ended", "quote the whole value"),
        ('a: "\\d+"', 1, 6, "this one does not exist", "write \\\\ for a backslash"),
        ('a: "\\xZZ"', 1, 7, "this one does not exist", "use single quotes"),
        ('a: "\\U00110000"', 1, 7, "this one does not exist", "use single quotes"),
        ("a: *.py", 1, 4, "begins an alias, and no name follows", "quote the value: '*.py'"),
        ("- &", 1, 3, "begins an anchor, and no name follows", "quote the value: '&'"),
        ("- *'x'", 1, 3, "begins an alias, and no name follows", "quote the value"),
        ("a: @x", 1, 4, "A value cannot begin with '@'", "quote it: '@x'"),
        ("a: `it's`", 1, 4, "A value cannot begin with '`'", "quote the value"),
        ("a: [${{ x }}]", 1, 5, "an expression must be quoted", "write '${{ x }}'"),
        ("a: {b: ${{ x['y'] }} }", 1, 8, "an expression must be quoted", "write \"${{ x['y'] }}\""),
        ("a: [${{ x", 1, 5, "an expression must be quoted", "write '${{ … }}'"),
        ("if: !success() && x", 1, 5, "begins a YAML tag, not a negation", "write if: ${{ !success() && x }}"),
        ("- if: !contains(a, 'b')", 1, 7, "begins a YAML tag", "write if: ${{ !contains(a, 'b') }}"),
        ("a: !e!x y", 1, 4, "begins a YAML tag, and this is none", "quote the value"),
        ("a: |x\n  b", 1, 5, "After '|' or '>' only an indicator", "begin the text on the next line"),
        ("a: > b", 1, 6, "After '|' or '>' only an indicator", "begin the text on the next line"),
        ("%YAML 3.0\n---\na", 1, 1, "is a YAML directive, and this is none", "remove the line"),
        ("%x", 1, 3, "is a YAML directive", "remove the line"),
        ("a: ? b", 1, 4, "This is not YAML: mapping keys are not allowed here", ""),
    ],
)
@pytest.mark.hostile("B43")
def test_a_text_that_is_no_yaml_is_told_where_and_how_to_mend_it(
    text: str, line: int, column: int, message: str, hint: str
) -> None:
    finding = refusal(text)
    assert (finding.place.line, finding.place.column) == (line, column)
    assert message in finding.message
    assert hint in finding.hint


def test_wrong_indentation_names_where_the_neighbours_began() -> None:
    finding = refusal("jobs:\n  a: 1\n b: 2\n")
    assert [(note.place.line, note.place.column) for note in finding.related] == [(1, 1)]


def test_control_characters_of_a_file_are_not_printed() -> None:
    finding = read_source('"\\e[31m": 1\n"\\e[31m": 2').findings[0]
    assert "\x1b" not in finding.message
