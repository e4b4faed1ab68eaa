"""Forms of data that is kept as it was written, with the types YAML gives it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from core.plan.findings import shown
from core.plan.keys.form import Form, evaluated
from core.plan.keys.report import Site, Target, has_expression, quoted
from core.plan.keys.scalars import NUMBER_TEXT
from core.plan.source import ListNode, Scalar, Style, walk

if TYPE_CHECKING:
    from core.plan import context
    from core.plan.keys.form import Book, Schema
    from core.plan.keys.report import Report
    from core.plan.source import Node, Plain, TreePath

_SURPRISES: Final = re.compile(r"(?:[-+]?[0-9]+(?:_[0-9]+)+|y|n|yes|no|on|off)", re.IGNORECASE)


class Data(Form):
    """Anything that JSON has, with expressions in its texts."""

    expected = "a value"

    def __init__(self, where: context.Place | None, *, target: Target = Target.ANY) -> None:
        self._where = where
        self._target = target

    @property
    def takes_null(self) -> bool:
        """Null is data."""
        return True

    def check(self, node: Node, to: Report) -> Node | None:
        """The data as it is; scalars that are seldom meant as YAML reads them are told."""
        fits = True
        for below in walk(node):
            if isinstance(below, Scalar):
                fits = to.allows(below, self._where) and fits
                surprise(below, to)
        return node if fits else None

    def build(self, node: Node, path: TreePath, to: Report) -> Plain:
        """The data, plain."""
        if self._where is not None:
            note_sites(node, path, to, self._where, self._target)
        return node.to_plain()

    def schema(self, book: Book) -> Schema:  # noqa: ARG002 - every form is asked the same way
        """Anything."""
        return {}


class Computed(Form):
    """A text with an expression that gives a list or a mapping."""

    def __init__(self, where: context.Place, expected: str) -> None:
        self.expected = expected
        self._where = where

    def check(self, node: Node, to: Report) -> Node | None:
        """The text."""
        if isinstance(node, Scalar) and has_expression(node):
            return node
        is_json = isinstance(node, Scalar) and node.text.lstrip()[:1] in ("[", "{")
        to.wrong(node, self.expected, "this is a text; ${{ fromJSON('…') }} makes a value of it" if is_json else "")
        return None

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """An `Expression`."""
        return evaluated(node, path, to, self._where, Target.ANY)

    def schema(self, book: Book) -> Schema:
        """An expression."""
        return book.expression()


def note_sites(node: Node, path: TreePath, to: Report, where: context.Place, target: Target) -> None:
    """Note every text with an expression in some data."""
    if isinstance(node, Scalar):
        if has_expression(node):
            to.sites.append(Site(path, node, where, target))
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            note_sites(item, (*path, index), to, where, Target.ANY)
    else:
        for name, entry in node.entries.items():
            note_sites(entry.value, (*path, name), to, where, Target.ANY)


def surprise(scalar: Scalar, to: Report) -> None:
    """Warn of a plain scalar that means something else than it looks like, where types are kept."""
    if scalar.style is not Style.PLAIN or scalar.value is None:
        return
    text, value = scalar.text, scalar.value
    if isinstance(value, str):
        if _SURPRISES.fullmatch(text):
            message = f"{shown(text)} is a text here; YAML 1.1 has another value for it."
            to.say("W006", message, scalar, "quotes say that the text is meant", fix=quoted(scalar, text))
    elif not isinstance(value, bool) and _loses(text, value):
        message = f"{shown(text)} is the number {value:.15g}."
        to.say("W006", message, scalar, "put it in quotes if the text is meant", fix=quoted(scalar, text))


def _loses(text: str, value: float) -> bool:
    """Whether the number would be written otherwise than it was: ``3.10``, ``0755``, but not ``1e3`` or ``1.5``."""
    digits = text.lstrip("+-")
    if not NUMBER_TEXT.fullmatch(text) or not math.isfinite(value):
        return False
    return ("." in digits and digits.endswith("0")) or (len(digits) > 1 and digits[0] == "0" and digits[1] != ".")
