"""Forms of quantities: spans of time, sizes of memory, processors."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from core.plan.findings import shown
from core.plan.keys.form import EXPRESSION, Form, evaluated
from core.plan.keys.report import Target, has_expression, label
from core.plan.source import Scalar
from core.spec.workflow import Expression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan import context
    from core.plan.keys.form import Book, Schema
    from core.plan.keys.report import Report
    from core.plan.source import Node, TreePath

MAX_SECONDS: Final = 7 * 86_400
"""The longest time limit."""

_LONGEST: Final = 60


class Measure(Form):
    """A number, or a text of numbers with units.

    Args:
        expected: What it is, in words and with an example.
        units: What a number before each unit is multiplied with, in the unit of the specification.
        least: In the unit of the specification.
        most: The same.
        where: What expressions in it may name; None if none may stand there.
        factor: What a number without a unit is multiplied with.
        is_whole: Whether fractions are dropped.
        repeats: Whether several numbers with units add up.
        range_words: The bounds, in words.
        target: What an expression comes to.
    """

    def __init__(
        self,
        expected: str,
        units: Mapping[str, float],
        least: float,
        most: float,
        *,
        where: context.Place | None = None,
        factor: int = 1,
        is_whole: bool = False,
        repeats: bool = False,
        range_words: str,
        target: Target = Target.NUMBER,
    ) -> None:
        self.expected = expected
        self._units = units
        self._least = least
        self._most = most
        self._where = where
        self._factor = factor
        self._is_whole = is_whole
        self._range_words = range_words
        self._target = target
        names = "|".join(sorted(units, key=len, reverse=True))
        part = rf"[0-9]{{1,9}}(?:\.[0-9]{{1,6}})? ?(?:{names})"
        self._pattern = rf"(?:{part}(?: (?=[0-9])|(?=[0-9])|$)){{1,9}}" if repeats else part
        self._text = re.compile(rf"[0-9]{{1,15}}(?:\.[0-9]{{1,6}})?|{self._pattern}")
        self._parts = re.compile(rf"([0-9]+(?:\.[0-9]+)?) ?({names})?")

    def check(self, node: Node, to: Report) -> Node | None:
        """The quantity as it was written, or the expression."""
        if isinstance(node, Scalar) and has_expression(node):
            return node if to.allows(node, self._where) else None
        if not isinstance(node, Scalar) or node.value is None or isinstance(node.value, bool):
            to.wrong(node, self.expected)
            return None
        amount = self._amount(node)
        if amount is None:
            to.say("E170", f"'{label(node)}' must be {self.expected}, not '{shown(node.text)}'.", node)
            return None
        if not self._least <= amount <= self._most:
            to.say("E170", f"'{label(node)}' must be {self._range_words}, not {shown(node.text)}.", node)
            return None
        return node

    def _amount(self, node: Scalar) -> float | None:
        """The quantity in the unit of the specification; None if it is none."""
        value = node.value
        if isinstance(value, int | float):
            return value * self._factor if math.isfinite(value) else None
        text = node.text.strip()
        if len(text) > _LONGEST or not self._text.fullmatch(text):
            return None
        found = self._parts.findall(text)
        return sum(float(digits) * (self._units[unit] if unit else self._factor) for digits, unit in found)

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """The quantity in the unit of the specification, or an `Expression`."""
        if not isinstance(node, Scalar):
            return None
        found = evaluated(node, path, to, self._where, self._target)
        if isinstance(found, Expression):
            return Expression(found.text, self._factor)
        amount = self._amount(node) or 0
        return int(amount) if self._is_whole or amount == int(amount) else amount

    def schema(self, book: Book) -> Schema:  # noqa: ARG002 - every form is asked the same way
        """A number, a text with units, or an expression."""
        number: Schema = {"type": "number", "minimum": self._least / self._factor, "maximum": self._most / self._factor}
        pattern = rf"^\s*(?:{self._text.pattern})\s*$"
        return {
            "anyOf": [
                number,
                {"type": "string", "pattern": f"{pattern}|{EXPRESSION}" if self._where else pattern},
            ]
        }


_SPANS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("ms",), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
}
_MIB: Final = 1024 * 1024
_SIZES: Final[Mapping[str, float]] = {
    **dict.fromkeys(("b", "B"), 1 / _MIB),
    **dict.fromkeys(("k", "K", "kb", "KB", "Ki", "KiB"), 1024 / _MIB),
    **dict.fromkeys(("m", "M", "mb", "MB", "Mi", "MiB"), 1),
    **dict.fromkeys(("g", "G", "gb", "GB", "Gi", "GiB"), 1024),
    **dict.fromkeys(("t", "T", "tb", "TB", "Ti", "TiB"), 1024 * 1024),
}


def duration(
    where: context.Place | None = None, *, least: float = 0.001, most: float = MAX_SECONDS, factor: int = 1
) -> Measure:
    """A span of time in seconds.

    Args:
        where: What expressions in it may name; None if none may stand there.
        least: The shortest, in seconds.
        most: The longest, in seconds.
        factor: How many seconds a number without a unit stands for.
    """
    what = "seconds" if factor == 1 else "minutes"
    bounds = f"longer than 0 and at most {most / 86_400:g} days" if least else f"at most {most / 86_400:g} days"
    return Measure(
        f"{what} as a number, or a text such as 90s, 10m, 1h30m",
        _SPANS,
        least,
        most,
        where=where,
        factor=factor,
        repeats=True,
        range_words=bounds,
        target=Target.DURATION,
    )


def memory(where: context.Place) -> Measure:
    """A size in MiB."""
    return Measure(
        "MiB as a number, or a text such as 512m, 2g",
        _SIZES,
        6,
        16_777_216,
        where=where,
        is_whole=True,
        range_words="from 6 MiB to 16 TiB; a number without a unit is MiB",
    )


def processors(where: context.Place) -> Measure:
    """How many processors, in parts too."""
    return Measure(
        "a number of processors, such as 0.5, 2 or 500m",
        {"m": 0.001},
        0.01,
        1024,
        where=where,
        range_words="from 0.01 to 1024",
    )
