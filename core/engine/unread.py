"""Which of many numbered things nothing was taken of yet, as stretches; cheap to change and to tell."""

from __future__ import annotations

from bisect import bisect_right


class Unread:
    """Numbers that come ascending and are struck out one by one.

    A stretch goes over what lies between two numbers and was never added: nobody wants it.
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._places: dict[int, int] = {}
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._told: tuple[tuple[int, int], ...] | None = ()

    def add(self, number: int, *, is_read: bool = False) -> None:
        """A further number, greater than those before.

        Args:
            number: The number.
            is_read: Whether it is struck out from the beginning.
        """
        place = len(self._numbers)
        self._numbers.append(number)
        self._places[number] = place
        if is_read:
            return
        self._told = None
        if self._lasts and self._lasts[-1] == place - 1:
            self._lasts[-1] = place
        else:
            self._firsts.append(place)
            self._lasts.append(place)

    def strike(self, number: int) -> None:
        """Strike a number out; nothing happens if it is not there any more."""
        place = self._places.get(number)
        found = -1 if place is None else bisect_right(self._firsts, place) - 1
        if place is None or found < 0 or self._lasts[found] < place:
            return
        self._told = None
        first, last = self._firsts[found], self._lasts[found]
        left = [(first, place - 1)] if first < place else []
        right = [(place + 1, last)] if place < last else []
        self._firsts[found : found + 1] = [begin for begin, _ in left + right]
        self._lasts[found : found + 1] = [end for _, end in left + right]

    def stretches(self) -> tuple[tuple[int, int], ...]:
        """First and last of what follows on each other, ascending."""
        if self._told is None:
            pairs = zip(self._firsts, self._lasts, strict=True)
            self._told = tuple((self._numbers[first], self._numbers[last]) for first, last in pairs)
        return self._told
