"""A table of allowed moves, and nothing else."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from core.errors import IllegalMoveError

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = TypeVar("Status", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


class Lifecycle(Generic[Status, Event]):
    """The moves of one kind of thing.

    Args:
        noun: What moves, for messages: ``job``.
        initial: Where it begins.
        moves: For a status and an event, the status that follows.
    """

    def __init__(self, noun: str, initial: Status, moves: Mapping[tuple[Status, Event], Status]) -> None:
        self.noun = noun
        self.initial = initial
        self.moves = MappingProxyType(dict(moves))
        leaving = {status for status, _ in moves}
        self.terminal = frozenset(status for status in type(initial) if status not in leaving)

    def next_status(self, status: Status, event: Event) -> Status:
        """The status that follows.

        Raises:
            IllegalMoveError: The table has no such move.
        """
        try:
            return self.moves[status, event]
        except KeyError:
            raise self.illegal(status, event) from None

    def sources(self, event: Event) -> frozenset[Status]:
        """The statuses in which ``event`` may happen."""
        return frozenset(status for status, candidate in self.moves if candidate == event)

    def illegal(self, status: Status, event: Event) -> IllegalMoveError:
        """The error for a move that the table does not have."""
        allowed = sorted(candidate for source, candidate in self.moves if source == status)
        what = f"it may {', '.join(allowed)}" if allowed else "it has ended"
        return IllegalMoveError(f"A {self.noun} that is {status} cannot {event}: {what}.")

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {source} --> {target}: {event}" for (source, event), target in self.moves.items()]
        lines += [f"    {status} --> [*]" for status in type(self.initial) if status in self.terminal]
        return "\n".join(lines)
