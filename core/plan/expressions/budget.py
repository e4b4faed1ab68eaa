"""How much an evaluation may make and do, however hostile expression and data are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.errors import InvalidExpressionError

MAX_MADE: Final = 1024 * 1024
"""Bytes of values made during one evaluation, at two bytes a character and a little for each value."""

MAX_WORK: Final = 1_000_000
"""Items looked at, with one more for every sixteen characters of a text: a second at most."""

_TEXT_OVERHEAD: Final = 26
_VALUE_OVERHEAD: Final = 24
_REFERENCE: Final = 8
_CHARACTERS_A_UNIT: Final = 16


@dataclass(slots=True)
class Spent:
    """What was made and done so far; the expressions of one text share it."""

    made: int = 0
    work: int = 0


class Budget:
    """What is left of both, during one evaluation.

    Args:
        exceeded: Makes the error from what ran out.
        spent: What was made and done before; counted on.
    """

    def __init__(self, exceeded: Callable[[str], InvalidExpressionError], spent: Spent) -> None:
        self._exceeded = exceeded
        self._spent = spent

    def make_text(self, characters: int) -> None:
        """Counts a text about to be made."""
        self._make(_TEXT_OVERHEAD + 2 * characters)
        self.work(characters)

    def lengthen(self, characters: int) -> None:
        """Counts characters about to be added to a text."""
        self._make(2 * characters)
        self.work(characters)

    def make_values(self, count: int) -> None:
        """Counts values about to be made."""
        self._make(_VALUE_OVERHEAD * count)

    def make_list(self, length: int) -> None:
        """Counts a list about to be made of values that exist."""
        self._make(_VALUE_OVERHEAD + _REFERENCE * length)
        self.work(_CHARACTERS_A_UNIT * length)

    def work(self, characters: int) -> None:
        """Counts characters about to be looked at; an item counts as sixteen."""
        self._spent.work += 1 + characters // _CHARACTERS_A_UNIT
        if self._spent.work > MAX_WORK:
            raise self._exceeded("The maximum allowed work was exceeded")

    def _make(self, size: int) -> None:
        self._spent.made += size
        if self._spent.made > MAX_MADE:
            raise self._exceeded("The maximum allowed memory size was exceeded")
