"""Variants: one combination of a matrix each, with a name to read and an id to keep."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.plan.canonical import canonical_json
from core.plan.expressions.letters import fold
from core.plan.expressions.values import Items, Keyed, freeze, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from core.plan.expressions.values import Value

_LONGEST_NAME: Final = 100
_LONGEST_ID: Final = 60
_HASH_DIGITS: Final = 6
_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Combination:
    """Values of a matrix before they have a name.

    Attributes:
        values: All of them.
        naming: Those that the name is made of: the vectors', or all of an appended combination.
    """

    values: Mapping[str, object]
    naming: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One run of a matrix job.

    Attributes:
        id: For containers, paths and doors; a function of the job and the values, not of the position, and unlike
            any other variant's of the job, case aside.
        name: For people, such as ``test (3.12, alpine)``.
        index: The position in the expansion, from 0.
        values: What ``matrix`` holds.
    """

    id: str
    name: str
    index: int
    values: Mapping[str, object]

    def get(self, key: str) -> object:
        """The value under a key, whatever its case; none if there is none."""
        folded = fold(key)
        return next((value for name, value in self.values.items() if fold(name) == folded), None)

    def has(self, key: str) -> bool:
        """Whether there is a value under a key, whatever its case."""
        folded = fold(key)
        return any(fold(name) == folded for name in self.values)


def named(combinations: Sequence[Combination], job: str) -> tuple[Variant, ...]:
    """The variants of a job, in the order of their combinations."""
    segments = [_segments(combination) for combination in combinations]
    ids = _distinct([
        _id(job, parts, combination) for parts, combination in zip(segments, combinations, strict=True)
    ])  # fmt: skip
    return tuple(
        Variant(ids[index], _name(job, segments[index]), index, combination.values)
        for index, combination in enumerate(combinations)
    )


def _segments(combination: Combination) -> list[str]:
    return [part for value in combination.naming for part in map(text, _scalars(freeze(value))) if part]


def _scalars(value: Value) -> Iterator[Value]:
    if isinstance(value, Keyed):
        for item in value.values():
            yield from _scalars(item)
    elif isinstance(value, Items):
        for item in value:
            yield from _scalars(item)
    else:
        yield value


def _name(job: str, segments: list[str]) -> str:
    name = f"{job} ({', '.join(segments)})" if segments else job
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 3] + "..."


def _id(job: str, segments: list[str], combination: Combination) -> str:
    whole = _NOT_IN_IDS.sub("_", "-".join((job, *segments)))
    if len(whole) <= _LONGEST_ID:
        return whole
    digits = hashlib.sha256(canonical_json(combination.values).encode()).hexdigest()[:_HASH_DIGITS]
    return f"{whole[: _LONGEST_ID - _HASH_DIGITS - 1]}-{digits}"


def _distinct(ids: list[str]) -> list[str]:
    """The ids with ``-2``, ``-3`` behind those that come again; what others are called is left to them."""
    unsuffixed = {each.lower() for each in ids}
    taken: set[str] = set()
    counts: dict[str, int] = {}
    found: list[str] = []
    for each in ids:
        candidate, base = each, each.lower()
        while candidate.lower() in taken or (candidate != each and candidate.lower() in unsuffixed):
            counts[base] = counts.get(base, 1) + 1
            candidate = f"{each}-{counts[base]}"
        taken.add(candidate.lower())
        found.append(candidate)
    return found
