"""The expansion: product, exclude, include, in the order and with the rules of GitHub Actions.

`include` is matched against the product's own values only: what one entry adds no other entry sees, and a combination
that an entry appended is not extended by the next.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.plan.expressions.letters import fold
from core.plan.findings import shown
from core.plan.matrix.faults import MatrixFault, refused
from core.plan.matrix.filters import Filter, leaf_count
from core.plan.matrix.shape import EXCLUDE, INCLUDE, shape_of
from core.plan.matrix.variants import Combination, Variant, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.matrix.shape import Part, Shape

MOST_VARIANTS: Final = 256
"""Variants of one job."""

_MOST_COMBINATIONS: Final = 10_000
_MOST_COMPARISONS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a matrix makes.

    Attributes:
        variants: In the order in which they start.
        vectors: The names of the vectors, in order.
        idle_excludes: The positions of ``exclude`` entries that took nothing away.
    """

    variants: tuple[Variant, ...]
    vectors: tuple[str, ...]
    idle_excludes: tuple[int, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that some variant has, in its first spelling."""
        first: dict[str, str] = {}
        for variant in self.variants:
            for key in variant.values:
                first.setdefault(fold(key), key)
        return tuple(first.values())

    @property
    def sure_keys(self) -> tuple[str, ...]:
        """The keys that every variant has."""
        return tuple(key for key in self.keys if all(variant.has(key) for variant in self.variants))


def expand_matrix(matrix: object, *, job: str, is_literal: bool = True) -> Expansion:
    """The variants of a job.

    Args:
        matrix: Plain data: what stands under ``matrix:``, expressions evaluated.
        job: The job's id.
        is_literal: Whether all of it stands in the file. Else, a vector without values and a matrix without vectors
            make no variant instead of an error: a list that was computed may be empty.

    Raises:
        InvalidMatrixError: With a finding for every fault; paths begin below the matrix.
    """
    shape = shape_of(matrix, is_literal=is_literal)
    if not shape.faults:
        shape.faults += _too_large(shape)
    if shape.faults:
        raise refused(shape.faults)
    kept, idle = _kept(shape)
    combinations = _included(shape, kept) if len(kept) <= MOST_VARIANTS else []
    count = max(len(kept), len(combinations))
    if count > MOST_VARIANTS:
        raise refused([_too_many(shape, count)])
    variants = named(combinations, job)
    return Expansion(variants, tuple(shape.vectors), idle)


def _too_large(shape: Shape) -> Iterator[MatrixFault]:
    """The fault of a matrix that is too large to be tried."""
    product = math.prod(len(values) for values in shape.vectors.values()) if shape.vectors else 0
    if len(shape.vectors) > MOST_VARIANTS:
        message = f"The matrix has {len(shape.vectors):,} vectors; at most {MOST_VARIANTS} are allowed"
        yield MatrixFault("E125", message, (), "put values that go together into one mapping")
    elif product > _MOST_COMBINATIONS:
        yield _too_many(shape, product)
    elif len(shape.include) > _MOST_COMBINATIONS:
        yield _too_many(shape, len(shape.include))
    else:
        values = sum(len(values) for values in shape.vectors.values())
        leaves = sum(leaf_count(part.value) for entry in (*shape.include, *shape.exclude) for part in entry.values())
        added = sum(len(entry) for entry in shape.include)
        if max(values * leaves, product * len(shape.exclude), min(product, MOST_VARIANTS) * added) > _MOST_COMPARISONS:
            path = (EXCLUDE,) if shape.exclude else (INCLUDE,)
            hint = "compute the matrix in a job, and pass it with fromJSON"
            yield MatrixFault("E125", "Matrix include and exclude are too large to be compared", path, hint)


def _too_many(shape: Shape, count: int) -> MatrixFault:
    sizes = " by ".join(f"{len(values):,} of '{shown(name)}'" for name, values in shape.vectors.items())
    made = f" ({shown(sizes, most=300)})" if sizes else ""
    message = f"The matrix makes {count:,} combinations{made}; at most {MOST_VARIANTS} are allowed"
    return MatrixFault("E125", message, (), "shorten a vector, or exclude combinations")


def _kept(shape: Shape) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
    """The combinations that no exclude entry is about, as indices into the vectors, and the entries about none."""
    filters = [Filter(shape, entry) for entry in shape.exclude]
    ranges = [range(len(values)) for values in shape.vectors.values()]
    idle = set(range(len(filters)))
    kept: list[tuple[int, ...]] = []
    for indices in itertools.product(*ranges) if ranges else ():
        about = [position for position, each in enumerate(filters) if each.matches(indices)]
        idle.difference_update(about)
        if not about:
            kept.append(indices)
    return kept, tuple(sorted(idle))


def _included(shape: Shape, kept: list[tuple[int, ...]]) -> list[Combination]:
    """The combinations with what `include` adds to them, and then those that it appends."""
    filters = [Filter(shape, entry) for entry in shape.include]
    extras = [{key: part for key, part in entry.items() if shape.vector_of(key) is None} for entry in shape.include]
    used = [False] * len(filters)
    found: list[Combination] = []
    vectors = shape.vectors
    for indices in kept:
        own = {name: values[index].given for (name, values), index in zip(vectors.items(), indices, strict=True)}
        naming = tuple(own.values())
        spellings = {fold(key): key for key in own}
        for position, each in enumerate(filters):
            if each.matches(indices):
                used[position] = True
                _add(own, extras[position], spellings)
        found.append(Combination(own, naming))
    for entry, extra, is_used in zip(shape.include, extras, used, strict=True):
        if not is_used:
            appended: dict[str, object] = {}
            ordered = {key: part for key, part in entry.items() if key not in extra} | extra
            _add(appended, ordered, {})
            found.append(Combination(appended, tuple(appended.values())))
    return found


def _add(values: dict[str, object], extra: dict[str, Part], spellings: dict[str, str]) -> None:
    """Add values, each under the first spelling of its key."""
    for key, part in extra.items():
        values[spellings.setdefault(fold(key), key)] = part.given
