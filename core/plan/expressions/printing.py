"""From a tree back to text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.plan.expressions.nodes import Call, Compare, Constant, Index, Logic, Name, Not, Wildcard
from core.plan.expressions.numbers import exact_text
from core.plan.expressions.values import Items, Keyed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.expressions.nodes import Node
    from core.plan.expressions.values import Value

_PROPERTY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_POSTFIX: Final = 6
_NOT: Final = 5
_COMPARISONS: Final = {"==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4}
_CHAINS: Final = {"||": 1, "&&": 2}
_LONGEST: Final = 100


def written(node: Node, shown: Mapping[int, str] | None = None) -> str:
    """A tree as text that gives the same tree again.

    Args:
        node: The tree.
        shown: Texts to write in the place of nodes, by their `id`.
    """
    known = shown or {}
    if id(node) in known:
        return known[id(node)]
    match node:
        case Constant(value):
            return literal(value)
        case Name(name):
            return name
        case Call(name, arguments):
            return f"{name}({', '.join(written(argument, known) for argument in arguments)})"
        case Index():
            return _indexed(node, known)
        case Not() | Compare() | Logic():
            return _combined(node, known)


def _combined(node: Not | Compare | Logic, known: Mapping[int, str]) -> str:
    match node:
        case Not(operand):
            return f"!{_inside(operand, _NOT, known)}"
        case Compare(operator, left, right):
            own = _COMPARISONS[operator]
            return f"{_inside(left, own, known)} {operator} {_inside(right, own + 1, known)}"
        case Logic(operator, operands):
            own = _CHAINS[operator] + 1
            return f" {operator} ".join(_inside(operand, own, known) for operand in operands)


def literal(value: Value) -> str:
    """A scalar as an expression writes it; a list or mapping as ``Array`` or ``Object``."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Items():
            return "Array"
        case Keyed():
            return "Object"
        case _:
            return exact_text(value)


def short_literal(value: Value) -> str:
    """A scalar as an expression writes it, cut if it is a long text."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return literal(value[:_LONGEST] + "…")
    return literal(value)


def is_property(name: str) -> bool:
    """Whether a key may be written as ``.name``."""
    return _PROPERTY.fullmatch(name) is not None


def _indexed(node: Index, known: Mapping[int, str]) -> str:
    base = _inside(node.base, _POSTFIX, known)
    match node.key:
        case Wildcard():
            return f"{base}.*"
        case Constant(str() as name) if is_property(name):
            return f"{base}.{name}"
        case key:
            return f"{base}[{written(key, known)}]"


def _inside(node: Node, least: int, known: Mapping[int, str]) -> str:
    """A node as an operand, in parentheses if it binds less strongly than it must there."""
    text = written(node, known)
    return text if id(node) in known or _strength(node, least) >= least else f"({text})"


def _strength(node: Node, least: int) -> int:
    match node:
        case Constant():
            # nothing may be indexed that is written down
            return _POSTFIX - 1 if least == _POSTFIX else _POSTFIX
        case Not():
            return _NOT
        case Compare(operator):
            return _COMPARISONS[operator]
        case Logic(operator):
            return _CHAINS[operator]
        case _:
            return _POSTFIX
