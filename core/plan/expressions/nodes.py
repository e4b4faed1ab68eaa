"""The tree of an expression.

Spans count characters of the expression's text from 0; two trees are equal without regard to their spans.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.expressions.tokens import Scalar

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]


class Span(NamedTuple):
    """Where something stands in the text: ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A null, boolean, number or text that is written down."""

    value: Scalar
    span: Span = field(compare=False)
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A context, as it was spelled."""

    name: str
    span: Span = field(compare=False)
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The ``*`` of a filter; it stands in an index only."""

    span: Span = field(compare=False)
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """``base.key``, ``base[key]``, ``base.*``; a property name is a constant text."""

    base: Node
    key: Node | Wildcard
    span: Span = field(compare=False)
    depth: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call.

    Attributes:
        name: The function, in its own spelling.
        arguments: In order.
        span: Of the whole call.
        at: Of the name.
    """

    name: str
    arguments: tuple[Node, ...]
    span: Span = field(compare=False)
    at: Span = field(compare=False)
    depth: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """``!operand``."""

    operand: Node
    span: Span = field(compare=False)
    depth: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """Two operands and one of the six comparisons."""

    operator: Comparison
    left: Node
    right: Node
    span: Span = field(compare=False)
    depth: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """A chain of ``&&``, or one of ``||``, of two operands or more; none of them is a chain of the same kind."""

    operator: Literal["&&", "||"]
    operands: tuple[Node, ...]
    span: Span = field(compare=False)
    depth: int = field(compare=False)


Node = Constant | Name | Index | Call | Not | Compare | Logic


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below this one, in the order of the text."""
    match node:
        case Index(base, key):
            return (base,) if isinstance(key, Wildcard) else (base, key)
        case Call(_, arguments):
            return arguments
        case Not(operand):
            return (operand,)
        case Compare(_, left, right):
            return (left, right)
        case Logic(_, operands):
            return operands
        case Constant() | Name():
            return ()


def walk(node: Node) -> Iterator[Node]:
    """This node and all below it, each before those below it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def calls(node: Node) -> Iterator[Call]:
    """The calls in a tree, in the order of the text."""
    return (found for found in walk(node) if isinstance(found, Call))
