"""GitHub's functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.plan.expressions.comparison import equal
from core.plan.expressions.formats import FormatFault, Slot, format_pieces
from core.plan.expressions.json_text import JsonFault, from_json, json_parts, parts_of
from core.plan.expressions.letters import fold
from core.plan.expressions.values import Filtered, Items, Keyed, is_scalar, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.plan.expressions.arguments import Arguments
    from core.plan.expressions.values import Value


def _contains(arguments: Arguments) -> Value:
    search = arguments.value(0)
    if isinstance(search, Items) and search:
        item = arguments.value(1)
        return any(_equals(arguments, item, other) for other in search)
    if is_scalar(search):
        found = _folded_pair(arguments)
        return found is not None and found[1] in found[0]
    return False


def _equals(arguments: Arguments, item: Value, other: Value) -> bool:
    arguments.budget.work(16 + sum(len(side) for side in (item, other) if isinstance(side, str)))
    return equal(item, other)


def _starts_with(arguments: Arguments) -> Value:
    found = _folded_pair(arguments)
    return found is not None and found[0].startswith(found[1])


def _ends_with(arguments: Arguments) -> Value:
    found = _folded_pair(arguments)
    return found is not None and found[0].endswith(found[1])


def _folded_pair(arguments: Arguments) -> tuple[str, str] | None:
    """Both arguments as texts without case; None if one is a list or mapping."""
    if not is_scalar(arguments.value(0)) or not is_scalar(arguments.value(1)):
        return None
    first, second = arguments.text(0), arguments.text(1)
    arguments.budget.work(len(first) + len(second))
    return fold(first), fold(second)


def _format(arguments: Arguments) -> Value:
    try:
        pieces = format_pieces(arguments.text(0), len(arguments) - 1)
    except FormatFault as fault:
        raise arguments.fault(str(fault), "braces are written {{ and }}, arguments {0}, {1} and so on") from None
    return _joined(arguments, [piece if isinstance(piece, str) else _filled(arguments, piece) for piece in pieces])


def _filled(arguments: Arguments, slot: Slot) -> str:
    if slot.specifier:
        kind = _KINDS.get(type(arguments.value(slot.number + 1)), "Object")
        message = f"The format specifiers '{slot.specifier}' are not valid for objects of type '{kind}'"
        raise arguments.fault(message, "write {0} alone; values cannot be given a form")
    return arguments.text(slot.number + 1)


_KINDS: Final[dict[type, str]] = {
    type(None): "Null",
    bool: "Boolean",
    float: "Number",
    str: "String",
    Items: "Array",
    Filtered: "Array",
}


def _join(arguments: Arguments) -> Value:
    items = arguments.value(0)
    if isinstance(items, Keyed):
        return ""
    if not isinstance(items, Items):
        return text(items)
    separator = ","
    if len(items) > 1 and len(arguments) > 1 and is_scalar(arguments.value(1)):
        separator = arguments.text(1)
    arguments.budget.work(16 * len(items))
    return _joined(arguments, [text(item) for item in items], separator)


def _joined(arguments: Arguments, parts: list[str], separator: str = "") -> str:
    arguments.budget.make_text(sum(map(len, parts)) + len(separator) * max(0, len(parts) - 1))
    return separator.join(parts)


def _to_json(arguments: Arguments) -> Value:
    parts: list[str] = []
    arguments.budget.make_text(0)
    for part in json_parts(arguments.value(0)):
        arguments.budget.lengthen(len(part))
        parts.append(part)
    return "".join(parts)


def _from_json(arguments: Arguments) -> Value:
    written = arguments.text(0)
    arguments.budget.make_text(len(written))
    arguments.budget.make_values(parts_of(written))
    try:
        return from_json(written)
    except JsonFault as fault:
        hint = "the text must be one JSON value: double quotes, no comments, no trailing comma"
        raise arguments.fault(f"Error parsing fromJson: {fault}", hint) from None


def _case(arguments: Arguments) -> Value:
    for number in range(0, len(arguments) - 1, 2):
        condition = arguments.value(number)
        if not isinstance(condition, bool):
            hint = "compare it, such as inputs.dry == 'yes'"
            raise arguments.fault("case predicate must evaluate to a boolean value", hint)
        if condition:
            return arguments.value(number + 1)
    return arguments.value(len(arguments) - 1)


FUNCTIONS: Final[dict[str, Callable[[Arguments], Value]]] = {
    "contains": _contains,
    "startsWith": _starts_with,
    "endsWith": _ends_with,
    "format": _format,
    "join": _join,
    "toJSON": _to_json,
    "fromJSON": _from_json,
    "case": _case,
}
"""By the names of the signatures."""
