"""The tree of a file: frozen nodes that know where they were written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from core.frozen import quickly_made

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.plan.findings import Place

PlainScalar: TypeAlias = "bool | int | float | str | None"
Plain: TypeAlias = "PlainScalar | list[Plain] | dict[str, Plain]"
TreePath: TypeAlias = "tuple[str | int, ...]"

_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")


class Style(Enum):
    """How a scalar was written."""

    PLAIN = ""
    SINGLE = "'"
    DOUBLE = '"'
    LITERAL = "|"
    FOLDED = ">"


@quickly_made
@dataclass(frozen=True, slots=True)
class Scalar:
    """One value, or one key.

    Attributes:
        value: What it means in YAML 1.2's core schema.
        text: Its text: of a plain scalar as it was written (``3.10``), otherwise without quotes and escapes.
        raw: The characters of the file, quotes and the indicator of a block included.
        style: How it was written.
        place: Where it was written.
        path: Where it stands in the tree. A key has the path of its value.
        alias: Where the alias stands that brought it to this path; none for what was written here.
    """

    value: PlainScalar
    text: str
    raw: str
    style: Style
    place: Place
    path: TreePath
    alias: Place | None = None

    def to_plain(self) -> PlainScalar:
        """The value."""
        return self.value


@quickly_made
@dataclass(frozen=True, slots=True)
class ListNode:
    """Values in order. ``place``, ``path`` and ``alias`` are as for `Scalar`."""

    items: tuple[Node, ...]
    place: Place
    path: TreePath
    alias: Place | None = None

    def to_plain(self) -> list[Plain]:
        """The values without their places."""
        return [item.to_plain() for item in self.items]


@quickly_made
@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value; ``is_merged`` if a merge key brought it."""

    key: Scalar
    value: Node
    is_merged: bool = False


@quickly_made
@dataclass(frozen=True, slots=True)
class MappingNode:
    """Entries by their key's text, in order. ``place``, ``path`` and ``alias`` are as for `Scalar`."""

    entries: Mapping[str, Entry]
    place: Place
    path: TreePath
    alias: Place | None = None

    def get(self, name: str) -> Node | None:
        """The value under a key."""
        entry = self.entries.get(name)
        return entry.value if entry else None

    def to_plain(self) -> dict[str, Plain]:
        """The values without their places."""
        return {name: entry.value.to_plain() for name, entry in self.entries.items()}


Node: TypeAlias = "Scalar | ListNode | MappingNode"


def path_text(path: TreePath) -> str:
    """A path as it is told, such as ``jobs.deploy.needs[1]`` or ``env['A.B']``."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif _NAME.fullmatch(part):
            parts.append(f".{part}" if parts else part)
        else:
            quoted = part.replace("'", "''")
            parts.append(f"['{quoted}']")
    return "".join(parts)


def child_of(node: Node, part: str | int) -> Node | None:
    """The node right below another one; none if there is none of this name, or at this position."""
    if isinstance(node, MappingNode):
        entry = node.entries.get(part) if isinstance(part, str) else None
        return entry.value if entry is not None else None
    if isinstance(node, ListNode) and isinstance(part, int):
        return node.items[part] if 0 <= part < len(node.items) else None
    return None


def node_at(root: Node, path: TreePath) -> Node | None:
    """The node at a path below ``root``; none if there is no such path."""
    node: Node | None = root
    for part in path:
        if node is None:
            return None
        node = child_of(node, part)
    return node


def walk(root: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the file; keys are not among them."""
    ahead: list[Node] = [root]
    while ahead:
        node = ahead.pop()
        yield node
        if isinstance(node, ListNode):
            ahead.extend(reversed(node.items))
        elif isinstance(node, MappingNode):
            ahead.extend([entry.value for entry in node.entries.values()][::-1])
