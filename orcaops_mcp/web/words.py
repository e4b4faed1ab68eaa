"""Statuses in words, shapes and signs: the same on every page."""

from __future__ import annotations

from typing import Final, NamedTuple


class StatusLook(NamedTuple):
    """How a status is shown.

    Attributes:
        word: What people read.
        icon: Its shape, by lucide's name.
        sign: One character, for a window's title.
        favicon: The file of its small picture, without ending.
    """

    word: str
    icon: str
    sign: str
    favicon: str


STATUSES: Final = {
    "queued": StatusLook("Queued", "clock-3", "◷", "queued"),
    "pending": StatusLook("Pending", "circle-dashed", "◷", "queued"),
    "waiting": StatusLook("Waiting", "circle-dashed", "◷", "queued"),
    "running": StatusLook("Running", "loader-circle", "◔", "running"),
    "success": StatusLook("Succeeded", "circle-check", "✔", "success"),
    "failed": StatusLook("Failed", "octagon-x", "✖", "failed"),
    "timed_out": StatusLook("Timed out", "hourglass", "⧗", "timed_out"),
    "cancelled": StatusLook("Cancelled", "ban", "⊘", "cancelled"),
    "skipped": StatusLook("Skipped", "skip-forward", "»", "cancelled"),
    "partial": StatusLook("Partial", "contrast", "◐", "partial"),
}
"""Every status of a job, a workflow run, a node and a step."""

UNKNOWN: Final = StatusLook("Unknown", "circle-dashed", "?", "queued")


def look_of(status: object) -> StatusLook:
    """How a status is shown; one of a later version is shown as unknown."""
    return STATUSES.get(str(getattr(status, "value", status)), UNKNOWN)
