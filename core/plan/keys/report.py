"""What reading a workflow finds on its way: findings with their places, and the texts that hold expressions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Final

from core.frozen import quickly_made
from core.plan.findings import MOST_FINDINGS, Edit, Fix, Place, Related, SourceFinding, kind_in_words, shown
from core.plan.interpolate import OPENING
from core.plan.nearness import did_you_mean, nearest
from core.plan.source import ListNode, MappingNode, Scalar, Style, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan import context
    from core.plan.source import Node, SourceText, TreePath

_MANY: Final = 2 * MOST_FINDINGS
_COMPARED: Final = 1000
_QUOTED: Final = (Style.SINGLE, Style.DOUBLE)


class Target(StrEnum):
    """What an evaluated text becomes."""

    TEXT = "text"
    BOOLEAN = "boolean"
    NUMBER = "number"
    DURATION = "duration"
    LIST = "list"
    ANY = "any"
    CONDITION = "condition"
    """An expression, with or without ``${{ }}``."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Site:
    """A text that holds an expression, or is a condition.

    Attributes:
        path: Where it stands in the canonical tree.
        scalar: The text, with the place and the path where it was written.
        where: What its expressions may name.
        target: What it becomes.
    """

    path: TreePath
    scalar: Scalar
    where: context.Place
    target: Target


class Report:
    """Collects findings, each once, and sites.

    Args:
        text: The file; none if nothing of it is ever shown.
    """

    def __init__(self, text: SourceText | None = None) -> None:
        self._text = text
        self.sites: list[Site] = []
        self._findings: dict[tuple[str, Place, str], SourceFinding] = {}
        self._spoiled: dict[int, Scalar] = {}

    @property
    def findings(self) -> tuple[SourceFinding, ...]:
        """What was found, in the order of finding it."""
        return tuple(self._findings.values())

    def say(
        self,
        code: str,
        message: str,
        node: Node,
        hint: str = "",
        *,
        fix: Fix | None = None,
        related: Related | None = None,
    ) -> None:
        """Add a finding about a node. What an alias or a template brings to several jobs is told once."""
        others = (related,) if related else ()
        finding = SourceFinding(code, message, node.place, path_text(node.path), hint, fix=fix, related=others)
        self._findings.setdefault((code, node.place, message), finding)

    def wrong(self, node: Node, expected: str, hint: str = "", *, fix: Fix | None = None) -> None:
        """Say that a value is of the wrong type."""
        kind = kind_of(node)
        told = f"'{label(node)}' is empty; it must be {expected}." if kind == "empty" else ""
        self.say("E004", told or f"'{label(node)}' must be {expected}, not {kind}.", node, hint, fix=fix)

    def allows(self, scalar: Scalar, where: context.Place | None) -> bool:
        """Whether expressions may stand here; if one stands where none may, that is said."""
        if where is None and has_expression(scalar):
            self.say("E110", f"No expression may stand in '{label(scalar)}'.", scalar, "write the value itself")
            return False
        return True

    def guess(
        self, name: str, known: Iterable[str], *, synonyms: Mapping[str, str] | None = None
    ) -> tuple[tuple[str, ...], str]:
        """The known names that a wrong one is near to, and the question whether they are meant.

        Once there are more findings than are ever shown, nothing is guessed: it takes time.
        """
        if len(self._findings) >= _MANY:
            return (), ""
        near = nearest(name, islice(known, _COMPARED), synonyms=synonyms)
        return near, did_you_mean(name, near, synonyms=synonyms)

    def written(self, node: Node) -> str:
        """What stands in the file where a node was written; empty if that is more than a line."""
        place = node.place
        if self._text is None or place.line != place.end_line:
            return ""
        return self._text.line(place.line)[place.column - 1 : place.end_column - 1]

    def spoiled(self, node: Node) -> Scalar:
        """A stand-in for a value whose faults were told, so that it is not found to be missing too."""
        stand_in = Scalar(None, "", "", Style.PLAIN, node.place, node.path, node.alias)
        self._spoiled[id(stand_in)] = stand_in
        return stand_in

    def is_spoiled(self, node: Node) -> bool:
        """Whether a node is such a stand-in."""
        return id(node) in self._spoiled


def has_expression(scalar: Scalar) -> bool:
    """Whether there is a ``${{`` in a text."""
    return OPENING in scalar.text


def is_null(node: Node) -> bool:
    """Whether nothing was written, or null."""
    return isinstance(node, Scalar) and node.value is None


def kind_of(node: Node) -> str:
    """What a node is, in words."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    return kind_in_words(node.value)


def label(node: Node) -> str:
    """The key that a node stands under, with its position in a list, such as ``needs[1]``."""
    at = len(node.path)
    while at and isinstance(node.path[at - 1], int):
        at -= 1
    return shown(path_text(node.path[max(at - 1, 0) :])) or "the workflow"


def replaced(node: Node, text: str, *, description: str = "") -> Fix:
    """The fix that puts something else in a node's place."""
    return Fix(description or f"replace by '{shown(text)}'", (Edit(node.place, text),))


def quoted(node: Node, text: str) -> Fix:
    """The fix that puts a text in quotes in a node's place."""
    return replaced(node, quote(text), description="put it in quotes")


def quote(text: str) -> str:
    """A text in quotes, as YAML and JSON read it."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def renamed(scalar: Scalar, name: str) -> Fix:
    """The fix that spells a key or a name otherwise, in quotes if it was quoted."""
    text = quote(name) if scalar.style in _QUOTED else name
    return replaced(scalar, text, description=f"replace by '{shown(name)}'")


def listed(names: Iterable[str], *, most: int = 60) -> str:
    """Names for a message, in quotes."""
    found = [f"'{shown(name)}'" for name in islice(names, most + 1)]
    return ", ".join(found[:most]) + (", …" if len(found) > most else "")


def made_text(text: str, like: Node) -> Scalar:
    """A text that stands where another node was written."""
    return Scalar(text, text, text, Style.DOUBLE, like.place, like.path, like.alias)
