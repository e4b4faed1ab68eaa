"""The tree as it was written: aliases are aliases, `<<` is a key. What `core.plan.source.build` makes nodes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from core.plan.findings import Place
from core.plan.source.limits import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from yaml.events import Event

    from core.plan.source.limits import SourceLimits

_START: Final = Place(1, 1, 1, 1)


@dataclass(slots=True, eq=False)
class WrittenScalar:
    """A scalar; offsets include the anchor and the tag in front of it."""

    text: str
    style: str
    start: int
    end: int
    place: Place
    tag: str | None = None
    anchor: str | None = None


@dataclass(slots=True, eq=False)
class _WrittenItems:
    """What holds others; ``end`` is known for ``[ ]`` and ``{ }`` only."""

    start: int
    tag: str | None = None
    anchor: str | None = None
    end: int | None = None
    items: list[Written] = field(default_factory=list["Written"])


class WrittenList(_WrittenItems):
    """A list."""

    __slots__ = ()


class WrittenMapping(_WrittenItems):
    """A mapping: its keys and values in turns."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class WrittenAlias:
    """An alias, and what its anchor stood for where the alias stands."""

    name: str
    start: int
    end: int
    target: Written | None


Written: TypeAlias = "WrittenScalar | WrittenList | WrittenMapping | WrittenAlias"


@dataclass(slots=True)
class Document:
    """What the events of one file say.

    Attributes:
        root: The first document's content; none if the file has no document.
        anchors: Everything that carries an anchor, in order.
        aliases: Every alias, in order.
        scalars: Every scalar, in order.
        second: Where a second document begins.
    """

    root: Written | None = None
    anchors: list[Written] = field(default_factory=list["Written"])
    aliases: list[WrittenAlias] = field(default_factory=list[WrittenAlias])
    scalars: list[WrittenScalar] = field(default_factory=list[WrittenScalar])
    second: int | None = None


def compose(events: Iterable[Event], limits: SourceLimits) -> Document:
    """The tree of the first document.

    Raises:
        TooLargeError: The tree is deeper or larger than allowed.
        yaml.YAMLError: From ``events``.
    """
    document = Document()
    open_collections: list[WrittenList | WrittenMapping] = []
    named: dict[str, Written] = {}
    count = 0
    for event in events:
        if isinstance(event, NodeEvent):
            count += 1
            written = _written(event, named, document)
            if open_collections:
                open_collections[-1].items.append(written)
            else:
                document.root = written
            if isinstance(written, _WrittenItems):
                open_collections.append(written)
                if len(open_collections) > limits.depth:
                    message = f"Lists and mappings stand inside each other more than {limits.depth} deep."
                    raise TooLargeError(message, "flatten the structure", written.start)
            if count > limits.nodes:
                message = f"The file holds more than {limits.nodes:,} values."
                raise TooLargeError(message, "split the workflow", _span(event)[0])
        elif isinstance(event, CollectionEndEvent):
            start, end = _span(event)
            open_collections.pop().end = end if end > start else None
        elif isinstance(event, DocumentStartEvent) and document.root is not None:
            document.second = _span(event)[0]
            return document
    return document


def _written(event: NodeEvent, named: dict[str, Written], document: Document) -> Written:
    first, last = event.start_mark, event.end_mark
    start, end = first.index if first else 0, last.index if last else 0
    name = event.anchor
    written: Written
    if isinstance(event, ScalarEvent):
        place = _START
        if first is not None and last is not None:
            place = Place(first.line + 1, first.column + 1, last.line + 1, last.column + 1)
        written = WrittenScalar(event.value, event.style or "", start, end, place, event.tag, name)
        document.scalars.append(written)
    elif isinstance(event, CollectionStartEvent):
        kind = WrittenList if isinstance(event, SequenceStartEvent) else WrittenMapping
        written = kind(start, event.tag, name)
    else:
        written = WrittenAlias(name or "", start, end, named.get(name or ""))
        document.aliases.append(written)
        return written
    if name is not None:
        named[name] = written
        document.anchors.append(written)
    return written


def _span(event: Event) -> tuple[int, int]:
    start, end = event.start_mark, event.end_mark
    return (start.index if start else 0), (end.index if end else 0)
