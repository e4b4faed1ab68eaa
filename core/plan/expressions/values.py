"""What an expression computes with, and how one type becomes another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias, cast

from core.plan.expressions.letters import fold
from core.plan.expressions.numbers import number_of, number_text

Value: TypeAlias = "bool | float | str | Items | Keyed | None"
"""Null, boolean, number (a double, never an `int`), text, list, mapping."""

MAX_NESTING: Final = 100
"""Levels of lists and mappings in the data an expression is given."""

_EXACT: Final = 2**53


class Items(tuple[Value, ...]):
    """A list. Expressions hold two lists for equal only if they are the same object."""

    __slots__ = ()


class Filtered(Items):
    """A list that ``.*`` made: an index on it is applied to each of its items."""

    __slots__ = ()


class Keyed(Mapping[str, Value]):
    """A mapping that keeps its order and finds keys without regard to case.

    Args:
        pairs: Keys and values; of keys that differ in case alone, the first stays.
    """

    def __init__(self, pairs: Iterable[tuple[str, Value]] = ()) -> None:
        self._spellings: dict[str, str] = {}
        self._values: dict[str, Value] = {}
        for key, value in pairs:
            folded = fold(key)
            self._spellings.setdefault(folded, key)
            self._values.setdefault(folded, value)

    def __getitem__(self, key: str) -> Value:
        return self._values[fold(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._spellings.values())

    def __len__(self) -> int:
        return len(self._spellings)


class Lazy(Keyed):
    """A mapping whose values are fetched when they are read, each once.

    Args:
        names: The keys.
        fetch: Gives the value of a key, in its first spelling.
    """

    def __init__(self, names: Iterable[str], fetch: Callable[[str], object]) -> None:
        super().__init__((name, None) for name in names)
        self._fetch = fetch
        self._fetched: dict[str, Value] = {}

    @property
    def fetched(self) -> tuple[str, ...]:
        """The keys that were read, in the order of the first time."""
        return tuple(self._fetched)

    def __getitem__(self, key: str) -> Value:
        name = self._spellings[fold(key)]
        if name not in self._fetched:
            self._fetched[name] = freeze(self._fetch(name))
        return self._fetched[name]


def freeze(data: object, levels: int = MAX_NESTING) -> Value:
    """Plain data as a value: numbers become doubles, lists `Items`, mappings `Keyed`; a value stays the object it is.

    Raises:
        ValueError: It nests deeper than ``levels``.
        TypeError: It is nothing that JSON has.
    """
    match data:
        case None | bool() | str() | float() | Items() | Keyed():
            return data
        case int():
            return _double(data)
        case Mapping() | list() | tuple() if levels <= 0:
            raise ValueError(f"its data has more than {MAX_NESTING} levels")
        case Mapping():
            pairs = cast("Mapping[object, object]", data).items()
            return Keyed((str(key), freeze(value, levels - 1)) for key, value in pairs)
        case list() | tuple():
            return Items(freeze(item, levels - 1) for item in cast("Iterable[object]", data))
        case _:
            raise TypeError(f"{type(data).__name__} is not a value of expressions")


def plain(value: Value) -> object:
    """A value as plain data: lists, dictionaries, and an `int` for each number that is a whole one."""
    if isinstance(value, Items):
        return [plain(item) for item in value]
    if isinstance(value, Keyed):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value


def truth(value: Value) -> bool:
    """A value as a condition: null, false, 0, NaN and the empty text are false."""
    if isinstance(value, Items | Keyed):
        return True
    return bool(value) and value == value  # noqa: PLR0124 - NaN alone differs from itself


def number(value: Value) -> float:
    """A value as a number; NaN for a list, a mapping and a text that is none."""
    if isinstance(value, str):
        return number_of(value)
    if isinstance(value, Items | Keyed):
        return math.nan
    return float(value or 0)


def text(value: Value) -> str:
    """A value as text; ``Array`` and ``Object`` for a list and a mapping."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case Items():
            return "Array"
        case Keyed():
            return "Object"
        case _:
            return number_text(value)


def is_scalar(value: Value) -> bool:
    """Whether it is neither a list nor a mapping."""
    return not isinstance(value, Items | Keyed)


def kind_of(value: Value) -> str:
    """The type's name for people."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "text"
        case Items():
            return "list"
        case Keyed():
            return "mapping"
        case _:
            return "number"


def _double(whole: int) -> float:
    try:
        return float(whole)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf
