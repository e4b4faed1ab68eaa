"""A matrix taken apart: its vectors, what is included and what is excluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from core.plan.expressions.letters import fold
from core.plan.expressions.values import freeze
from core.plan.findings import kind_in_words, shown
from core.plan.matrix.faults import MatrixFault
from core.plan.nearness import did_you_mean

if TYPE_CHECKING:
    from core.plan.expressions.values import Value
    from core.plan.source.nodes import TreePath

INCLUDE: Final = "include"
EXCLUDE: Final = "exclude"


@dataclass(slots=True)
class Part:
    """A value as it was given, and as expressions see it."""

    given: object
    value: Value


@dataclass(slots=True)
class Shape:
    """What a matrix consists of, and what is wrong with it.

    Attributes:
        vectors: The values to combine, by the vectors' names in their first spelling.
        include: The entries to add.
        exclude: The entries to take away.
        faults: What was found wrong on the way.
    """

    vectors: dict[str, list[Part]] = field(default_factory=dict[str, list[Part]])
    include: list[dict[str, Part]] = field(default_factory=list[dict[str, Part]])
    exclude: list[dict[str, Part]] = field(default_factory=list[dict[str, Part]])
    faults: list[MatrixFault] = field(default_factory=list[MatrixFault])
    _names: dict[str, str] = field(default_factory=dict[str, str])
    _positions: dict[str, int] = field(default_factory=dict[str, int])

    def vector_of(self, key: str) -> str | None:
        """The vector that a key names, whatever its case."""
        return self._names.get(fold(key))

    def position_of(self, key: str) -> int | None:
        """The position of the vector that a key names, whatever its case."""
        return self._positions.get(fold(key))

    def add_vector(self, name: str, values: list[Part]) -> None:
        """Add a vector behind the others."""
        self._positions[fold(name)] = len(self.vectors)
        self._names[fold(name)] = name
        self.vectors[name] = values


def shape_of(matrix: object, *, is_literal: bool) -> Shape:
    """The parts of a matrix.

    Args:
        matrix: Plain data: what stands under ``matrix:``, expressions evaluated.
        is_literal: Whether all of it stands in the file, so that emptiness is a mistake.
    """
    shape = Shape()
    if not isinstance(matrix, Mapping):
        shape.faults.append(_no_mapping((), matrix))
        return shape
    entries = cast("Mapping[str, object]", matrix)
    for key, value in entries.items():
        if key not in (INCLUDE, EXCLUDE):
            _read_vector(shape, str(key), value, is_literal=is_literal)
    shape.include = _entries(shape, INCLUDE, entries.get(INCLUDE, ()))
    shape.exclude = _entries(shape, EXCLUDE, entries.get(EXCLUDE, ()))
    _check_excludes(shape)
    if is_literal and not shape.vectors and not shape.include and not shape.faults:
        hint = "name a list of values, such as python: ['3.11', '3.12']"
        shape.faults.append(MatrixFault("E120", "Matrix must define at least one vector", (), hint))
    return shape


def _read_vector(shape: Shape, name: str, values: object, *, is_literal: bool) -> None:
    if (other := shape.vector_of(name)) is not None:
        message = f"Matrix vector '{shown(name)}' is defined twice: case does not tell it from '{shown(other)}'"
        shape.faults.append(MatrixFault("E124", message, (name,), "merge the two lists", is_key=True))
        return
    if not isinstance(values, list | tuple):
        shape.faults.append(_no_sequence((name,), values, f"Matrix vector '{shown(name)}'"))
        shape.add_vector(name, [])
        return
    items = cast("list[object]", values)
    if not items and is_literal:
        message = f"Matrix vector '{shown(name)}' does not contain any values"
        shape.faults.append(MatrixFault("E121", message, (name,), "give it a value, or remove it"))
    shape.add_vector(name, [_part(shape, item, (name, index)) for index, item in enumerate(items)])


def _entries(shape: Shape, kind: str, values: object) -> list[dict[str, Part]]:
    if not isinstance(values, list | tuple):
        shape.faults.append(_no_sequence((kind,), values, f"Matrix {kind}"))
        return []
    found: list[dict[str, Part]] = []
    for index, entry in enumerate(cast("list[object]", values)):
        if not isinstance(entry, Mapping):
            shape.faults.append(_no_mapping((kind, index), entry))
        elif not entry:
            message = (
                "Matrix include mapping does not contain any values"
                if kind == INCLUDE
                else "Matrix exclude filter must not be empty"
            )
            shape.faults.append(
                MatrixFault("E123", message, (kind, index), "name at least one key, or remove the entry")
            )
        else:
            pairs = cast("Mapping[str, object]", entry).items()
            found.append({str(key): _part(shape, value, (kind, index, str(key))) for key, value in pairs})
    return found


def _check_excludes(shape: Shape) -> None:
    for index, entry in enumerate(shape.exclude):
        for key in entry:
            if shape.vector_of(key) is None:
                names = ", ".join(f"'{shown(name)}'" for name in shape.vectors)
                hint = did_you_mean(key, shape.vectors) or (
                    f"the vectors are {names}" if names else "there is no vector"
                )
                message = f"Matrix exclude key '{shown(key)}' does not match any key within the matrix"
                shape.faults.append(MatrixFault("E122", message, (EXCLUDE, index, key), hint, is_key=True))


def _part(shape: Shape, given: object, path: TreePath) -> Part:
    try:
        return Part(given, freeze(given))
    except (ValueError, TypeError) as error:
        shape.faults.append(MatrixFault("E124", f"This is no value for a matrix: {error}", path))
        return Part(None, None)


def _no_sequence(path: TreePath, value: object, what: str) -> MatrixFault:
    return MatrixFault(
        "E124", f"A sequence was expected: {what} is {kind_in_words(value)}", path, _from_json(value, "[", "[…]")
    )


def _no_mapping(path: TreePath, value: object) -> MatrixFault:
    return MatrixFault(
        "E124", f"A mapping was expected, not {kind_in_words(value)}", path, _from_json(value, "{", "key: value")
    )


def _from_json(value: object, bracket: str, written: str) -> str:
    if isinstance(value, str) and value.lstrip().startswith(bracket):
        return "this is a text; ${{ fromJSON(…) }} makes a value of it"
    return f"write {written}"
