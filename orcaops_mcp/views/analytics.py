"""Figures of ended jobs as doors show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import time_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import Analytics, ImageFigures, Interval, JobStatus, NameFigures, SourceFigures, Spread, Totals

_RATE_DIGITS = 4


def analytics_view(found: Analytics) -> dict[str, Any]:
    """A period with its hours or days and its tables, and the totals of the period before."""
    return {
        "since": time_text(found.since),
        "until": time_text(found.until),
        "now": totals_view(found.now),
        "before": totals_view(found.before),
        "intervals": list(map(_interval, found.intervals)),
        "slowest": list(map(_name, found.slowest)),
        "failing": list(map(_name, found.failing)),
        "flaky": list(map(_name, found.flaky)),
        "sources": list(map(_source, found.sources)),
        "images": list(map(_image, found.images)),
    }


def totals_view(totals: Totals) -> dict[str, Any]:
    """A period in a few numbers."""
    return {
        "runs": totals.runs,
        "success_rate": _rate(totals.success_rate),
        "jobs": _counts(totals.by_status),
        "duration": _spread(totals.duration),
        "wait": _spread(totals.wait),
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return {
        "begins_at": time_text(interval.begins_at),
        "jobs": _counts(interval.by_status),
        "duration": _spread(interval.duration),
    }


def _name(figures: NameFigures) -> dict[str, Any]:
    return {
        "name": figures.name,
        "runs": figures.runs,
        "failed": figures.failed,
        "flips": figures.flips,
        "duration": _spread(figures.duration),
    }


def _source(figures: SourceFigures) -> dict[str, Any]:
    return {
        "source": figures.source,
        "runs": figures.runs,
        "success_rate": _rate(figures.success_rate),
        "jobs": _counts(figures.by_status),
    }


def _image(figures: ImageFigures) -> dict[str, Any]:
    return {"image": figures.image, "start_up": _spread(figures.start_up)}


def _counts(by_status: Mapping[JobStatus, int]) -> dict[str, int]:
    return {status.value: count for status, count in by_status.items()}


def _spread(spread: Spread) -> dict[str, Any]:
    return {
        "count": spread.count,
        "p50_s": spread.p50_s,
        "p95_s": spread.p95_s,
        "longest_s": spread.longest_s,
    }


def _rate(rate: float | None) -> float | None:
    return None if rate is None else round(rate, _RATE_DIGITS)
