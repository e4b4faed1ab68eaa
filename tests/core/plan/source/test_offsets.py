"""From a character of a scalar to its place in the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan.findings import Place
from core.plan.source import MappingNode, Scalar, Source, place_within, read_source


def read(text: str) -> tuple[Source, Scalar]:
    source = read_source(text)
    assert isinstance(source.root, MappingNode)
    node = source.root.get("k")
    assert isinstance(node, Scalar)
    return source, node


def place_of(text: str, word: str) -> Place:
    source, node = read(text)
    start = node.text.index(word)
    return place_within(source.text, node, start, start + len(word))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("k: a TOKEN b", 1, 6),
        ("k: &x !!str a TOKEN", 1, 15),
        ("k: a\n   b\n\n   c TOKEN", 4, 6),
        ("k: 'it''s a TOKEN'", 1, 13),
        ("k: 'a\n   b\n\n   c ''TOKEN'''", 4, 8),
        (r'k: "a\tb\x41é😀\u0041 TOKEN"', 1, 22),
        (r'k: "\ud83d\ude00 TOKEN"', 1, 18),
        ('k: "a\n  b \\\n   \\ c\n\n\n  TOKEN"', 6, 3),
        ("k: |\n  a\n  b TOKEN\n", 3, 5),
        ("k: |2-\n    a\n   TOKEN\n", 3, 4),
        ("k: |+\n\n\n  a\n\n  TOKEN\n\n", 6, 3),
        ("k: >\n  a\n  b\n\n  c TOKEN d\n", 5, 5),
        ("k: >\n  a\n    more\n    TOKEN\n\n  b\n", 4, 5),
        ("k: >\n\n  a\n  \n\n  TOKEN\n", 6, 3),
        ("k: >-\n  a\n  a\n  a TOKEN\n  a\n", 4, 5),
        ("k: |\r\n  a\r\n  TOKEN\r\n", 3, 3),
        ("k: 'a\r\n  TOKEN'", 2, 3),
        ("k: &x |\n  a\n  TOKEN\n", 3, 3),
    ],
)
def test_a_token_inside_a_scalar_is_placed_to_the_character(text: str, line: int, column: int) -> None:
    assert place_of(text, "TOKEN") == Place(line, column, line, column + 5)


def test_a_token_over_several_lines_ends_in_the_last() -> None:
    assert place_of("k: |\n  ${{ a &&\n    b }}\n", "${{ a &&\n  b }}") == Place(2, 3, 3, 9)


def test_an_escape_within_a_token_is_as_long_as_it_was_written() -> None:
    assert place_of(r'k: "a\tb c"', "a\tb") == Place(1, 5, 1, 9)


def test_offsets_beyond_the_text_are_its_end() -> None:
    source, node = read("k: abc")
    assert place_within(source.text, node, 3, 3) == Place(1, 7, 1, 7)
    assert place_within(source.text, node, 9, 12) == Place(1, 7, 1, 7)


_LINES = st.lists(st.text(alphabet="ab '\\\t#:é😀", max_size=6), min_size=1, max_size=6)


@given(_LINES, st.sampled_from(["|", ">", "|-", ">-", "|+", ">+"]))
def test_every_character_of_a_block_is_found_in_its_line(lines: list[str], header: str) -> None:
    text = f"k: {header}\n" + "".join(f"  x{line}\n" for line in lines)
    check(text)


@given(_LINES, st.sampled_from(["", "'", '"']))
def test_every_character_of_a_flow_scalar_is_found(lines: list[str], quote: str) -> None:
    body = "\n  ".join(lines)
    if quote == "'":
        body = body.replace("'", "''")
    elif quote == '"':
        body = body.replace("\\", "\\\\")
    check(f"k: {quote}x{body}{quote}\n")


def check(text: str) -> None:
    source = read_source(text)
    if not isinstance(source.root, MappingNode) or len(source.root.entries) != 1:
        return
    node = source.root.get("k")
    assert isinstance(node, Scalar)
    for position, character in enumerate(node.text):
        place = place_within(source.text, node, position, position + 1)
        if character not in "\n ":
            assert source.text.content[source.text.offset(place.line, place.column)] == character
