"""OrcaOps' own functions, which a workflow may turn off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.plan.expressions.letters import BLANKS
from core.plan.expressions.values import Items, Keyed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.plan.expressions.arguments import Arguments
    from core.plan.expressions.values import Value


def _length(arguments: Arguments) -> Value:
    value = arguments.value(0)
    return float(len(value if isinstance(value, Items | Keyed) else arguments.text(0)))


def _lower(arguments: Arguments) -> Value:
    return _changed(arguments, str.lower)


def _upper(arguments: Arguments) -> Value:
    return _changed(arguments, str.upper)


def _trim(arguments: Arguments) -> Value:
    return _changed(arguments, lambda text: text.strip(BLANKS))


def _changed(arguments: Arguments, change: Callable[[str], str]) -> str:
    text = arguments.text(0)
    arguments.budget.make_text(len(text))
    return change(text)


def _replace(arguments: Arguments) -> Value:
    text, part, by = arguments.texts()
    if not part:
        return text
    arguments.budget.work(len(text))
    arguments.budget.make_text(len(text) + text.count(part) * (len(by) - len(part)))
    return text.replace(part, by)


def _split(arguments: Arguments) -> Value:
    text, separator = arguments.texts()
    if not separator:
        raise arguments.fault("The separator of split must not be empty", "name the text to split at, such as ','")
    arguments.budget.make_text(len(text))
    arguments.budget.make_values(1 + text.count(separator))
    return Items(text.split(separator) if text else ())


def _keys(arguments: Arguments) -> Value:
    return _listed(arguments, lambda mapping: mapping)


def _values(arguments: Arguments) -> Value:
    return _listed(arguments, lambda mapping: mapping.values())


def _listed(arguments: Arguments, take: Callable[[Keyed], Iterable[Value]]) -> Value:
    mapping = arguments.value(0)
    if not isinstance(mapping, Keyed):
        return Items()
    arguments.budget.make_list(len(mapping))
    return Items(take(mapping))


def _coalesce(arguments: Arguments) -> Value:
    for number in range(len(arguments)):
        value = arguments.value(number)
        if value is not None and value != "":
            return value
    return None


OWN_FUNCTIONS: Final[dict[str, Callable[[Arguments], Value]]] = {
    "length": _length,
    "lower": _lower,
    "upper": _upper,
    "trim": _trim,
    "replace": _replace,
    "split": _split,
    "keys": _keys,
    "values": _values,
    "coalesce": _coalesce,
}
"""By the names of the signatures."""
