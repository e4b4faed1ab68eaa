"""Values from JSON and JSON from values."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NoReturn, cast

from core.plan.expressions.letters import BLANKS
from core.plan.expressions.numbers import number_text
from core.plan.expressions.values import Items, Keyed, freeze

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.plan.expressions.values import Value

MAX_JSON_NESTING: Final = 100

_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)

_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
"""An escape of two halves of a character, of one half alone (which nothing can store), or any other."""


class JsonFault(ValueError):  # noqa: N818 - caught where the function is called, and told as an expression's error
    """The text is not one strict JSON value.

    Args:
        message: What is wrong.
        offset: Where, in characters from 0; None if it is unknown.
    """

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message if offset is None else f"{message} at offset {offset}")
        self.offset = offset


def from_json(text: str) -> Value:
    """The value of one strict JSON text.

    Raises:
        JsonFault: It is empty, not JSON, or nests too deep.
    """
    if not text.strip(BLANKS):
        raise JsonFault("the text is empty")
    _check_nesting(text)
    try:
        return freeze(_DECODER.decode(_ESCAPE.sub(_whole_character, text)))
    except json.JSONDecodeError as error:
        raise JsonFault(error.msg[:1].lower() + error.msg[1:], error.pos) from None


def parts_of(text: str) -> int:
    """An upper bound of how many values a JSON text holds."""
    return 1 + sum(match[0][0] != '"' for match in _STRUCTURE.finditer(text))


def json_parts(value: Value, indent: str = "") -> Iterator[str]:
    """A value as JSON with two spaces of indent, piece by piece."""
    if isinstance(value, Items):
        yield from _block("[]", indent, ((lambda item=item: json_parts(item, indent + "  ")) for item in value))
    elif isinstance(value, Keyed):
        yield from _block("{}", indent, (_pair(key, value, indent + "  ") for key in value))
    elif isinstance(value, str):
        yield _quoted(value)
    elif value is None:
        yield "null"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    else:
        yield number_text(value)


def _pair(key: str, mapping: Keyed, indent: str) -> Callable[[], Iterator[str]]:
    def pieces() -> Iterator[str]:
        yield f"{_quoted(key)}: "
        yield from json_parts(mapping[key], indent)

    return pieces


def _block(brackets: str, indent: str, entries: Iterator[Callable[[], Iterator[str]]]) -> Iterator[str]:
    yield brackets[0]
    begun = False
    for entry in entries:
        yield f",\n{indent}  " if begun else f"\n{indent}  "
        begun = True
        yield from entry()
    yield f"\n{indent}{brackets[1]}" if begun else brackets[1]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _check_nesting(text: str) -> None:
    level = 0
    for match in _STRUCTURE.finditer(text):
        level += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if level > MAX_JSON_NESTING:
            raise JsonFault(f"more than {MAX_JSON_NESTING} levels", match.start())


def _keyed(pairs: list[tuple[str, object]]) -> Keyed:
    # of a name that is there twice, JSON's readers take the last
    return Keyed((key, freeze(value)) for key, value in dict(pairs).items())


def _whole_character(match: re.Match[str]) -> str:
    return match[0] if match[1] is None else "\\ufffd"


def _refuse_constant(name: str) -> NoReturn:
    raise JsonFault(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=cast("Callable[[list[tuple[str, object]]], object]", _keyed),
    parse_int=float,
    parse_float=float,
    parse_constant=_refuse_constant,
)
