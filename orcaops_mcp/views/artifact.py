"""Artifacts as doors show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core import Artifact


def artifact_view(artifact: Artifact) -> dict[str, Any]:
    """A kept file, or why there is none."""
    return {
        "path": artifact.path,
        "state": artifact.state,
        "size": artifact.size if artifact.state == "kept" else None,
        "sha256": artifact.sha256 or None,
        "type": artifact.media_type or None,
        "pattern": artifact.pattern or None,
        "note": artifact.note or None,
        "attempt": artifact.attempt,
    }
