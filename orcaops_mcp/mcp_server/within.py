"""Lists that may be long, on their way to a model that reads little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from orcaops_mcp.views.compact import compact_json, without_absent

if TYPE_CHECKING:
    from collections.abc import Sequence

Item = TypeVar("Item")

MAX_PART_BYTES: Final = 24 * 1024
"""Of one list of an answer, if nothing else is said."""


def within(items: Sequence[Item], room: int = MAX_PART_BYTES) -> list[Item]:
    """As many items from the start as fit.

    Args:
        items: Plain data.
        room: Bytes of JSON in all; absent facts of objects do not count.
    """
    kept: list[Item] = []
    for item in items:
        room -= len(compact_json(_shown(item)).encode())
        if room < 0:
            break
        kept.append(item)
    return kept


def _shown(item: object) -> object:
    return without_absent(cast("dict[str, Any]", item)) if isinstance(item, dict) else item
