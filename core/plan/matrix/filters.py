"""Which combinations an entry of `include` or `exclude` is about.

An entry is compared leaf by leaf, with ``==`` as expressions have it: texts without regard to case, ``'4'`` equal to 4,
mappings and lists in part. Each value of each vector is compared once, however many combinations it is part of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.expressions.comparison import equal
from core.plan.expressions.values import Items, Keyed, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from core.plan.expressions.values import Value
    from core.plan.matrix.shape import Part, Shape


class Filter:
    """The part of an entry that names vectors.

    Args:
        shape: The matrix.
        entry: An entry of `include` or `exclude`. Keys that name no vector do not filter.
    """

    def __init__(self, shape: Shape, entry: Mapping[str, Part]) -> None:
        parts = tuple(shape.vectors.values())
        self._allowed: list[tuple[int, frozenset[int]]] = []
        for key, part in entry.items():
            position = shape.position_of(key)
            if position is not None:
                self._allowed.append((position, _indices(parts[position], part.value)))

    def matches(self, indices: Sequence[int]) -> bool:
        """Whether it is about a combination, given by the index of each vector's value."""
        return all(indices[position] in allowed for position, allowed in self._allowed)


def matches(value: Value, pattern: Value) -> bool:
    """Whether every leaf of a pattern equals what a value has at the same path; a missing value is null."""
    return all(equal(_at(value, path), leaf) for path, leaf in _leaves(pattern))


def leaf_count(pattern: Value) -> int:
    """How many comparisons a pattern asks for."""
    return sum(1 for _ in _leaves(pattern))


def _indices(values: Sequence[Part], pattern: Value) -> frozenset[int]:
    return frozenset(index for index, part in enumerate(values) if matches(part.value, pattern))


def _leaves(pattern: Value, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Value]]:
    if isinstance(pattern, Keyed):
        for key, value in pattern.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(pattern, Items):
        for index, value in enumerate(pattern):
            yield from _leaves(value, (*path, index))
    else:
        yield path, pattern


def _at(value: Value, path: tuple[str | int, ...]) -> Value:
    """What an index expression finds: a mapping is asked by text, a list by number, anything else has nothing."""
    for step in path:
        if isinstance(value, Keyed):
            value = value.get(str(step))
        elif isinstance(value, Items):
            index = number(step if isinstance(step, str) else float(step))
            value = value[int(index)] if 0 <= index < len(value) else None
        else:
            return None
    return value
