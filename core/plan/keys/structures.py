"""Forms of lists and mappings, and of values that may be written in several shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from core.plan.findings import Related, shown
from core.plan.keys.form import Form
from core.plan.keys.report import Report, is_null, label, made_text
from core.plan.source import Entry, ListNode, MappingNode, Scalar

if TYPE_CHECKING:
    from core.plan.keys.form import Book, Schema
    from core.plan.source import Node, TreePath

Naming: TypeAlias = Callable[[Scalar, Report], bool]
"""Whether a key is well formed; if not, it is said."""


class Many(Form):
    """A list, or a single entry that stands for a list of one.

    Args:
        item: What an entry is.
        expected: What it is, in words.
        least: The fewest entries.
        lone: Whether a single entry may stand without a list.
    """

    def __init__(self, item: Form, expected: str, *, least: int = 0, lone: bool = True) -> None:
        self.expected = expected
        self._item = item
        self._least = least
        self._lone = lone

    def check(self, node: Node, to: Report) -> Node | None:
        """The entries that are of use."""
        if isinstance(node, ListNode):
            if len(node.items) < self._least:
                to.say("E004", f"'{label(node)}' is an empty list; it must be {self.expected}.", node)
                return None
            checked = [self._item.check(item, to) for item in node.items]
            return ListNode(tuple(item for item in checked if item is not None), node.place, node.path, node.alias)
        if not self._lone or is_null(node) or (isinstance(node, MappingNode) and isinstance(self._item, Many)):
            to.wrong(node, self.expected, "write it as a list: [ … ]" if not self._lone else "")
            return None
        return self._item.check(node, to)

    def lift(self, node: Node) -> Node:
        """A list."""
        items = node.items if isinstance(node, ListNode) else (node,)
        return ListNode(tuple(map(self._item.lift, items)), node.place, node.path, node.alias)

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """A tuple."""
        items = node.items if isinstance(node, ListNode) else ()
        return tuple(self._item.build(item, (*path, index), to) for index, item in enumerate(items))

    def schema(self, book: Book) -> Schema:
        """A list, or an entry."""
        item = self._item.schema(book)
        found: Schema = {"type": "array", "items": item}
        found |= {"minItems": self._least} if self._least else {}
        return {"anyOf": [item, found]} if self._lone else found


class Named(Form):
    """A mapping from names to values of one form.

    Args:
        value: What stands under a name.
        expected: What it is, in words.
        naming: What a name may be.
        pattern: What a name matches, for the schema.
        least: The fewest entries.
        folds: Whether two names that differ in case alone are one.
        removable: Whether null takes away what a template brings.
        most: The most entries; 0 for any number.
    """

    def __init__(
        self,
        value: Form,
        expected: str,
        *,
        naming: Naming | None = None,
        pattern: str = "",
        least: int = 0,
        folds: bool = False,
        removable: bool = False,
        most: int = 0,
    ) -> None:
        self.expected = expected
        self._value = value
        self._naming = naming
        self._pattern = pattern
        self._least = least
        self._folds = folds
        self._removable = removable
        self._most = most

    def check(self, node: Node, to: Report) -> Node | None:
        """The entries that are of use. Nulls stay: they may take away what a template brings."""
        if not isinstance(node, MappingNode):
            to.wrong(node, self.expected, "write it as a mapping, a line 'NAME: value' each")
            return None
        if len(node.entries) < self._least:
            to.say("E004", f"'{label(node)}' is an empty mapping; it must be {self.expected}.", node)
            return None
        if self._most and len(node.entries) > self._most:
            message = f"'{label(node)}' has {len(node.entries):,} entries; at most {self._most} are allowed."
            to.say("E004", message, node)
            return None
        entries: dict[str, Entry] = {}
        first: dict[str, Scalar] = {}
        for name, entry in node.entries.items():
            if (self._naming and not self._naming(entry.key, to)) or not self._is_first(entry.key, first, to):
                continue
            value = entry.value if is_null(entry.value) else self._value.check(entry.value, to)
            entries[name] = with_value(entry, to.spoiled(entry.value) if value is None else value)
        return with_entries(node, entries)

    def _is_first(self, key: Scalar, first: dict[str, Scalar], to: Report) -> bool:
        if not self._folds:
            return True
        other = first.setdefault(key.text.lower(), key)
        if other is key:
            return True
        message = f"'{shown(key.text)}' differs from '{shown(other.text)}' in line {other.place.line} in case alone."
        related = Related(other.place, "first here")
        to.say("E010", message, key, "names are compared without regard to case", related=related)
        return False

    def lift(self, node: Node) -> Node:
        """The same with lifted values."""
        if not isinstance(node, MappingNode):
            return node
        takes_null, lift = self._value.takes_null, self._value.lift
        lifted = {
            name: entry if is_null(entry.value) and not takes_null else with_value(entry, lift(entry.value))
            for name, entry in node.entries.items()
        }
        return with_entries(node, lifted)

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """A dictionary."""
        found: dict[str, object] = {}
        for name, entry in node.entries.items() if isinstance(node, MappingNode) else ():
            value = entry.value
            if to.is_spoiled(value):
                found[name] = self._value.build(self._value.lift(value), (*path, name), Report())
            elif is_null(value) and not self._value.takes_null:
                to.wrong(value, self._value.expected)
            else:
                found[name] = self._value.build(value, (*path, name), to)
        return found

    def schema(self, book: Book) -> Schema:
        """An object with free names."""
        value = self._value.schema(book)
        if self._removable:
            value = {"anyOf": [value, {"type": "null"}]}
        found: Schema = {"type": "object", "additionalProperties": value}
        found |= {"propertyNames": {"pattern": self._pattern}} if self._pattern else {}
        found |= {"minProperties": self._least} if self._least else {}
        found |= {"maxProperties": self._most} if self._most else {}
        return found


@dataclass(frozen=True, slots=True)
class Shapes:
    """The forms that a value may have as a scalar, as a list and as a mapping."""

    scalar: Form | None = None
    items: Form | None = None
    mapping: Form | None = None

    def of(self, node: Node) -> Form | None:
        """The form for a node."""
        if isinstance(node, Scalar):
            return self.scalar
        return self.items if isinstance(node, ListNode) else self.mapping

    @property
    def all(self) -> tuple[Form, ...]:
        """The forms there are."""
        return tuple(form for form in (self.scalar, self.items, self.mapping) if form)


class AnyOf(Form):
    """A value that keeps the shape in which it was written, one of several.

    Args:
        shapes: Them.
        expected: What it is, in words.
        make: From what is built to the value of the specification.
        hint: What to write instead of another shape.
    """

    def __init__(
        self, shapes: Shapes, expected: str, *, make: Callable[[object], object] | None = None, hint: str = ""
    ) -> None:
        self.expected = expected
        self._shapes = shapes
        self._make = make
        self._hint = hint

    def check(self, node: Node, to: Report) -> Node | None:
        """As the shape's form has it."""
        form = self._shapes.of(node)
        if form is None or is_null(node):
            to.wrong(node, self.expected, self._hint)
            return None
        return form.check(node, to)

    def lift(self, node: Node) -> Node:
        """As the shape's form has it."""
        form = self._shapes.of(node)
        return form.lift(node) if form else node

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """As the shape's form has it."""
        form = self._shapes.of(node)
        value = form.build(node, path, to) if form else None
        return self._make(value) if self._make else value

    def schema(self, book: Book) -> Schema:
        """Any of the shapes."""
        kinds = ("string", "array", "object")
        forms = (self._shapes.scalar, self._shapes.items, self._shapes.mapping)
        found: list[Schema] = []
        for kind, form in zip(kinds, forms, strict=True):
            if form is not None:
                found.append(form.schema(book) or {"type": kind})
        return {"anyOf": found}


class Short(Form):
    """A mapping that may be written short: a value that is none stands for the mapping with that under one key.

    Args:
        record: The mapping.
        key: The key.
        short: The form of a value that stands for the mapping.
        expected: What it is, in words.
        takes_null: Whether nothing at all is the empty mapping.
    """

    def __init__(self, record: Form, key: str, short: Form | None, expected: str, *, takes_null: bool = False) -> None:
        self.expected = expected
        self._record = record
        self._key = key
        self._short = short
        self._takes_null = takes_null

    @property
    def takes_null(self) -> bool:
        """Whether nothing at all is the empty mapping."""
        return self._takes_null

    def check(self, node: Node, to: Report) -> Node | None:
        """The mapping, or what stands for it."""
        if isinstance(node, MappingNode):
            return self._record.check(node, to)
        if self._short is None or is_null(node) or (isinstance(node, ListNode) and not isinstance(self._short, Many)):
            to.wrong(node, self.expected)
            return None
        return self._short.check(node, to)

    def lift(self, node: Node) -> Node:
        """A mapping."""
        if not isinstance(node, MappingNode):
            key = made_text(self._key, node)
            entries = {} if is_null(node) else {self._key: Entry(key, node)}
            node = with_entries(node, entries)
        return self._record.lift(node)

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """What the mapping is built to."""
        return self._record.build(node, path, to)

    def schema(self, book: Book) -> Schema:
        """The mapping, or what stands for it."""
        found: list[Schema] = [self._record.schema(book)]
        found += [self._short.schema(book)] if self._short else []
        if self._takes_null:
            found.append({"type": "null"})
        return {"anyOf": found} if len(found) > 1 else found[0]


def with_value(entry: Entry, value: Node) -> Entry:
    """An entry with another value."""
    return entry if value is entry.value else Entry(entry.key, value, entry.is_merged)


def with_entries(node: Node, entries: dict[str, Entry]) -> MappingNode:
    """A mapping in the place of a node, with entries that are its own from now on."""
    return MappingNode(MappingProxyType(entries), node.place, node.path, node.alias)


def entries_of(node: Node | None) -> Mapping[str, Entry]:
    """The entries of a mapping; none of anything else."""
    return node.entries if isinstance(node, MappingNode) else {}
