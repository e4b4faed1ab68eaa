"""A workflow in its canonical form as text, with the place that each value comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.plan.findings import shown
from core.plan.keys.report import quote
from core.plan.source import ListNode, MappingNode, Scalar, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.reading import Reading
    from core.plan.source import Node

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$ =+-]*")
_PLAIN_IN_BLOCK: Final = re.compile(r"[A-Za-z0-9_./$](?:[^:#]|:(?=[^ ])|(?<! )#)*")
_COLUMN: Final = 56


def expand_workflow(reading: Reading) -> str:
    """The workflow with templates, defaults and spellings resolved: YAML that means the same.

    Behind each value stands the line it comes from, and the template if it is one of a template's. Files that are
    called stay calls.

    Args:
        reading: A workflow that was read. Of one without a tree, the text is empty.
    """
    if reading.tree is None:
        return ""
    writer = _Writer()
    writer.mapping(reading.tree, 0)
    return "\n".join(writer.lines) + "\n"


@dataclass(slots=True)
class _Writer:
    lines: list[str] = field(default_factory=list[str])
    is_default: bool = False

    def mapping(self, node: MappingNode, depth: int, first: str = "") -> None:
        """Write the entries of a mapping; the first one behind a dash if there is one."""
        margin = "  " * depth
        for name, entry in node.entries.items():
            start = f"{first or margin}{_text(name, is_flow=True)}:"
            first = ""
            self.is_default = name == "defaults" if depth == 0 else self.is_default
            self.value(start, entry.value, depth + 1)

    def value(self, start: str, node: Node, depth: int) -> None:
        """Write what stands behind a key or a dash."""
        if isinstance(node, Scalar):
            self.scalar(start, node, depth)
        elif isinstance(node, ListNode):
            if not node.items:
                self.line(f"{start} []", node)
            elif all(isinstance(item, Scalar) and _is_short(item) for item in node.items):
                items = ", ".join(_told(item, is_flow=True) for item in node.items if isinstance(item, Scalar))
                self.line(f"{start} [{items}]", node)
            else:
                self.lines.append(start)
                for item in node.items:
                    self.item(item, depth)
        elif not node.entries:
            self.line(f"{start} {{}}", node)
        else:
            self.lines.append(start)
            self.mapping(node, depth)

    def item(self, node: Node, depth: int) -> None:
        """Write an entry of a list."""
        dash = f"{'  ' * depth}-"
        if isinstance(node, MappingNode) and node.entries:
            self.mapping(node, depth + 1, f"{dash} ")
        else:
            self.value(dash, node, depth + 1)

    def scalar(self, start: str, node: Scalar, depth: int) -> None:
        """Write a scalar, one of several lines as a block."""
        if isinstance(node.value, str) and "\n" in node.text and _is_block(node.text):
            kept = node.text.removesuffix("\n")
            self.line(f"{start} {'|' if kept != node.text else '|-'}", node)
            self.lines += [f"{'  ' * depth}{line}" if line else "" for line in kept.split("\n")]
        else:
            self.line(f"{start} {_told(node)}", node)

    def line(self, text: str, node: Node) -> None:
        """Write a line with the origin of a node behind it."""
        self.lines.append(f"{text.ljust(_COLUMN)}  # {_origin(node, is_default=self.is_default)}")


def _origin(node: Node, *, is_default: bool) -> str:
    template = next(_templates(node), "")
    inside = f", from {shown(template)}" if template else ""
    if node.path[:1] == ("defaults",) and not is_default:
        inside = ", from defaults"
    return f"line {node.place.line}{inside}"


def _templates(node: Node) -> Iterator[str]:
    if len(node.path) > 1 and node.path[0] == "jobs" and isinstance(node.path[1], str) and node.path[1].startswith("."):
        yield node.path[1]


def _is_short(node: Scalar) -> bool:
    return len(node.text) <= 30 and "\n" not in node.text


def _is_block(text: str) -> bool:
    """Whether a text can be written as a block without loss."""
    lines = text.removesuffix("\n").split("\n")
    return (
        not text.endswith("\n\n")
        and text.replace("\n", "").isprintable()
        and bool(lines[0])
        and not lines[0][0].isspace()
        and all(line == line.rstrip() for line in lines)
    )


def _told(node: Scalar, *, is_flow: bool = False) -> str:
    """A scalar on one line, as YAML reads it back."""
    if isinstance(node.value, str):
        return _text(node.text, is_flow=is_flow)
    match node.value:
        case None:
            return "null"
        case bool():
            return str(node.value).lower()
        case _:
            return node.text if resolve(node.text) == node.value else repr(node.value)


def _text(text: str, *, is_flow: bool = False) -> str:
    """A text, in quotes if it must be.

    Args:
        text: The text.
        is_flow: Whether brackets and commas mean something where it stands, or a colon behind it.
    """
    shape = _PLAIN if is_flow else _PLAIN_IN_BLOCK
    if text.isprintable() and text == text.strip() and shape.fullmatch(text) and resolve(text) == text:
        return text
    if text.isprintable() and ('"' in text or "\\" in text):
        inner = text.replace("'", "''")
        return f"'{inner}'"
    return quote(text)
