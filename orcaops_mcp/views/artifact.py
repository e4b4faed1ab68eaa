"""Artifacts as doors show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import artifact_document

if TYPE_CHECKING:
    from core import Artifact


def artifact_view(artifact: Artifact) -> dict[str, Any]:
    """A kept file, or why there is none."""
    return artifact_document(artifact)
