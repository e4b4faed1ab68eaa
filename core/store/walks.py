"""Walks along an index that give the keys of a page, whatever is listed, newest first.

A page is found in two steps: walks of one index give the ids, one walk a status, and merged they are in order; then
their rows are read. So a page costs the same whether there are a hundred things or a million.
"""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from core.clock import to_microseconds
from core.errors import InvalidArgumentError
from core.records.page import MAX_PAGE, Page, PageKey
from core.store import encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from core.store.queries import SqlValue

Item = TypeVar("Item")
Key = tuple[int, str]
"""Microseconds and id."""

BEYOND: Final = "\U0010ffff"
"""Sorts behind every character of an id."""
_TOP: Final = PageKey(2**63 - 1, "")


class Filter(Protocol):
    """What restricts a walk, whatever is listed."""

    @property
    def since(self) -> datetime | None:
        """Accepted at or after this moment."""
        ...

    @property
    def until(self) -> datetime | None:
        """Accepted before this moment."""
        ...

    @property
    def text(self) -> str | None:
        """Its names or id contain this, in whatever case."""
        ...

    @property
    def submitted_by(self) -> str | None:
        """Exactly this caller submitted it."""
        ...


def span(which: Filter, prefix: str | None, before: PageKey, count: int) -> dict[str, SqlValue]:
    """Where a walk begins and ends, and what it passes over, as values of the statements named ``newest_…``.

    Args:
        which: What restricts it.
        prefix: What ids begin with.
        before: The key that it begins behind.
        count: At most this many keys.
    """
    if which.until is not None:
        before = min(before, PageKey(to_microseconds(which.until), ""), key=lambda key: (key.created_us, key.item_id))
    first, text = stored(prefix), stored(which.text)
    return {
        "before_us": before.created_us,
        "before_id": before.item_id,
        "since_us": 0 if which.since is None else to_microseconds(which.since),
        "submitted_by": stored(which.submitted_by),
        "first": first,
        "past": None if first is None else first + BEYOND,
        "text": None if text is None else text.lower(),
        "count": count,
    }


def merged(walks: Iterable[list[Key]], count: int) -> list[Key]:
    """The newest keys of several walks."""
    return list(islice(merge(*walks, reverse=True), count))


def page(
    limit: int,
    cursor: str | None,
    walk: Callable[[PageKey, int], list[Key]],
    read: Callable[[list[str]], tuple[Item, ...]],
) -> Page[Item]:
    """A page of something.

    Args:
        limit: At most this many, from 1 to 200.
        cursor: ``next_cursor`` of the page before.
        walk: Gives at most so many keys behind one.
        read: The things of some ids, in their order.

    Raises:
        InvalidArgumentError: The limit or the cursor is not valid.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidArgumentError(f"limit: from 1 to {MAX_PAGE}")
    keys = walk(PageKey.parse(cursor) if cursor else _TOP, limit + 1)
    found = read([item_id for _, item_id in keys[:limit]])
    return Page(found, str(PageKey(*keys[limit - 1])) if len(keys) > limit else None)


def stored(text: str | None) -> str | None:
    """The text as it would be stored."""
    return None if text is None else encoding.utf8(text)
