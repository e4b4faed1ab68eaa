"""Frozen records without the price of being frozen: what is set by its own `__setattr__` costs five times as much.

A record is made as its draft, a class of the same layout that may be written to, and takes its own class before anyone
has seen it. From then on it is frozen as ever.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import Field

T = TypeVar("T")


def replace(record: T, /, **values: Any) -> T:
    """A copy of a frozen dataclass with some fields changed; `dataclasses.replace` makes it by way of `__init__`.

    Raises:
        AttributeError: It has no field of that name.
        TypeError: It is no dataclass, or one that does more in its `__init__`.
    """
    return _copier(type(record))(record, values)


def quickly_made(cls: type[T]) -> type[T]:
    """Give a frozen dataclass of many fields an `__init__` that does the same and costs a fraction.

    Raises:
        TypeError: The class has what this `__init__` does not know: fields it does not take, what comes after it.
    """
    known = _fields(cls)
    scope: dict[str, Any] = {"__draft__": _draft(cls), "__let__": object.__setattr__, "__absent__": MISSING}
    made = _compiled(cls, "__init__", _init_text(known, scope), scope)
    made.__annotations__, made.__qualname__ = cls.__init__.__annotations__, cls.__init__.__qualname__
    cls.__init__ = made
    return cls


def _fields(cls: type[Any]) -> tuple[Field[Any], ...]:
    known = fields(cls)
    if hasattr(cls, "__post_init__") or not all(each.init for each in known):
        raise TypeError(f"{cls.__name__} is more than its fields.")
    return known


def _init_text(known: tuple[Field[Any], ...], scope: dict[str, Any]) -> str:
    """The text of `__init__`; what it names is put into its scope, under names that no field has."""
    taken: list[str] = ["self"]
    by_name: list[str] = []
    told: list[str] = []
    for each in known:
        name = value = parameter = each.name
        if each.default_factory is not MISSING:
            scope[f"__make_{name}__"] = each.default_factory
            parameter = f"{name}=__absent__"
            value = f"__make_{name}__() if {name} is __absent__ else {name}"
        elif each.default is not MISSING:
            scope[f"__default_{name}__"] = each.default
            parameter = f"{name}=__default_{name}__"
        (by_name if each.kw_only is True else taken).append(parameter)
        told.append(f" self.{name} = {value}")
    if by_name:
        taken += ["*", *by_name]
    first = [
        f"def __init__({', '.join(taken)}):",
        " __own__ = self.__class__",
        " __let__(self, '__class__', __draft__)",
    ]
    return "\n".join([*first, *told, " self.__class__ = __own__"])


@cache
def _copier(cls: type[Any]) -> Callable[[Any, Mapping[str, Any]], Any]:
    """Copies records of a class, with values instead of some of theirs."""
    told = [f" copy.{each.name} = record.{each.name}" for each in _fields(cls)]
    lines = ["def copied(record, values):", " copy = blank(draft)", *told, " for name in values:"]
    text = "\n".join([*lines, "  setattr(copy, name, values[name])", " copy.__class__ = own", " return copy"])
    return _compiled(cls, "copied", text, {"draft": _draft(cls), "own": cls, "blank": object.__new__})


@cache
def _draft(cls: type[Any]) -> type[Any]:
    free = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(f"{cls.__name__}Draft", (cls,), free)


def _compiled(cls: type[Any], name: str, text: str, scope: dict[str, Any]) -> Any:
    """The function of that name in a text, which is made of names of fields alone."""
    exec(compile(text, f"<{cls.__qualname__}>", "exec"), scope)  # noqa: S102 - as dataclasses makes its methods
    return scope[name]
