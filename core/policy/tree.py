"""A policy's file as a tree, read key by key; whatever is wrong is noted with its line and column."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from core.errors import Finding
from core.plan.source import ListNode, MappingNode, Scalar, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.plan.source import Node

_MOST_ITEMS: Final = 1000


class Tree:
    """Looks into the nodes of one file.

    Args:
        file: What places are told with.

    Attributes:
        file: The same.
        findings: What is wrong so far, in the order in which it was met.
    """

    def __init__(self, file: str) -> None:
        self.findings: list[Finding] = []
        self.file = file

    def place(self, node: Node) -> str:
        """Where a node was written, for people who look for a rule: ``policy.yaml:4``."""
        return f"{self.file}:{node.place.line}"

    def fault(self, node: Node, message: str, hint: str = "") -> None:
        """Note what is wrong with a node."""
        where = path_text(node.path)
        said = f"{where}: {message}" if where else message
        self.findings.append(Finding(f"{self.file}:{node.place.line}:{node.place.column}", said, hint))

    def entries(self, node: Node, known: Sequence[str]) -> dict[str, Node]:
        """The values of a mapping by their keys, without unknown ones and those that are left empty."""
        if not isinstance(node, MappingNode):
            self.fault(node, "must be a mapping", f"Keys: {', '.join(known)}.")
            return {}
        found: dict[str, Node] = {}
        for name, entry in node.entries.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
                guess = f"no such key; did you mean {near[0]}?" if near else "no such key"
                self.fault(entry.key, guess, f"Keys: {', '.join(known)}.")
            elif not (isinstance(entry.value, Scalar) and entry.value.value is None):
                found[name] = entry.value
        return found

    def items(self, node: Node) -> tuple[Node, ...]:
        """The items of a list; one value stands for a list of it."""
        if isinstance(node, MappingNode):
            self.fault(node, "must be a list")
            return ()
        items = node.items if isinstance(node, ListNode) else (node,)
        if len(items) > _MOST_ITEMS:
            self.fault(node, f"at most {_MOST_ITEMS} items, not {len(items)}")
            return ()
        return items

    def text(self, node: Node) -> str | None:
        """A text; None if it is not one."""
        if isinstance(node, Scalar) and node.value is not None and node.text:
            return node.text
        self.fault(node, "must be a text")
        return None

    def word(self, node: Node, known: Iterable[str]) -> str | None:
        """One of some words; None if it is none of them."""
        text = self.text(node)
        if text is None or text in (words := tuple(known)):
            return text
        near = difflib.get_close_matches(text, words, n=1, cutoff=0.6)
        self.fault(node, f"not one of {', '.join(words)}{f'; did you mean {near[0]}?' if near else ''}")
        return None

    def flag(self, node: Node) -> bool:
        """True or false."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.fault(node, "must be true or false")
        return False

    def number(self, node: Node) -> float | None:
        """A number from 0 on; None if it is not one."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
            return value
        self.fault(node, "must be a number from 0 on")
        return None
