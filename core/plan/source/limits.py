"""How large a workflow file may be, written and expanded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Bounds that no file written for people meets.

    Attributes:
        size: Bytes of the file.
        depth: Lists and mappings inside each other, aliases expanded.
        nodes: Scalars, lists and mappings, aliases and merge keys expanded.
        characters: Characters of all scalars, aliases and merge keys expanded.
    """

    size: int = 1024 * 1024
    depth: int = 50
    nodes: int = 100_000
    characters: int = 8 * 1024 * 1024


class TooLargeError(Exception):
    """A limit was met, and the file is not read on; a finding for the caller of `core.plan.source`."""

    def __init__(self, message: str, hint: str, start: int) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.start = start
