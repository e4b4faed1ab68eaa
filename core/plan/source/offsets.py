"""From a character of a scalar's text to the place where it was written: expressions are reported to the character."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.plan.source.nodes import Style

if TYPE_CHECKING:
    from core.plan.findings import Place
    from core.plan.source.nodes import Scalar
    from core.plan.source.text import SourceText

_BREAK: Final = re.compile(r"\r\n?|\n")
_FOLD: Final = re.compile(r"[ \t]*(?:(?:\r\n?|\n)[ \t]*)+")
_ESCAPE: Final = re.compile(r"\\(?:x..|u....|U........|[ \t]*(?:\r\n?|\n)[ \t]*|.)", re.DOTALL)


def place_within(text: SourceText, scalar: Scalar, start: int, end: int, offsets: list[int] | None = None) -> Place:
    """Where the characters of ``scalar.text`` from offset ``start`` up to ``end`` were written.

    Args:
        text: The file that holds the scalar.
        scalar: A node of that file.
        start: The offset of the first character meant.
        end: The offset behind the last.
        offsets: The scalar's `raw_offsets`, if they are known.
    """
    origin = text.offset(scalar.place.line, scalar.place.column)
    offsets = raw_offsets(scalar) if offsets is None else offsets
    start, end = min(start, len(scalar.text)), min(end, len(scalar.text))
    first = last = offsets[start]
    if end > start:
        last = offsets[end - 1]
        is_spelled_longer = scalar.style in (Style.SINGLE, Style.DOUBLE) and scalar.raw[last] in "\\'"
        last = offsets[end] if is_spelled_longer else last + 1
    return text.place(origin + first, origin + last)


def raw_offsets(scalar: Scalar) -> list[int]:
    """For each character of a scalar's text, and for its end, the offset in ``scalar.raw``."""
    if scalar.style is Style.PLAIN and len(scalar.raw) == len(scalar.text):
        return list(range(len(scalar.text) + 1))
    found = _of_block(scalar) if scalar.style in (Style.LITERAL, Style.FOLDED) else _of_flow(scalar)
    end = len(scalar.raw) - (1 if scalar.style in (Style.SINGLE, Style.DOUBLE) else 0)
    missing = len(scalar.text) - len(found)
    return [*found[: len(scalar.text)], *[end] * (missing + 1 if missing > 0 else 1)]


def _of_flow(scalar: Scalar) -> list[int]:
    """Plain and quoted: folded line breaks, doubled quotes and escapes are one or no character."""
    raw, style = scalar.raw, scalar.style
    at = 0 if style is Style.PLAIN else 1
    end = len(raw) - at
    found: list[int] = []
    while at < end:
        if style is Style.DOUBLE and raw[at] == "\\" and (escape := _ESCAPE.match(raw, at, end)):
            is_joint = escape.group()[1:].strip(" \t\r\n") == "" and _BREAK.search(escape.group()) is not None
            width = 0 if is_joint else _width(escape.group(), scalar.text, len(found))
            found += [at] * width
            at = escape.end()
        elif raw[at] in " \t\r\n" and (fold := _FOLD.match(raw, at, end)):
            breaks = list(_BREAK.finditer(raw, at, fold.end()))
            found += [each.start() for each in breaks[1:]] or [breaks[0].start()]
            at = fold.end()
        else:
            found.append(at)
            at += 2 if style is Style.SINGLE and raw[at] == "'" else 1
    return found


def _width(escape: str, text: str, position: int) -> int:
    """How many characters an escape stands for: the second half of a surrogate pair has been told with the first."""
    is_second_half = escape[1] == "u" and escape[2:3] in "dD" and escape[3:4] in tuple("cdefCDEF")
    return 0 if is_second_half and position and ord(text[position - 1]) > 0xFFFF else 1


def _of_block(scalar: Scalar) -> list[int]:
    """Literal and folded: each line of the text stands in its line of the file, behind the indentation."""
    raw, text = scalar.raw, scalar.text
    found: list[int] = []
    indent = -1
    at = _line_end(raw, 0)
    while at < len(raw):
        end = _line_end(raw, at)
        line = raw[at:end].rstrip("\r\n")
        if indent < 0 and line.strip(" "):
            indent = len(line) - _width_of(text, len(text) - len(text.lstrip("\n")), line)
        if 0 <= indent < len(line):
            if found and text.startswith(" ", len(found)):
                found.append(at - 1)
            while text.startswith("\n", len(found)):
                found.append(at - 1)
            found += range(at + indent, at + len(line))
        at = end
    return found


def _width_of(text: str, position: int, line: str) -> int:
    """How many characters at the end of a source line stand in the text at a position."""
    for indent in range(len(line) - len(line.lstrip(" ")) + 1):
        if text.startswith(line[indent:], position):
            return len(line) - indent
    return len(line.lstrip(" "))


def _line_end(raw: str, at: int) -> int:
    found = _BREAK.search(raw, at)
    return found.end() if found else len(raw)
