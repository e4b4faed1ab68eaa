"""A page of a long list, and the cursor to the next one."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from core.errors import InvalidArgumentError

Item = TypeVar("Item")
MAX_PAGE: Final = 200
_KEY: Final = re.compile(r"([0-9]{1,18}):([a-z]{1,4}_[0-9a-z]{25})")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items and how to get the next ones.

    Attributes:
        items: In the list's order.
        next_cursor: Give it to the next call; None at the end.
    """

    items: tuple[Item, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageKey:
    """Keyset cursor: the last item seen, by time and id, so that new items never shift a page.

    Attributes:
        created_us: Microseconds since the epoch.
        item_id: The id, which breaks ties.
    """

    created_us: int
    item_id: str

    def __str__(self) -> str:
        """The opaque form on the wire."""
        return base64.urlsafe_b64encode(f"{self.created_us}:{self.item_id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> PageKey:
        """Read a cursor.

        Raises:
            InvalidArgumentError: The text is not one.
        """
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            plain = ""
        match = _KEY.fullmatch(plain)
        if match is None or len(text) > 100:
            raise InvalidArgumentError(
                "cursor: not a page cursor", hint="Use next_cursor of the page before, or leave it out."
            )
        return cls(int(match[1]), match[2])
