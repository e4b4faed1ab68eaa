"""Services in every spelling: by id, as a list of images, and as GitLab, GitHub and Woodpecker write them."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from core.plan.findings import Related, shown
from core.plan.graph import Graph, Vertex, find_cycles
from core.plan.keys.form import Form
from core.plan.keys.report import is_null, listed, made_text
from core.plan.keys.service_keys import service_item, service_record
from core.plan.keys.structures import Named, Short, entries_of, with_entries, with_value
from core.plan.keys.texts import ID, id_name, image
from core.plan.source import Entry, ListNode, MappingNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.context import Place as Where
    from core.plan.keys.form import Book, Schema
    from core.plan.keys.report import Report
    from core.plan.source import Node, TreePath
    from core.spec.workflow import WorkflowServiceSpec

_OPTIONS: Final[Mapping[str, str]] = {
    "--health-cmd": "test",
    "--health-interval": "interval",
    "--health-timeout": "timeout",
    "--health-retries": "retries",
    "--health-start-period": "start_period",
}
_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9_-]+")
_EXPECTED: Final = "an image, or a mapping with image"


class Services(Form):
    """Services by their ids, or a list of them.

    Args:
        name: What the definition of one is called in the schema.
        where: What expressions may name.
        env_where: What those of variables and credentials may name.
    """

    expected = "a list of images, or a mapping of ids to images"

    def __init__(self, name: str, where: Where, env_where: Where) -> None:
        self._image = image(where)
        one = Short(service_record(name, where, env_where), "image", self._image, _EXPECTED)
        self._record = service_record(name, where, env_where)
        self._item = Short(service_item(name, where, env_where), "image", self._image, _EXPECTED)
        self._named = Named(one, self.expected, naming=id_name, pattern=ID, folds=True, removable=True)

    def check(self, node: Node, to: Report) -> Node | None:
        """The services in the shape in which they were written; in a list, each with its id under ``name``."""
        if isinstance(node, ListNode):
            taken: dict[str, Scalar] = {}
            items = [self._checked(item, taken, to) for item in node.items]
            return replace(node, items=tuple(item for item in items if item is not None))
        checked = self._named.check(node, to) if isinstance(node, MappingNode) else None
        if not isinstance(checked, MappingNode):
            to.wrong(node, self.expected, "write [postgres:16], or postgres: {image: postgres:16}")
            return None
        entries = {name: with_value(entry, self._healthy(entry.value, to)) for name, entry in checked.entries.items()}
        return with_entries(checked, entries)

    def _checked(self, node: Node, taken: dict[str, Scalar], to: Report) -> Node | None:
        """A service of a list."""
        if is_null(node):
            to.wrong(node, _EXPECTED)
            return None
        checked = self._item.check(node, to)
        if checked is None:
            return None
        entries = dict(entries_of(self._item.lift(self._healthy(checked, to))))
        named = entries.pop("name", None)
        if named and "image" not in entries:
            found = self._image.check(named.value, to)
            entries["image"] = Entry(made_text("image", named.key), found or to.spoiled(named.value))
            named = None
        key = self._id(named, entries, node, taken, to)
        if key is None:
            return None
        entries["name"] = Entry(made_text("name", key), key)
        return MappingNode(MappingProxyType(entries), node.place, node.path, node.alias)

    def _id(
        self, named: Entry | None, entries: Mapping[str, Entry], node: Node, taken: dict[str, Scalar], to: Report
    ) -> Scalar | None:
        """The id of a service in a list: its name, the last part of its image, or an alias if that is taken."""
        written = named.value if named else entries["image"].value if "image" in entries else None
        text = written.text if isinstance(written, Scalar) else ""
        found = text if named else _last_part(text)
        alias = entries["alias"].value if "alias" in entries else None
        others = [item.text for item in alias.items if isinstance(item, Scalar)] if isinstance(alias, ListNode) else []
        candidates = [each for each in (found, *others) if re.fullmatch(ID, each)]
        free = next((each for each in candidates if each.lower() not in taken), None)
        if free is None and candidates:
            first = taken[candidates[0].lower()]
            message = f"Two services are called '{shown(candidates[0])}'."
            related = Related(first.place, "the other stands here")
            to.say("E132", message, node, "write them under ids: {one: {image: …}}", related=related)
        elif free is None:
            hint = "write it under an id, such as db: {image: …}"
            to.say("E132", "A service's id cannot be told from this.", node, hint)
        else:
            return taken.setdefault(free.lower(), made_text(free, node))
        return None

    def _healthy(self, node: Node, to: Report) -> Node:
        """A service with Docker's options for health read."""
        if not isinstance(node, MappingNode) or "options" not in node.entries:
            return node
        entries = dict(node.entries)
        written = entries.pop("options")
        if isinstance(written.value, Scalar) and not to.is_spoiled(written.value):
            check = _from_options(written.value, to)
            key = self._record.by_name["health_check"]
            value = key.form.check(check, to) if check else None
            entries["health_check"] = Entry(made_text("health_check", written.key), value or to.spoiled(written.value))
        return with_entries(node, entries)

    def lift(self, node: Node) -> Node:
        """Services by their ids."""
        if isinstance(node, ListNode):
            entries: dict[str, Entry] = {}
            for item in node.items:
                fields = dict(entries_of(item))
                key = fields.pop("name").value
                if isinstance(key, Scalar):
                    service = MappingNode(MappingProxyType(fields), item.place, item.path, item.alias)
                    entries[key.text] = Entry(key, service)
            node = MappingNode(MappingProxyType(entries), node.place, node.path, node.alias)
        return self._named.lift(node)

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """Services by their ids."""
        found = cast("dict[str, WorkflowServiceSpec]", self._named.build(node, path, to))
        _check_names(entries_of(node), to)
        return {name: replace(service, id=name) for name, service in found.items()}

    def schema(self, book: Book) -> Schema:
        """A mapping, or a list."""
        return {"anyOf": [self._named.schema(book), {"type": "array", "items": self._item.schema(book)}]}


def _last_part(text: str) -> str:
    """``postgres`` of ``docker.io/library/postgres:15``; as far as it does not depend on an expression."""
    path = text.partition("@")[0].rpartition("/")[2].partition(":")[0].partition("$")[0]
    return _NOT_IN_IDS.sub("_", path)


def _from_options(options: Scalar, to: Report) -> Node | None:
    """The health check that Docker's options describe."""
    try:
        words = shlex.split(options.text)
    except ValueError:
        to.say("E004", "A quote in 'options' is not closed.", options)
        return None
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        if name not in _OPTIONS or (not equals and at + 1 == len(words)):
            said = f"'options' holds '{shown(words[at])}'" + (" without a value" if name in _OPTIONS else "")
            to.say("E004", f"{said}.", options, f"only {listed(_OPTIONS)} are read; there are keys for all else")
            return None
        pairs.append((name, value if equals else words[at + 1]))
        at += 1 if equals else 2
    entries: dict[str, Entry] = {}
    for name, value in pairs:
        number = int(value) if name == "--health-retries" and value.isascii() and value.isdigit() else value
        key = _OPTIONS[name]
        entries[key] = Entry(made_text(key, options), replace(made_text(value, options), value=number))
    return MappingNode(MappingProxyType(entries), options.place, options.path, options.alias)


def _check_names(services: Mapping[str, Entry], to: Report) -> None:
    """Say which names stand for two services, and what services wait for that are not there or for themselves."""
    owners = {name.lower(): entry.key for name, entry in services.items()}
    waits: dict[str, list[Scalar]] = {}
    for name, entry in services.items():
        fields = entries_of(entry.value)
        for item in _texts(fields.get("alias")):
            owner = owners.setdefault(item.text.lower(), item)
            if owner is not item and owner is not entry.key:
                related = Related(owner.place, "the other stands here")
                to.say("E132", f"Two services are called '{shown(item.text)}'.", item, related=related)
        waits[name] = _texts(fields.get("depends_on"))
    for name, found in waits.items():
        for item in found:
            if item.text not in services:
                message = f"Service '{shown(name)}' depends on '{shown(item.text)}', which is no service here."
                to.say("E132", message, item, f"there are {listed(services)}")
    graph = Graph(Vertex(name, tuple(item.text for item in found)) for name, found in waits.items())
    for cycle in find_cycles(graph, most=1):
        at = waits[cycle.jobs[0]]
        to.say(
            "E132", f"These services wait for each other: {shown(str(cycle))}.", at[0], "remove one of the dependencies"
        )


def _texts(entry: Entry | None) -> list[Scalar]:
    items = entry.value.items if entry and isinstance(entry.value, ListNode) else ()
    return [item for item in items if isinstance(item, Scalar)]
