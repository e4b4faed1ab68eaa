"""Looks for many fixed strings in one pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, cast

import re2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class _Set(Protocol):
    """re2's set of patterns, which ships without types."""

    def Add(self, pattern: str) -> int: ...  # noqa: N802  # the library's name
    def Compile(self) -> None: ...  # noqa: N802  # the library's name
    def Match(self, text: bytes) -> list[int] | None: ...  # noqa: N802  # the library's name


class NeedleSet:
    """Groups of strings, all looked for at once in time linear in the text, however many there are.

    Args:
        groups: The strings of each group.
    """

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        self._set = cast("_Set", cast("Any", re2.Set).SearchSet())
        for group in groups:
            self._set.Add("|".join(re.escape(needle) for needle in group))
        self._set.Compile()

    def groups_in(self, text: str) -> list[int]:
        """Indices of the groups of which a string stands in the text, in order."""
        found = self._set.Match(text.encode("utf-8", "replace"))
        return sorted(found) if found else []
