"""Which requests of the REST API only look. Whoever may only look may make these, and no others."""

from __future__ import annotations

from typing import Final

LOOKING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing, whatever the path."""

LOOKING_POSTS: Final = frozenset({"/orcaops/workflows/validate", "/orcaops/workflows/plan"})
"""Questions that are too long for an address: exact paths."""


def only_looks(method: str, path: str) -> bool:
    """Whether a request changes nothing."""
    return method in LOOKING_METHODS or (method == "POST" and path in LOOKING_POSTS)
