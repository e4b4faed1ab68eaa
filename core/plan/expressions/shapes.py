"""What is known of a value before there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from core.plan.expressions.letters import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.expressions.tokens import Scalar


@dataclass(frozen=True, slots=True)
class Anything:
    """Nothing is known, and nothing is reported about it."""


@dataclass(frozen=True, slots=True)
class ScalarShape:
    """A value of one of the scalar types."""

    kind: Literal["null", "boolean", "number", "text"]


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list."""

    item: Shape = field(default_factory=Anything)


@dataclass(frozen=True, slots=True)
class MappingShape:
    """A mapping.

    Attributes:
        fields: The keys that are known, with what is known of their values.
        others: What is known of the values of any other key; None if there can be none.
    """

    fields: Mapping[str, Shape]
    others: Shape | None = None

    def at(self, name: str) -> Shape | None:
        """What is known of the value of a key; None if the key cannot exist."""
        if name in self.fields:
            return self.fields[name]
        folded = fold(name)
        return next((shape for key, shape in self.fields.items() if fold(key) == folded), self.others)


Shape: TypeAlias = "Anything | ScalarShape | ListShape | MappingShape"

ANYTHING: Final = Anything()
NULL: Final = ScalarShape("null")
BOOLEAN: Final = ScalarShape("boolean")
NUMBER: Final = ScalarShape("number")
TEXT: Final = ScalarShape("text")


def shape_of_scalar(value: Scalar) -> Shape:
    """The shape of a constant."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    return TEXT if isinstance(value, str) else NUMBER
