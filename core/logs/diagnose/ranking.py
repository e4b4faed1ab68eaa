"""Keeps a bounded number of findings and says which of them is the cause."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Weight

if TYPE_CHECKING:
    from core.logs.diagnose.window import Candidate

_KEPT: Final = 12


class Shortlist:
    """The findings of one stream that may still matter.

    Of each weight the first ones are kept, since what comes later is mostly noise that follows; only of
    what a program may survive are the last ones kept, since it outlived the first.
    """

    def __init__(self) -> None:
        self._by_weight: tuple[deque[Candidate], ...] = tuple(deque(maxlen=_KEPT) for _ in range(max(Weight) + 1))

    def add(self, candidate: Candidate) -> None:
        """Consider a finding."""
        weight = candidate.finding.weight
        kept = self._by_weight[weight]
        if weight is Weight.SURVIVABLE or len(kept) < _KEPT:
            kept.append(candidate)

    def all(self) -> list[Candidate]:
        """What was kept, in no order."""
        return [candidate for kept in self._by_weight for candidate in kept]


def ranked(*shortlists: Shortlist) -> list[Candidate]:
    """The findings of all streams, the likeliest cause first."""
    return sorted((candidate for shortlist in shortlists for candidate in shortlist.all()), key=_rank)


def _rank(candidate: Candidate) -> tuple[int, int]:
    weight = candidate.finding.weight
    return -weight, -candidate.line if weight is Weight.SURVIVABLE else candidate.line
