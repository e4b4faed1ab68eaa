"""Hostile and broken files: a tree or findings, within bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.plan.findings import SourceFinding, has_errors
from core.plan.source import Scalar, Source, SourceLimits, place_within, read_source, walk

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = (
    "a: &a {" + ", ".join(f"k{number}: 1" for number in range(2000)) + "}\nb: {<<: [" + "*a, " * 5000 + "*a]}\n"
)
TEXT_BOMB = "a: &a " + "x" * 500_000 + "\nb: [" + "*a, " * 50_000 + "]\n"
MERGE_CHAIN = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 3000))


def only(source: Source) -> SourceFinding:
    (finding,) = source.findings
    assert finding.code == "E001"
    return finding


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 51 + "]" * 51, "more than 50 deep"),
        ("[" * 500_000, "more than 50 deep"),
        ("{a: " * 100_000, "more than 50 deep"),
        ("- " * 400_000, "more than 50 deep"),
        ("".join(f"{' ' * n}k:\n" for n in range(1000)), "more than 50 deep"),
        ("[" + "a," * 500_000 + "]", "more than 100,000 values"),
        (BOMB, "Aliases and merge keys make more than"),
        (MERGE_BOMB, "Aliases and merge keys make more than"),
        (TEXT_BOMB, "Aliases and merge keys make more than"),
        (MERGE_CHAIN, "With its aliases the file is nested more than 50 deep"),
        ("x" * 1_048_577, "1,048,577 bytes; at most 1,048,576"),
        ("é" * 600_000, "1,200,000 bytes"),
    ],
    ids=[
        "depth",
        "brackets",
        "braces",
        "dashes",
        "blocks",
        "values",
        "bomb",
        "merges",
        "text",
        "chain",
        "size",
        "bytes",
    ],
)
@pytest.mark.hostile("B37", "B38", "B39")
def test_a_bomb_is_refused_in_bounded_time(text: str, message: str) -> None:
    begun = time.process_time()
    source = read_source(text)
    assert message in only(source).message
    assert source.root is None
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("text", ["[" * 50 + "]" * 50, "a: b\n" + "x: " + "y" * 1_000_000])
def test_the_limits_themselves_are_allowed(text: str) -> None:
    assert read_source(text).findings == ()


def test_an_alias_counts_for_the_depth_of_what_it_stands_for() -> None:
    limits = SourceLimits(depth=3)
    assert read_source("a: &a [[1]]\nb: *a", limits=limits).findings == ()
    finding = only(read_source("a: &a [1]\nb: [[*a]]", limits=limits))
    assert (finding.place.line, finding.place.column) == (2, 6)


@pytest.mark.parametrize(
    ("content", "message", "line", "column"),
    [
        (b"", "The file is empty.", 1, 1),
        (b"\xef\xbb\xbf# nothing\n", "The file is empty.", 1, 1),
        (b"a: 1\nb: \xff", "The file is not UTF-8 from here on.", 2, 4),
        ("a: 1".encode("utf-16"), "The file is written in UTF-16.", 1, 1),
        ("a: 1\nb: x\x00", "The character U+0000 stands here; no YAML file may hold it.", 2, 5),
        ("a: \x1b[31m", "The character U+001B stands here; no YAML file may hold it.", 1, 4),
        ("a: \ud800", "The character U+D800 stands here; no YAML file may hold it.", 1, 4),
        ("a: 1\n---\nb: 2", "A second document begins here; a workflow file holds one.", 2, 1),
    ],
)  # fmt: skip
@pytest.mark.hostile("B43")
def test_what_is_no_yaml_file_is_told_by_its_cause(content: str | bytes, message: str, line: int, column: int) -> None:
    finding = only(read_source(content, file="x.yaml"))
    assert (finding.message, finding.place.line, finding.place.column) == (message, line, column)
    assert finding.file == "x.yaml"


def test_a_document_may_be_marked_and_ended() -> None:
    source = read_source("%YAML 1.2\n---\na: 1\n...\n")
    assert source.findings == ()


_PIECES = st.sampled_from([
    "a", "b: ", ": ", "- ", "\n", "\n  ", "\n\t", "[", "]", "{", "}", ",", "&x ", "*x", "<<: ", "!t ", "!!str ", "'",
    '"', "|\n", ">-\n", "#c", "${{ x }}", "\\", "\\u", "\ud83d", "\r\n", "\x85", "\u2028", "\ufeff", "é", "😀", "? ",
    "%", "---\n", "...\n", "~", "1", ".5", "0x", "''", '""', "@", "`", " ", "\x00", "d800", "\\U00110000", "=", "\t",
])  # fmt: skip


@given(st.lists(_PIECES, max_size=40).map("".join))
@example("*x : &x")
@example("? [a]\n: {<<: *x}")
@example('"\\ud83d\\ude00\ude00"')
def test_any_text_is_a_tree_or_findings(text: str) -> None:
    check(read_source(text))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_findings(content: bytes) -> None:
    check(read_source(content))


def check(source: Source) -> None:
    assert source.root is not None or has_errors(source.findings)
    lines = source.text.lines
    for finding in source.findings:
        assert 1 <= finding.place.line <= len(lines) + 1
        assert finding.render(lines).isprintable() or "\n" in finding.render(lines)
    if source.root is None:
        return
    source.root.to_plain()
    for node in walk(source.root):
        assert (node.place.line, node.place.column) <= (node.place.end_line, node.place.end_column)
        if isinstance(node, Scalar):
            place_within(source.text, node, 0, len(node.text))
