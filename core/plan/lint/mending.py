"""Fixes for faults of expressions: each is tried, and only what mends the fault is offered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import InvalidExpressionError
from core.plan.expressions.nodes import Compare, Constant, walk
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.printing import is_property, literal
from core.plan.expressions.shapes import ListShape, MappingShape
from core.plan.interpolate import find_holes, parse_bare
from core.plan.nearness import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.plan.expressions.nodes import Span
    from core.plan.expressions.parser import Expression
    from core.plan.expressions.remarks import Remark
    from core.plan.expressions.scope import Scope
    from core.plan.expressions.shapes import Shape

_WORDS: Final = {"and": "&&", "or": "||", "=": "==", "===": "=="}
_KEYWORDS: Final = {"true": "true", "false": "false", "null": "null", "none": "null"}
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


class Change(NamedTuple):
    """Characters of an expression, and what to put in their place."""

    start: int
    end: int
    text: str


def mending(error: InvalidExpressionError, scope: Scope) -> Change | None:
    """The change that mends a fault of the grammar or a name; none if nothing does for sure."""
    if error.position is None:
        return None
    text, at = error.expression, error.position - 1
    symbol = text[at : at + error.length]
    for change in _candidates(error.rule, text, at, symbol, scope):
        if _mends(text, at, change, scope):
            return change
    return None


def bared(text: str, scope: Scope) -> Change | None:
    """The change that takes every ``${{`` and ``}}`` out of a condition; none if it cannot be read then either."""
    bare = text
    for hole in reversed(find_holes(text)):
        bare = f"{bare[: hole.start]}{hole.expression}{bare[hole.end :]}"
    try:
        parse_bare(bare, scope)
    except InvalidExpressionError:
        return None
    return Change(0, len(text), bare)


def remark_mending(expression: Expression, remark: Remark, base: Shape | None) -> Change | None:
    """The change that mends what `examine` remarked; none if nothing does for sure.

    Args:
        expression: The expression.
        remark: What was remarked.
        base: What is known of the value that lacks a property.
    """
    if remark.code == "E111" and isinstance(base, MappingShape) and "did you mean" in remark.hint:
        return near_property(expression.text, remark.span, base.fields)
    if remark.code != "W112":
        return None
    for node in walk(expression.root):
        if isinstance(node, Compare) and node.span == remark.span:
            for side in (node.left, node.right):
                if isinstance(side, Constant) and isinstance(side.value, str):
                    word = side.value.lower()
                    return Change(*side.span, word) if word in {"true", "false"} else None
    return None


def as_json(expression: Expression, shape: Shape) -> Change | None:
    """The change that makes JSON of a list or mapping, which would become ``Array`` or ``Object``."""
    if not isinstance(shape, ListShape | MappingShape):
        return None
    return Change(0, len(expression.text), f"toJSON({expression.text})")


def _candidates(rule: str, text: str, at: int, symbol: str, scope: Scope) -> Iterator[Change]:
    end = at + len(symbol)
    if symbol.startswith('"') and (close := text.find('"', at + 1)) > 0:
        yield Change(at, close + 1, literal(text[at + 1 : close]))
    if symbol.lower() in _WORDS:
        yield Change(at, end, _WORDS[symbol.lower()])
    if symbol == "=" and text[at - 2 : at] == "==":
        yield Change(at, end, "")
    if symbol.lower() == "not" and text[end:].lstrip()[:1] not in {"", "("}:
        yield Change(at, len(text) - len(text[end:].lstrip()), "!")
    if symbol.lower() in _KEYWORDS:
        yield Change(at, end, _KEYWORDS[symbol.lower()])
    if found := _VARIABLE.fullmatch(symbol):
        yield Change(at, end, f"env.{found[1]}")
    known = {"E103": scope.contexts, "E104": scope.functions()}.get(rule, ())
    near = nearest(symbol, known)
    if len(near) == 1:
        yield Change(at, end, near[0])
    if rule == "E101" and text[at - 1 : at] == "." and symbol.isdigit():
        yield Change(at - 1, end, f"[{symbol}]")


def _mends(text: str, at: int, change: Change, scope: Scope) -> bool:
    """Whether an expression can be read up to behind a change once that is made."""
    made = text[: change.start] + change.text + text[change.end :]
    try:
        parse_expression(made, scope)
    except InvalidExpressionError as error:
        return error.position is not None and error.position - 1 > at + len(change.text)
    return True


def near_property(text: str, span: Span, names: Iterable[str]) -> Change | None:
    """The change that names the one property that is near to what was written; none if there is none, or several."""
    start, end = span
    is_quoted = text[start : start + 1] == "'"
    name = text[start + 1 : end - 1].replace("''", "'") if is_quoted else text[start:end]
    near = nearest(name, names)
    if len(near) != 1 or not (is_quoted or is_property(near[0])):
        return None
    return Change(start, end, literal(near[0]) if is_quoted else near[0])
