"""Making nodes of the canonical tree out of written ones."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from core.plan.keys.report import is_null, made_text
from core.plan.keys.structures import with_entries, with_value
from core.plan.source import Entry, ListNode, MappingNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan.source import Node


def mapping(entries: Mapping[str, Entry], like: Node) -> MappingNode:
    """A mapping that stands where another node was written."""
    return MappingNode(MappingProxyType(dict(entries)), like.place, like.path, like.alias)


def entry(name: str, value: Node, like: Node | None = None) -> Entry:
    """A value under a key that was not written, or was written otherwise."""
    return Entry(made_text(name, like or value), value)


def items_of(node: Node | None) -> tuple[Node, ...]:
    """The entries of a list; a single node by itself; none of nothing."""
    if node is None or is_null(node):
        return ()
    return node.items if isinstance(node, ListNode) else (node,)


def list_of(items: Iterable[Node], like: Node) -> ListNode:
    """A list that stands where another node was written."""
    return ListNode(tuple(items), like.place, like.path, like.alias)


def from_plain(value: object, like: Node) -> Node:
    """Nodes for plain data, all of them at the place of another node."""
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return mapping({name: entry(name, from_plain(item, like), like) for name, item in fields.items()}, like)
    if isinstance(value, list):
        return list_of([from_plain(item, like) for item in cast("list[object]", value)], like)
    text = made_text(str(value), like)
    return replace(text, value=value) if isinstance(value, bool | int | float | None) else text


def text_of(node: Node | None) -> str:
    """The text of a scalar; empty of anything else."""
    return node.text if isinstance(node, Scalar) and node.value is not None else ""


def merged(base: Node, over: Node) -> Node:
    """One node over another: mappings are merged, null takes an entry away, anything else replaces."""
    if not isinstance(base, MappingNode) or not isinstance(over, MappingNode):
        return over
    entries = dict(base.entries)
    for name, found in over.entries.items():
        if name in entries and is_null(found.value):
            del entries[name]
        elif name in entries:
            entries[name] = with_value(found, merged(entries[name].value, found.value))
        else:
            entries[name] = found
    return with_entries(over, entries)
