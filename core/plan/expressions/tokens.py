"""The words of an expression, and after which other words each may stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

Scalar = bool | float | str | None
"""What can be written down in an expression."""


class Kind(Enum):
    """What a token is."""

    OPEN_GROUP = auto()
    OPEN_CALL = auto()
    OPEN_INDEX = auto()
    CLOSE_GROUP = auto()
    CLOSE_CALL = auto()
    CLOSE_INDEX = auto()
    SEPARATOR = auto()
    DOT = auto()
    WILDCARD = auto()
    NOT = auto()
    BINARY = auto()
    LITERAL = auto()
    PROPERTY = auto()
    NAME = auto()
    FUNCTION = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression.

    Attributes:
        kind: What it is; None for a word that is none, or that stands where it may not.
        text: As written.
        start: Where it begins, in characters from 0.
        value: What a literal stands for.
    """

    kind: Kind | None
    text: str
    start: int
    value: Scalar = None


BEFORE_OPERAND: Final[frozenset[Kind | None]] = frozenset(
    {None, Kind.SEPARATOR, Kind.OPEN_GROUP, Kind.OPEN_CALL, Kind.OPEN_INDEX, Kind.NOT, Kind.BINARY}
)
"""After these an operand begins; None is the start of the text."""

_VALUES: Final[frozenset[Kind | None]] = frozenset(
    {Kind.CLOSE_GROUP, Kind.CLOSE_CALL, Kind.CLOSE_INDEX, Kind.WILDCARD, Kind.PROPERTY, Kind.NAME}
)
_OPERANDS: Final[frozenset[Kind | None]] = _VALUES | {Kind.LITERAL}

LEGAL_AFTER: Final[dict[Kind, frozenset[Kind | None]]] = {
    Kind.OPEN_GROUP: BEFORE_OPERAND,
    Kind.OPEN_CALL: frozenset({Kind.FUNCTION}),
    Kind.OPEN_INDEX: _VALUES,
    Kind.CLOSE_GROUP: _OPERANDS,
    Kind.CLOSE_CALL: _OPERANDS | {Kind.OPEN_CALL},
    Kind.CLOSE_INDEX: _OPERANDS,
    Kind.SEPARATOR: _OPERANDS,
    Kind.DOT: _VALUES,
    Kind.WILDCARD: frozenset({Kind.OPEN_INDEX, Kind.DOT}),
    Kind.NOT: BEFORE_OPERAND,
    Kind.BINARY: _OPERANDS,
    Kind.LITERAL: BEFORE_OPERAND,
    Kind.PROPERTY: frozenset({Kind.DOT}),
    Kind.NAME: BEFORE_OPERAND,
    Kind.FUNCTION: BEFORE_OPERAND,
}
"""Which token may come right before one of this kind. This decides which token an error names."""

PARTNERS: Final[dict[Kind, Kind]] = {
    Kind.CLOSE_GROUP: Kind.OPEN_GROUP,
    Kind.CLOSE_CALL: Kind.OPEN_CALL,
    Kind.CLOSE_INDEX: Kind.OPEN_INDEX,
    Kind.SEPARATOR: Kind.OPEN_CALL,
}
"""What must be the innermost open bracket."""

OPENERS: Final = frozenset({Kind.OPEN_GROUP, Kind.OPEN_CALL, Kind.OPEN_INDEX})

UNFINISHED: Final = OPENERS | {Kind.SEPARATOR, Kind.DOT, Kind.NOT, Kind.BINARY}
"""An expression does not end with one of these."""
