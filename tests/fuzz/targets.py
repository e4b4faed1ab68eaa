"""All that takes what others wrote, apart from the doors of a running engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fuzz import documents, expressions, logs, places

if TYPE_CHECKING:
    from tests.fuzz.target import Target

TARGETS: Final[tuple[Target, ...]] = (
    *documents.TARGETS,
    *expressions.TARGETS,
    *logs.TARGETS,
    *places.TARGETS,
)
