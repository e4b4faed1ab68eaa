"""An example of figures, as a real answer could be."""

from __future__ import annotations

from typing import Any, Final

from orcaops_mcp.api.models.base import MOMENT

_SPREAD: Final[dict[str, Any]] = {"count": 49, "p50_s": 41.5, "p95_s": 88.0, "longest_s": 131.2}
_WAIT: Final[dict[str, Any]] = {"count": 50, "p50_s": 0.4, "p95_s": 2.1, "longest_s": 7.9}
_JOBS: Final[dict[str, int]] = {"success": 45, "failed": 4, "timed_out": 1, "cancelled": 2}
_TOTALS: Final[dict[str, Any]] = {
    "runs": 52,
    "success_rate": 0.9,
    "jobs": _JOBS,
    "duration": _SPREAD,
    "wait": _WAIT,
}
_NAME: Final[dict[str, Any]] = {"name": "pytest-unit", "runs": 52, "failed": 5, "flips": 2, "duration": _SPREAD}

ANALYTICS: Final[dict[str, Any]] = {
    "since": "2026-01-30T12:00:00.000Z",
    "until": MOMENT,
    "now": _TOTALS,
    "before": _TOTALS,
    "intervals": [{"begins_at": "2026-01-30T12:00:00.000Z", "jobs": _JOBS, "duration": _SPREAD}],
    "slowest": [_NAME],
    "failing": [_NAME],
    "flaky": [_NAME],
    "sources": [{"source": "agent", "runs": 52, "success_rate": 0.9, "jobs": _JOBS}],
    "images": [{"image": "python:3.12-slim", "start_up": _WAIT}],
}
"""A day of one name's jobs."""
