"""What a value may be: one definition from which it is checked, brought to its one shape, built, and described.

A form is asked three times. ``check`` takes what was written, says what is wrong with it, and gives it back with
canonical keys. Templates are merged then. ``lift`` brings what is left to its one shape, a single entry to a list of
one and the like. ``build`` makes the value of the specification and notes which texts hold expressions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from core.plan.keys.report import Site, has_expression
from core.plan.source import Scalar
from core.spec.workflow import Expression

if TYPE_CHECKING:
    from core.plan import context
    from core.plan.keys.report import Report, Target
    from core.plan.source import Node, TreePath

Schema: TypeAlias = dict[str, object]
Rule: TypeAlias = Callable[[str], str]
"""From a text to what is wrong with it, as the end of a sentence; empty if nothing is."""

EXPRESSION: Final = r"\$\{\{"
"""A regular expression for texts with an expression in them."""


class Form(ABC):
    """One kind of value."""

    expected: str
    """What it is, in words, such as ``a list of texts``."""

    @abstractmethod
    def check(self, node: Node, to: Report) -> Node | None:
        """What was written with canonical keys; None if it is of no use, which is said."""

    def lift(self, node: Node) -> Node:
        """A checked node in its one shape."""
        return node

    @abstractmethod
    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """The value of a lifted node that stands at a path of the canonical tree."""

    @abstractmethod
    def schema(self, book: Book) -> Schema:
        """The same as JSON Schema."""

    @property
    def takes_null(self) -> bool:
        """Whether nothing at all is a value."""
        return False


def complete(form: Form, node: Node, to: Report) -> None:
    """Say what is missing in a value that is not built as it stands: its parts go elsewhere."""
    sites = len(to.sites)
    form.build(form.lift(node), (), to)
    del to.sites[sites:]


class Book:
    """The definitions of a JSON Schema, made as they are referred to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def refer(self, name: str, make: Callable[[Book], Schema]) -> Schema:
        """A reference to a definition, which is made if it is not there yet."""
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = make(self)
        return {"$ref": f"#/definitions/{name}"}

    def expression(self) -> Schema:
        """A text with an expression in it."""
        description = "A ${{ }} expression, in the language of GitHub Actions."
        return self.refer("expression", lambda _: {"type": "string", "pattern": EXPRESSION, "description": description})


def evaluated(
    node: Node, path: TreePath, to: Report, where: context.Place | None, target: Target, *, factor: int = 1
) -> object:
    """The value of a scalar, or the expression that gives it."""
    if not isinstance(node, Scalar):
        return None
    if where is not None and has_expression(node):
        to.sites.append(Site(path, node, where, target))
        return Expression(node.text, factor)
    return node.value
