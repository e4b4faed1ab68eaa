"""Equality and order of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.expressions.letters import collation_key, fold
from core.plan.expressions.values import Items, Keyed, number

if TYPE_CHECKING:
    from core.plan.expressions.nodes import Comparison
    from core.plan.expressions.tokens import Scalar
    from core.plan.expressions.values import Value


def compare(operator: Comparison, left: Value, right: Value) -> bool:
    """Whether a comparison holds; ``>=`` is ``==`` or ``>``."""
    match operator:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "<":
            return _less(left, right)
        case ">":
            return _less(right, left)
        case "<=":
            return equal(left, right) or _less(left, right)
        case ">=":
            return equal(left, right) or _less(right, left)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal once they are of one type; lists and mappings only if they are the same object."""
    if isinstance(left, Items | Keyed) or isinstance(right, Items | Keyed):
        return left is right
    left, right = _as_one_type(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return len(left) == len(right) and fold(left) == fold(right)
    return left == right


def _less(left: Value, right: Value) -> bool:
    if isinstance(left, Items | Keyed) or isinstance(right, Items | Keyed):
        return False
    left, right = _as_one_type(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return collation_key(left) < collation_key(right)
    return number(left) < number(right)


def _as_one_type(left: Scalar, right: Scalar) -> tuple[Scalar, Scalar]:
    """Both as they are if they are of one type, else both as numbers."""
    return (left, right) if type(left) is type(right) else (number(left), number(right))
