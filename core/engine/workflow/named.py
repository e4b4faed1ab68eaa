"""Which values some texts read, so that a job is given those alone: what is above a job may be thousands of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, cast

from core.errors import InvalidExpressionError
from core.plan.compile import EVERYTHING
from core.plan.expressions.letters import fold
from core.plan.expressions.nodes import Constant, Index, Name, children
from core.plan.expressions.values import Keyed, plain
from core.plan.foresight import UnknownYetError
from core.plan.interpolate import parse_condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

    from core.plan.compile import Templates
    from core.plan.expressions.nodes import Node
    from core.plan.expressions.surroundings import Surroundings

Named: TypeAlias = "dict[str, set[str] | None]"
"""Entries by context, in the form in which names are compared; None for all of them."""

_MADE_LATER: Final = frozenset({"env", "secrets", "steps", "services", "job"})


def named_by(templates: Templates, texts: Iterable[str], conditions: Iterable[str] = ()) -> Named:
    """What is named in texts with ``${{ }}`` and in conditions; of a text at fault, nothing.

    Args:
        templates: Read the texts.
        texts: With or without expressions.
        conditions: Expressions with or without ``${{ }}``.
    """
    found: Named = {}
    for text in texts:
        try:
            slots = templates.read(text).slots
        except InvalidExpressionError:
            continue
        for slot in slots:
            _note(slot.expression.root, found)
    for condition in conditions:
        try:
            _note(parse_condition(condition, EVERYTHING).expression.root, found)
        except InvalidExpressionError:
            continue
    return found


def values_of(named: Named, surroundings: Surroundings) -> dict[str, JsonValue]:
    """The values of what is named, as plain data. What only the job itself makes, such as ``steps``, is left out."""
    return {
        context: cast("JsonValue", _values(surroundings.context(context), entries))
        for context, entries in named.items()
        if context not in _MADE_LATER
    }


def secrets_named(named: Named, secrets: Mapping[str, str]) -> dict[str, str]:
    """Those of the secrets that are named."""
    entries = named.get("secrets", set[str]())
    return {name: secret for name, secret in secrets.items() if entries is None or fold(name) in entries}


def _note(node: Node, found: Named) -> None:
    match node:
        case Index(base=Name(name=context), key=Constant(value=str(entry))):
            entries = found.setdefault(context.lower(), set())
            if entries is not None:
                entries.add(fold(entry))
        case Name(name=context):
            found[context.lower()] = None
        case _:
            for child in children(node):
                _note(child, found)


def _values(value: object, entries: set[str] | None) -> object:
    if not isinstance(value, Keyed):
        return plain(cast("None", value))
    if entries is None:
        return _known(value)
    found: dict[str, object] = {}
    for entry in sorted(entries):
        try:
            found[entry] = plain(value[entry])
        except (KeyError, UnknownYetError):
            continue
    return found


def _known(value: Keyed) -> dict[str, object]:
    """All entries, but those that nobody knows."""
    found: dict[str, object] = {}
    try:
        names = tuple(value)
    except UnknownYetError:
        return found
    for name in names:
        try:
            found[name] = plain(value[name])
        except UnknownYetError:
            continue
    return found
