"""A workflow's file with its parts told apart, a line at a time, as texts with the names of their classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pygments.lexers.data import YamlLexer
from pygments.token import Comment, Name, Punctuation, String

if TYPE_CHECKING:
    from collections.abc import Iterator

Piece = tuple[str, str]
"""A class's name, empty for plain text; and the text."""

_MOST_CHARACTERS: Final = 256 * 1024
"""Larger files are shown plain: telling their parts apart takes too long."""
_CLASSES: Final = (
    (Comment, "y-comment"),
    (Name.Tag, "y-key"),
    (Name.Constant, "y-text"),
    (Name.Label, "y-anchor"),
    (String, "y-text"),
    (Punctuation, "y-mark"),
)


def numbered_lines(text: str) -> list[list[Piece]]:
    """The lines of a YAML file, each in pieces; none for an empty file. Takes a while for a large one."""
    if len(text) > _MOST_CHARACTERS:
        return [[("", line)] for line in text.splitlines()]
    lines: list[list[Piece]] = [[]]
    for name, piece in _pieces(text):
        first, *others = piece.split("\n")
        if first:
            lines[-1].append((name, first))
        lines.extend([(name, other)] if other else [] for other in others)
    if not lines[-1]:
        lines.pop()
    return lines


def _pieces(text: str) -> Iterator[Piece]:
    lexer = YamlLexer(stripnl=False, ensurenl=False)
    for kind, piece in lexer.get_tokens(text):
        yield next((name for above, name in _CLASSES if kind in above), ""), piece
