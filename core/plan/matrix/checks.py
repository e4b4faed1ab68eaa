"""What can be said about a matrix that stands in the file, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.canonical import canonical_json
from core.plan.expressions.comparison import equal
from core.plan.expressions.values import Items, Keyed, text
from core.plan.findings import shown
from core.plan.matrix.expansion import MOST_VARIANTS, expand_matrix
from core.plan.matrix.faults import InvalidMatrixError, MatrixFault
from core.plan.matrix.shape import EXCLUDE, INCLUDE, shape_of
from core.plan.nearness import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.matrix.expansion import Expansion
    from core.plan.matrix.shape import Part, Shape


def check_matrix(matrix: object) -> tuple[MatrixFault, ...]:
    """Every fault of a literal matrix, and what about it is hardly meant; paths begin below the matrix.

    Args:
        matrix: Plain data: what stands under ``matrix:``, without expressions.
    """
    shape = shape_of(matrix, is_literal=True)
    if shape.faults:
        return tuple(shape.faults)
    try:
        expansion = expand_matrix(matrix, job="job")
    except InvalidMatrixError as error:
        finding = error.findings[0]
        return (MatrixFault("E125", finding.message, (), finding.hint),)
    faults = [*_repeated(shape), *_idle(shape, expansion), *_near_keys(shape)]
    if not expansion.variants:
        message = "The matrix expands to nothing: every combination is excluded"
        faults.append(MatrixFault("E126", message, (EXCLUDE,), "remove an exclude entry, or the job"))
    return tuple(faults)


def _repeated(shape: Shape) -> Iterator[MatrixFault]:
    """Values that a vector has twice; as an exclude entry would see them, ``4`` and ``'4'`` are the same."""
    for name, parts in shape.vectors.items():
        for index, part in enumerate(parts[:MOST_VARIANTS]):
            earlier = next((at for at in range(index) if _same(parts[at], part)), None)
            if earlier is not None:
                one, other = _told(parts[earlier]), _told(part)
                has = f"{other} twice" if one == other else f"{one} and {other}, which exclude cannot tell apart"
                message = f"Matrix vector '{shown(name)}' has {has}"
                yield MatrixFault("W120", message, (name, index), "remove one of the two")


def _same(one: Part, other: Part) -> bool:
    if isinstance(one.value, Items | Keyed) or isinstance(other.value, Items | Keyed):
        return type(one.value) is type(other.value) and canonical_json(one.given) == canonical_json(other.given)
    return equal(one.value, other.value)


def _idle(shape: Shape, expansion: Expansion) -> Iterator[MatrixFault]:
    for index in expansion.idle_excludes:
        named = {vector: shape.vectors[vector] for key in shape.exclude[index] if (vector := shape.vector_of(key))}
        values = "; ".join(
            f"{shown(vector)}: {', '.join(_told(part) for part in parts[:10])}" for vector, parts in named.items()
        )
        message = "This exclude entry matches no combination"
        yield MatrixFault("W122", message, (EXCLUDE, index), f"the values are {values}")


def _near_keys(shape: Shape) -> Iterator[MatrixFault]:
    """Keys of include entries that look like a vector's: they add a value where a filter was meant."""
    for index, entry in enumerate(shape.include):
        for key in entry:
            near = nearest(key, shape.vectors) if shape.vector_of(key) is None else ()
            if near:
                message = (
                    f"Matrix include key '{shown(key)}' is no vector, so it adds a value to every combination matched"
                )
                yield MatrixFault(
                    "W123", message, (INCLUDE, index, key), f"did you mean '{shown(near[0])}'?", is_key=True
                )


def _told(part: Part) -> str:
    if isinstance(part.value, Items | Keyed):
        return shown(canonical_json(part.given))
    if isinstance(part.value, str):
        return f"'{shown(part.value)}'"
    return text(part.value) or "null"
