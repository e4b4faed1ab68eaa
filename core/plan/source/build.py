"""From what was written to nodes: aliases and merge keys are expanded within a budget, tags and keys are checked."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from core.plan.findings import Related, SourceFinding, shown
from core.plan.nearness import did_you_mean
from core.plan.source.limits import TooLargeError
from core.plan.source.nodes import Entry, ListNode, MappingNode, Scalar, Style, path_text
from core.plan.source.scalars import CORE_TAGS, resolve
from core.plan.source.written import WrittenAlias, WrittenList, WrittenMapping, WrittenScalar

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from core.plan.findings import Place
    from core.plan.source.limits import SourceLimits
    from core.plan.source.nodes import Node, PlainScalar, TreePath
    from core.plan.source.text import SourceText
    from core.plan.source.written import Document, Written

_PROPERTIES: Final = re.compile(r"(?:(?:&[\w-]+|!\S*)(?=[\s,\]}]|$)\s*(?:#[^\r\n]*\s*)*)*")
_REST_OF_LINE: Final = re.compile(r"[^\r\n]*")
_TAG: Final = re.compile(r"!\S*")
_STR: Final = ("!", "tag:yaml.org,2002:str")
_COLLECTION_TAGS: Final = {WrittenList: "tag:yaml.org,2002:seq", WrittenMapping: "tag:yaml.org,2002:map"}
_STYLES: Final = {style.value: style for style in Style}


def build(document: Document, text: SourceText, limits: SourceLimits) -> tuple[Node | None, list[SourceFinding]]:
    """The tree of a document, and what is wrong with it.

    Raises:
        TooLargeError: Aliases and merge keys make more of it than allowed.
    """
    builder = _Builder(document, text, limits)
    root = builder.node(document.root, ()) if document.root is not None else None
    return root, [*builder.findings, *builder.unused_anchors()]


class _Builder:
    def __init__(self, document: Document, text: SourceText, limits: SourceLimits) -> None:
        self.findings: list[SourceFinding] = []
        self._document = document
        self._text = text
        self._limits = limits
        self._nodes = 0
        self._characters = 0
        self._open: list[Written] = []
        self._expanding: list[WrittenAlias] = []
        self._reported: set[tuple[str, int]] = set()

    def node(self, written: Written, path: TreePath, alias: Place | None = None) -> Node:
        """The node for something written, at a path."""
        if isinstance(written, WrittenAlias):
            return self._aliased(written, path)
        self._count(written)
        if isinstance(written, WrittenScalar):
            return self._scalar(written, path, alias)
        self._check_tag(written, path)
        self._open.append(written)
        place = self._text.place(self._start(written), self._end(written))
        node: Node
        if isinstance(written, WrittenList):
            items = tuple(self.node(item, (*path, index)) for index, item in enumerate(written.items))
            node = ListNode(items, place, path, alias)
        else:
            entries: dict[str, Entry] = {}
            self._fill(entries, written, path, ())
            node = MappingNode(MappingProxyType(entries), place, path, alias)
        self._open.pop()
        return node

    def unused_anchors(self) -> Iterator[SourceFinding]:
        """A warning for each anchor that no alias names."""
        used = {id(alias.target) for alias in self._document.aliases}
        for written in self._document.anchors:
            if id(written) not in used and not isinstance(written, WrittenAlias):
                start = self._text.content.index("&", written.start)
                place = self._text.place(start, start + 1 + len(written.anchor or ""))
                yield SourceFinding("W001", f"Nothing refers to the anchor '{shown(written.anchor or '')}'.", place)

    def _aliased(self, alias: WrittenAlias, path: TreePath) -> Node:
        place = self._text.place(alias.start, alias.end)
        target = self._target(alias, path)
        if target is None:
            return Scalar(None, "", self._text.content[alias.start : alias.end], Style.PLAIN, place, path, place)
        self._expanding.append(alias)
        node = self.node(target, path, place)
        self._expanding.pop()
        return node

    def _target(self, alias: WrittenAlias, path: TreePath) -> Written | None:
        """What an alias stands for; none if that is nothing, or the alias itself."""
        if alias.target is None:
            names = [written.anchor for written in self._document.anchors if not isinstance(written, WrittenAlias)]
            known = [name for name in names if name]
            hint = (
                did_you_mean(alias.name, known)
                or f"write &{shown(alias.name)} in front of the value that is meant, above"
            )
            self._report(
                f"There is no anchor '{shown(alias.name)}' above this alias.", alias.start, alias.end, path, hint
            )
        elif any(written is alias.target for written in self._open):
            message = f"The anchor '{shown(alias.name)}' holds an alias to itself."
            self._report(message, alias.start, alias.end, path, "an anchored value cannot hold itself")
            return None
        return alias.target

    def _scalar(self, written: WrittenScalar, path: TreePath, alias: Place | None = None) -> Scalar:
        content = self._text.content
        style = _STYLES[written.style]
        is_bare = written.anchor is None and written.tag is None and style not in (Style.LITERAL, Style.FOLDED)
        if is_bare and written.end > written.start:
            raw, place = content[written.start : written.end], written.place
        else:
            start = self._start(written)
            raw = _without_last_breaks(content[start : written.end])
            place = self._text.place(start, start + len(raw))
        return Scalar(self._value(written, style, path), written.text, raw, style, place, path, alias)

    def _value(self, written: WrittenScalar, style: Style, path: TreePath) -> PlainScalar:
        if written.tag is None:
            return resolve(written.text) if style is Style.PLAIN else written.text
        if written.tag in _STR:
            return written.text
        if written.tag not in CORE_TAGS:
            self._refuse_tag(written, path)
            return written.text
        value, kinds = resolve(written.text), CORE_TAGS[written.tag]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            tag = written.tag.rpartition(":")[2]
            self._report(
                f"This is not what its tag !!{shown(tag)} says.", written.start, written.end, path, "remove the tag"
            )
        return value

    def _check_tag(self, written: WrittenList | WrittenMapping, path: TreePath) -> None:
        if written.tag not in (None, "!", _COLLECTION_TAGS[type(written)]):
            self._refuse_tag(written, path)

    def _refuse_tag(self, written: WrittenScalar | WrittenList | WrittenMapping, path: TreePath) -> None:
        start = self._text.content.find("!", written.start)
        tag = _TAG.match(self._text.content, max(start, 0))
        text = tag.group() if tag else written.tag or "!"
        hint = "remove it; a text that begins with '!' must be quoted"
        if path and path[-1] in ("if", "unless") and isinstance(written, WrittenScalar) and text[1:2] != "!":
            whole = f"{text} {written.text}".strip()
            hint = f"'!' begins a YAML tag: write {path[-1]}: ${{{{ {shown(whole)} }}}}"
        elif text == "!reference":
            hint = "use extends, or an anchor and an alias"
        self._report(f"The YAML tag {shown(text)} means nothing here.", start, start + len(text), path, hint)

    def _fill(
        self, entries: dict[str, Entry], mapping: WrittenMapping, path: TreePath, above: tuple[Container[str], ...]
    ) -> None:
        """Add a mapping's entries. What ``above`` or the mapping itself names is not taken from its merge keys."""
        pairs = list(zip(mapping.items[::2], mapping.items[1::2], strict=True))
        self._nodes += len(pairs)
        own = frozenset(key.text for key, _ in pairs if isinstance(key, WrittenScalar) and not _is_merge(key))
        first: dict[str, Written] = {}
        for key, value in pairs:
            target = self._target(key, path) if isinstance(key, WrittenAlias) else key
            if not isinstance(target, WrittenScalar):
                self._refuse_key(key, target, path)
                continue
            name = target.text
            if _is_merge(target):
                self._check_once(first, "<<", key, path, "merge several mappings by << : [*one, *two]")
                self._merge(entries, value, path, (*above, own))
                continue
            if self._check_once(first, name, key, path) and not (above and any(name in names for names in above)):
                below = (*path, name)
                entries[name] = Entry(self._scalar(target, below), self.node(value, below), bool(above))

    def _merge(
        self, entries: dict[str, Entry], value: Written, path: TreePath, own: tuple[Container[str], ...]
    ) -> None:
        """Add what a merge key brings: of equal names the first stays, and the mapping's own before all."""
        target = self._target(value, path) if isinstance(value, WrittenAlias) else value
        for source in target.items if isinstance(target, WrittenList) else (value,):
            mapping = self._target(source, path) if isinstance(source, WrittenAlias) else source
            if not isinstance(mapping, WrittenMapping):
                if mapping is not None:
                    message = "The merge key << takes a mapping, or a list of mappings."
                    self._report(message, source.start, self._end(source), path, "give it an alias, such as *base")
                continue
            self._count(mapping)
            self._open.append(mapping)
            brought: dict[str, Entry] = {}
            self._fill(brought, mapping, path, (*own, entries))
            for name, entry in brought.items():
                entries.setdefault(name, entry)
            self._open.pop()

    def _check_once(
        self, first: dict[str, Written], name: str, key: Written, path: TreePath, hint: str = "remove one of the two"
    ) -> bool:
        """Whether a key stands for the first time; if not, that is reported."""
        other = first.setdefault(name, key)
        if other is key:
            if not name and isinstance(key, WrittenScalar) and not key.style:
                self._report("A key is missing before ':'.", key.start, key.end, path, "write key: value")
            return True
        before = self._text.place(self._start(other), self._end(other))
        message = f"The key '{shown(name)}' stands here twice; first in line {before.line}."
        self._report(message, self._start(key), self._end(key), (*path, name), hint, Related(before, "first here"))
        return False

    def _refuse_key(self, key: Written, target: Written | None, path: TreePath) -> None:
        if target is None:
            return
        kind = "list" if isinstance(target, WrittenList) else "mapping"
        raw = self._text.content[key.start : self._end(key)]
        hint = "a key is a text"
        if raw.startswith("{"):
            hint = (
                f"an expression is written in quotes: '${{{shown(raw)}}}'" if "'" not in raw else "quote the expression"
            )
        self._report(f"A {kind} cannot be a key.", key.start, self._end(key), path, hint)

    def _count(self, written: Written) -> None:
        """Take something from the budget."""
        self._nodes += 1
        if isinstance(written, WrittenScalar):
            self._characters += len(written.text)
        start = self._expanding[0].start if self._expanding else written.start
        if self._nodes > self._limits.nodes or self._characters > self._limits.characters:
            message = (
                f"Aliases and merge keys make more than {self._limits.nodes:,} values of this file, or too much text."
            )
            raise TooLargeError(message, "use fewer aliases inside what other aliases stand for", start)
        if len(self._open) >= self._limits.depth and not isinstance(written, WrittenScalar):
            message = f"With its aliases the file is nested more than {self._limits.depth} deep."
            raise TooLargeError(message, "flatten the structure", start)

    def _report(self, message: str, start: int, end: int, path: TreePath, hint: str, *related: Related) -> None:
        """Add an error, once for a place however often an alias brings it."""
        if (message, start) not in self._reported:
            self._reported.add((message, start))
            place = self._text.place(start, end)
            self.findings.append(SourceFinding("E001", message, place, path_text(path), hint, related=related))

    def _start(self, written: Written) -> int:
        """Where something begins, behind its anchor and tag."""
        if isinstance(written, WrittenAlias) or (written.anchor is None and written.tag is None):
            return written.start
        found = _PROPERTIES.match(self._text.content, written.start)
        start = found.end() if found else written.start
        return min(start, written.end) if isinstance(written, WrittenScalar) else start

    def _end(self, written: Written) -> int:
        """Where something ends; a block collection ends with what stands last in it."""
        while isinstance(written, WrittenList | WrittenMapping):
            if written.end is not None:
                return written.end
            if not written.items:
                return written.start
            written = written.items[-1]
        raw = self._text.content[written.start : written.end] if written.end > written.start else ""
        return written.start + len(raw.rstrip())


def _without_last_breaks(raw: str) -> str:
    """A block up to the end of its last line that is not blank."""
    last = _REST_OF_LINE.match(raw, len(raw.rstrip()))
    return raw[: last.end()] if last else raw


def _is_merge(key: WrittenScalar) -> bool:
    return key.text == "<<" and not key.style and key.tag is None
