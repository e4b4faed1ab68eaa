"""Edits that leave a file readable: text within a scalar, an item of a list, an entry of a mapping."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from core.plan.findings import Edit, Fix, Place, shown
from core.plan.source import ListNode, MappingNode, Style, node_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.plan.lint.ground import Ground
    from core.plan.source import Scalar, TreePath

_COMMA: Final = re.compile(r"\s*,[ \t]*")
_AT_FIRST: Final = frozenset("-?:,[]{}#&*!|>'\"%@` \t")


def within(ground: Ground, scalar: Scalar, start: int, end: int, text: str) -> Edit | None:
    """The edit that puts a text in the place of characters of a scalar; none if that would not be read as meant.

    Args:
        ground: The file.
        scalar: A scalar of it.
        start: The first character to replace.
        end: The one behind the last.
        text: What to put there; one line.
    """
    if not ground.is_written(scalar) or scalar.alias is not None:
        return None
    if scalar.style is Style.DOUBLE:
        text = json.dumps(text, ensure_ascii=False)[1:-1]
    elif scalar.style is Style.SINGLE:
        text = text.replace("'", "''")
    whole = f"{scalar.text[:start]}{text}{scalar.text[end:]}"
    if "\n" in text or (scalar.style is Style.PLAIN and not _is_plain(whole)):
        return None
    return Edit(ground.place(scalar, start, end), text)


def swapped(ground: Ground, scalar: Scalar, start: int, end: int, text: str) -> Fix | None:
    """The fix that replaces characters of a scalar; none if it cannot be told for sure."""
    edit = within(ground, scalar, start, end, text)
    return Fix(f"replace by '{shown(text)}'" if text else "remove it", (edit,)) if edit is not None else None


def without_item(ground: Ground, path: TreePath) -> Fix | None:
    """The fix that takes a value out of its list, and the list's key with the last one; none if that is not sure.

    Args:
        ground: The file.
        path: The value's path in the canonical tree; it ends with its position.
    """
    index = path[-1]
    above = node_at(ground.tree, path[:-1])
    if not isinstance(index, int) or not isinstance(above, ListNode) or above.alias is not None:
        return None
    if len(above.items) == 1:
        return _without_key(ground, path[:-1])
    place = above.items[index].place
    line = ground.text.line(place.line)
    if place.line != place.end_line or above.items[index].alias is not None:
        return None
    if _is_between(ground, above, "["):
        return _without_part(ground, place)
    before, after = line[: place.column - 1], line[place.end_column - 1 :]
    return _without_lines(ground, place.line, place.line) if before.strip() == "-" and not after.strip() else None


def _without_key(ground: Ground, path: TreePath) -> Fix | None:
    """The fix that takes an entry out of a mapping with others, where it was written in one piece."""
    above = node_at(ground.tree, path[:-1])
    entry = above.entries.get(str(path[-1])) if isinstance(above, MappingNode) else None
    if not isinstance(above, MappingNode) or entry is None or len(above.entries) < 2 or entry.is_merged:
        return None
    if entry.key.path[:-1] != above.path:
        return None
    key, value = entry.key, entry.value
    ends = [value.place, *(item.place for item in value.items)] if isinstance(value, ListNode) else [value.place]
    last = max(ends, key=lambda place: (place.end_line, place.end_column))
    if key.alias is not None or value.alias is not None or not ground.is_key_written(key) or last.line < key.place.line:
        return None
    if _is_between(ground, above, "{"):
        return _without_part(ground, Place(key.place.line, key.place.column, last.end_line, last.end_column))
    before = ground.text.line(key.place.line)[: key.place.column - 1]
    after = ground.text.line(last.end_line)[last.end_column - 1 :]
    return None if before.strip() or after.strip() else _without_lines(ground, key.place.line, last.end_line)


def _is_between(ground: Ground, node: ListNode | MappingNode, bracket: str) -> bool:
    """Whether a list or mapping was written between brackets."""
    return ground.text.line(node.place.line)[node.place.column - 1 :].startswith(bracket)


def _without_lines(ground: Ground, first: int, last: int) -> Fix | None:
    if last >= len(ground.text.lines):
        return None
    return Fix("remove it", (Edit(Place(first, 1, last + 1, 1), ""),))


def _without_part(ground: Ground, place: Place) -> Fix | None:
    """The fix that takes something out from between brackets, with the comma before or behind it."""
    content = ground.text.content
    start = ground.text.offset(place.line, place.column)
    end = ground.text.offset(place.end_line, place.end_column)
    if behind := _COMMA.match(content, end):
        return Fix("remove it", (Edit(ground.text.place(start, behind.end()), ""),))
    before = content[:start].rstrip()
    if not before.endswith(","):
        return None
    return Fix("remove it", (Edit(ground.text.place(len(before) - 1, end), ""),))


def added_entry(ground: Ground, keys: Iterable[Scalar], block: str, flow: str) -> Edit | None:
    """The edit that puts an entry before the first one of a mapping; none if that is not sure.

    Args:
        ground: The file.
        keys: The mapping's keys that were written in it.
        block: The entry as it stands on lines of its own, not indented.
        flow: The entry as it stands between braces.
    """
    first = min((key for key in keys if key.alias is None), key=lambda key: key.place, default=None)
    if first is None or not ground.is_key_written(first):
        return None
    place = first.place
    at = Place(place.line, place.column, place.line, place.column)
    before = ground.text.line(place.line)[: place.column - 1]
    if not before.strip():
        return Edit(at, block.replace("\n", f"\n{before}") + f"\n{before}")
    return Edit(at, f"{flow}, ") if before.rstrip().endswith("{") else None


def _is_plain(text: str) -> bool:
    """Whether a text may stand without quotes, also between brackets."""
    if not text or text[0] in _AT_FIRST or text != text.strip():
        return False
    return not any(mark in text for mark in (": ", " #", "\n")) and not text.endswith(":")
