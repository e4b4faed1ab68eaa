"""Mappings with known keys: the rows of the catalogue and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from core.plan.findings import Related, shown
from core.plan.keys.form import Form
from core.plan.keys.report import Report, is_null, listed, made_text, renamed
from core.plan.keys.structures import entries_of, with_entries, with_value
from core.plan.nearness import SYNONYMS
from core.plan.source import Entry, MappingNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.plan.keys.form import Book, Schema
    from core.plan.source import Node, Scalar, TreePath

Answer: TypeAlias = Callable[[str, Entry, Report], bool]
"""Answers a key of another system; whether it did."""

Inspection: TypeAlias = Callable[[MappingNode, Report], None]
"""Says what is wrong with a mapping as a whole, once it is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A row of the catalogue.

    Attributes:
        name: The key, in snake case; ``-`` is taken for ``_``.
        form: What may stand under it.
        description: What it means, for people and agents.
        field: What the value is called in the specification; the name if empty.
        aliases: Other spellings that mean the same.
        foreign: Spellings of other systems, which are read and mentioned.
        ignored: Why it is read and left out; empty if it is not.
        required: Whether it has to be there.
        default: What applies without it, for whoever reads the schema.
        missing: What to write if it is required and not there.
        blank: The value that stands for it then.
    """

    name: str
    form: Form
    description: str
    field: str = ""
    aliases: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    ignored: str = ""
    required: bool = False
    default: object = None
    missing: str = ""
    blank: object = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way to write it, the canonical one first."""
        names = (self.name, *self.aliases, *self.foreign)
        return tuple(dict.fromkeys(name.replace("_", mark) for name in names for mark in ("_", "-")))


@dataclass(frozen=True, slots=True)
class Row:
    """A key as it may be written."""

    key: Key
    is_foreign: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a mapping has beside its keys.

    Attributes:
        conflicts: Keys of which only one may stand.
        answers: What is said about keys of other systems.
        inspect: What is wrong with the mapping as a whole.
        open_prefix: What keys begin with that may hold anything.
        partial: Whether required keys may be missing: they are looked for later.
        removable: Whether null takes away what a template brings.
        stands_for: Keys of other systems, and the key that is not missed beside them.
        own_key: The field for the key that the mapping itself stands under; empty if there is none.
    """

    conflicts: tuple[tuple[str, ...], ...] = ()
    answers: Answer | None = None
    inspect: Inspection | None = None
    open_prefix: str = ""
    partial: bool = False
    removable: bool = True
    stands_for: Mapping[str, str] = field(default_factory=dict[str, str])
    own_key: str = ""


_NO_RULES: Final = Rules()


class Record(Form):
    """A mapping with known keys.

    Args:
        name: What the definition is called in the schema.
        noun: What it is, in words, such as ``a job``.
        keys: Its keys.
        make: From fields to the value of the specification.
        rules: What else there is to it.
    """

    def __init__(
        self, name: str, noun: str, keys: tuple[Key, ...], make: Callable[..., object], rules: Rules = _NO_RULES
    ) -> None:
        self.name = name
        self.noun = noun
        self.keys = keys
        self.expected = f"a mapping: {noun}"
        self.rules = rules
        self.rows = {name: Row(key, _is_foreign(key, name)) for key in keys for name in key.spellings}
        self.by_name = {key.name: key for key in keys}
        self._make = make
        self._blanks: dict[str, object] = {key.field or key.name: key.blank for key in keys if key.required}
        self._required = tuple(key for key in keys if key.required)

    @property
    def offered(self) -> tuple[str, ...]:
        """The keys that are told to whoever wrote an unknown one."""
        return tuple(key.name for key in self.keys if not key.ignored)

    def check(self, node: Node, to: Report) -> Node | None:
        """The entries that are of use, under their canonical names."""
        if not isinstance(node, MappingNode):
            to.wrong(node, self.expected, f"the keys are {listed(self.offered, most=8)}")
            return None
        entries: dict[str, Entry] = {}
        present: set[str] | None = None
        for written, entry in node.entries.items():
            row = self.rows.get(written)
            if row is None:
                if present is None:  # once: there may be as many unknown keys as a file has room for
                    present = {row.key.name for name in node.entries if (row := self.rows.get(name))}
                entries |= self._unknown(written, entry, {*entries, *present}, to)
            elif row.is_foreign and self.rules.answers and self.rules.answers(written, entry, to):
                continue
            elif row.key.name in entries:
                _twice(entry, entries[row.key.name], to)
            elif (found := _checked(row, entry, to)) is not None:
                entries[row.key.name] = found
        for group in self.rules.conflicts:
            exclude(group, entries, to)
        return with_entries(node, entries)

    def _unknown(self, written: str, entry: Entry, present: set[str], to: Report) -> dict[str, Entry]:
        """Say what an unknown key may have been meant for, and read on as if that stood there."""
        prefix = self.rules.open_prefix
        if prefix and written.startswith(prefix):
            return {}
        if self.rules.answers and self.rules.answers(written, entry, to):
            instead = self.rules.stands_for.get(written)
            return {instead: with_value(entry, to.spoiled(entry.value))} if instead else {}
        known = [name for key in self.keys if not key.ignored for name in (key.name, *key.aliases, *key.foreign)]
        near, question = to.guess(written, known, synonyms=SYNONYMS)
        hint = f"{question} the keys of {self.noun} are {listed(self.offered)}".strip()
        sure = len(near) == 1 and self.rows[near[0]].key.name not in present
        if near and near[0] == written.lower() and near[0] != written:
            hint = f"keys are lower case: {near[0]}"
        fix = renamed(entry.key, near[0]) if sure else None
        to.say("E002", f"Unknown key '{shown(written)}' in {self.noun}.", entry.key, hint, fix=fix)
        found = _checked(Row(self.rows[near[0]].key, is_foreign=False), entry, to) if sure else None
        return {self.rows[near[0]].key.name: found} if found is not None else {}

    def lift(self, node: Node) -> Node:
        """The same with lifted values; the node itself if they are."""
        if not isinstance(node, MappingNode):
            return node
        entries: dict[str, Entry] = {}
        is_lifted = True
        for name, entry in node.entries.items():
            key, value = self.by_name.get(name), entry.value
            lifted = value if key is None or is_null(value) else key.form.lift(value)
            is_lifted = is_lifted and key is not None and lifted is value
            if key is not None:
                entries[name] = with_value(entry, lifted)
        return node if is_lifted else with_entries(node, entries)

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """The value of the specification; what is at fault or missing is left at its default."""
        fields = dict(self._blanks)
        for name, entry in entries_of(node).items():
            key, value = self.by_name[name], entry.value
            if key.ignored:
                continue
            if is_null(value):
                if to.is_spoiled(value):
                    continue
                if not key.form.takes_null:
                    to.wrong(value, key.form.expected)
                    continue
            fields[key.field or key.name] = key.form.build(value, (*path, name), to)
        if isinstance(node, MappingNode):
            self._complete(node, to)
        if self.rules.own_key:
            fields[self.rules.own_key] = path[-1]
        return self._make(**fields)

    def _complete(self, node: MappingNode, to: Report) -> None:
        for key in self._required:
            if key.name not in node.entries and not self.rules.partial:
                hint = key.missing or f"add {key.name}: …"
                to.say("E003", f"'{key.name}' is missing in {self.noun}.", node, hint)
        if self.rules.inspect:
            self.rules.inspect(node, to)

    def schema(self, book: Book) -> Schema:
        """A reference to a closed object."""
        return book.refer(self.name, self._definition)

    def _definition(self, book: Book) -> Schema:
        properties: dict[str, object] = {}
        for key in self.keys:
            value = key.form.schema(book)
            if value and ((key.form.takes_null and "type" not in value) or self.rules.removable):
                value = {"anyOf": [value, {"type": "null"}]}
            described = {"description": key.description, "markdownDescription": key.description}
            shown_default = {"default": key.default} if key.default is not None else {}
            row = {**described, **({"allOf": [value]} if "$ref" in value else value), **shown_default}
            properties |= dict.fromkeys(key.spellings, row)
        found: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        if self.rules.open_prefix:
            found["patternProperties"] = {f"^{self.rules.open_prefix}": {}}
        if not self.rules.partial:
            needed: list[Schema] = [
                {"anyOf": [{"required": [name]} for name in key.spellings]} for key in self.keys if key.required
            ]
            found |= {"allOf": needed} if needed else {}
        return found


def _is_foreign(key: Key, name: str) -> bool:
    return name.replace("-", "_") in key.foreign


def _checked(row: Row, entry: Entry, to: Report) -> Entry | None:
    """An entry under its canonical key; none if it is ignored."""
    key = row.key
    if key.ignored:
        to.say("I160", f"'{shown(entry.key.text)}' is ignored: {key.ignored}.", entry.key)
        return None
    canonical = entry.key if entry.key.text == key.name else replace_key(entry.key, key.name)
    is_absent = is_null(entry.value) and not key.form.takes_null
    value = entry.value if is_absent else key.form.check(entry.value, to)
    if row.is_foreign and value is not None:
        message = f"'{shown(entry.key.text)}' is read as '{key.name}'."
        to.say("I160", message, entry.key, fix=renamed(entry.key, key.name))
    return Entry(canonical, to.spoiled(entry.value) if value is None else value, entry.is_merged)


def fields_of(**fields: object) -> object:
    """The fields themselves, of a mapping whose values the specification has elsewhere."""
    return fields


def replace_key(key: Scalar, name: str) -> Scalar:
    """A key under another name, at its place."""
    return made_text(name, key)


def _twice(entry: Entry, other: Entry, to: Report) -> None:
    written, before = entry.key, other.key
    message = f"'{shown(written.text)}' says the same as the key in line {before.place.line}."
    to.say("E005", message, written, "keep one of the two", related=Related(before.place, "the other stands here"))


def exclude(group: Iterable[str], entries: dict[str, Entry], to: Report) -> None:
    """Say that only one of some keys may stand, and keep the first."""
    present = [name for name in group if name in entries]
    if len(present) < 2:
        return
    present.sort(key=lambda name: entries[name].key.place)
    for name in present[1:]:
        first = entries[present[0]].key
        message = f"'{shown(name)}' and '{shown(present[0])}' exclude each other."
        related = Related(first.place, f"'{shown(present[0])}' stands here")
        to.say("E005", message, entries[name].key, "keep one of the two", related=related)
        del entries[name]
