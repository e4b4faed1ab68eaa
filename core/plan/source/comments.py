"""A file's comments: PyYAML drops them, and some of them are said to us."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.findings import Place
    from core.plan.source.text import SourceText
    from core.plan.source.written import Document

_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#[^\r\n]*", re.MULTILINE)
_LINE_END: Final = re.compile(r"[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment, without its ``#`` and the blanks around it.

    Attributes:
        text: What it says.
        place: Where it stands, from the ``#``.
        is_alone: Whether nothing else stands on the line.
    """

    text: str
    place: Place
    is_alone: bool


def comments_of(text: SourceText, document: Document) -> tuple[Comment, ...]:
    """Every comment of the first document, in order. What looks like one inside a scalar is none."""
    content = text.content
    if "#" not in content:
        return ()
    found: list[Comment] = []
    for start, end in _between_scalars(content, document):
        for match in _COMMENT.finditer(content, start, end):
            place = text.place(match.start(), match.end())
            alone = not content[match.start() - place.column + 1 : match.start()].strip()
            found.append(Comment(match.group()[1:].strip(), place, alone))
    return tuple(found)


def _between_scalars(content: str, document: Document) -> Iterator[tuple[int, int]]:
    """The stretches of the file that no scalar fills. A block's first line belongs to none: it may end in a comment."""
    at = 0
    for scalar in document.scalars:
        start, end = scalar.start, scalar.end
        if scalar.style in ("|", ">"):
            header = _LINE_END.match(content, _indicator(content, start, scalar.style))
            start = header.end() if header else start
            end = start + len(content[start:end].rstrip())
        if start > at:
            yield at, start
        at = max(at, end)
    yield at, len(content) if document.second is None else document.second


def _indicator(content: str, start: int, style: str) -> int:
    """Where the ``|`` or ``>`` of a block stands, behind its anchor and tag."""
    return max(content.find(style, start), start)
