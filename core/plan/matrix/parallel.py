"""GitLab's `parallel:` as a matrix."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Final, cast

from core.plan.matrix.expansion import MOST_VARIANTS
from core.plan.matrix.faults import MatrixFault, refused

_FEWEST: Final = 1


def from_parallel(parallel: object) -> dict[str, object]:
    """The matrix that says the same.

    Args:
        parallel: A number of equal variants, which then have an ``index`` from 1 and a ``total``; or a list of
            mappings, whose products are put one behind the other. Values that are no lists count as lists of one.

    Raises:
        InvalidMatrixError: It is neither, or makes too many variants. Paths begin below ``parallel``.
    """
    if isinstance(parallel, int) and not isinstance(parallel, bool):
        if not _FEWEST <= parallel <= MOST_VARIANTS:
            message = f"parallel must be a number from {_FEWEST} to {MOST_VARIANTS}"
            raise refused([MatrixFault("E125", message, ())])
        return {"index": list(range(1, parallel + 1)), "include": [{"total": parallel}]}
    if not isinstance(parallel, list | tuple) or not parallel:
        message = "parallel must be a number, or a mapping with a list under matrix"
        raise refused(
            [MatrixFault("E124", message, (), "write parallel: 5, or parallel: {matrix: [{OS: [alpine, debian]}]}")]
        )
    include: list[dict[str, object]] = []
    for index, entry in enumerate(cast("list[object]", parallel)):
        include += _product(index, entry, MOST_VARIANTS - len(include))
    return {"include": include}


def _product(index: int, entry: object, room: int) -> list[dict[str, object]]:
    if not isinstance(entry, Mapping) or not entry:
        message = "A mapping of names to values was expected"
        raise refused([MatrixFault("E124", message, (index,), "write {OS: [alpine, debian]}")])
    vectors = {
        str(key): cast("list[object]", value) if isinstance(value, list | tuple) else [value]
        for key, value in cast("Mapping[str, object]", entry).items()
    }
    for key, values in vectors.items():
        if not values:
            message = f"Matrix vector '{key}' does not contain any values"
            raise refused([MatrixFault("E121", message, (index, key), "give it a value, or remove it")])
    if math.prod(len(values) for values in vectors.values()) > room:
        message = f"parallel makes more than {MOST_VARIANTS} combinations"
        raise refused([MatrixFault("E125", message, (index,), "shorten a list")])
    return [dict(zip(vectors, values, strict=True)) for values in itertools.product(*vectors.values())]
