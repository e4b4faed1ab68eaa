"""What the page of figures shows, from the view that REST gives."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlencode

from orcaops_mcp.web.filters import NONE, duration, iso, number

if TYPE_CHECKING:
    from core import Analytics, Interval, NameFigures, SourceFigures, Totals

RANGES: Final = (("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days"))
"""Periods that the page offers, as an address has them and in words."""
FEWEST: Final = 5
"""With fewer runs nothing is drawn."""
STATUSES: Final = ("success", "failed", "timed_out", "cancelled")
"""From the bottom of a bar to its top."""

_HOUR: Final = timedelta(hours=1)


class Card(NamedTuple):
    """One number with how it changed.

    Attributes:
        title: What it is.
        value: In words.
        beside: A second number, such as the 95 of a hundred beside the half; may be empty.
        change: Against the period before, in words; empty where that cannot be said.
        mood: ``better``, ``worse`` or empty.
        href: The jobs behind it.
    """

    title: str
    value: str
    beside: str
    change: str
    mood: str
    href: str


def facts_of(found: Analytics, asked: str) -> dict[str, Any]:
    """Everything that the template shows.

    Args:
        found: The figures.
        asked: The period, as the address has it.
    """
    words = dict(RANGES).get(asked, asked)
    first = [interval.begins_at for interval in found.intervals[:2]]
    length = first[-1] - first[0] or _HOUR
    return {
        "asked": asked,
        "words": words,
        "ranges": RANGES,
        "cards": _cards(found.now, found.before, asked, words),
        "has_enough": found.now.runs >= FEWEST,
        "runs": found.now.runs,
        "statuses": STATUSES,
        "each": "hour" if length == _HOUR else "day",
        "intervals": [_interval(interval, length) for interval in found.intervals],
        "slowest": [_name(name, asked) for name in found.slowest],
        "failing": [_name(name, asked) for name in found.failing],
        "flaky": [_name(name, asked) for name in found.flaky],
        "sources": [_source(source, asked) for source in found.sources],
        "images": [
            {"image": one.image, "start_up": one.start_up, "href": jobs(since=asked, q=one.image)}
            for one in found.images
        ],
        "told_at": found.until,
    }


def jobs(**query: str) -> str:
    """The list of jobs, narrowed."""
    return f"/jobs?{urlencode(query)}"


def percent(rate: float | None) -> str:
    """A part as a percentage."""
    return NONE if rate is None else f"{rate * 100:.1f} %"


def _cards(now: Totals, before: Totals, asked: str, words: str) -> tuple[Card, ...]:
    against = f"against the {words} before"
    rate, runs = _points(now.success_rate, before.success_rate), _part(now.runs, before.runs)
    half, wait = now.duration.p50_s, now.wait.p95_s
    longer, waits = _part(half, before.duration.p50_s), _part(wait, before.wait.p95_s)
    return (
        Card(
            "Success rate", percent(now.success_rate), "", _told(rate, "points", against), _mood(rate, good=1),
            jobs(since=asked, status="success"),
        ),
        Card("Runs", number(now.runs), "", _told(runs, "%", against), "", jobs(since=asked)),
        Card(
            "Median duration", duration(half), f"95 of 100 within {duration(now.duration.p95_s)}",
            _told(longer, "%", against), _mood(longer, good=-1), jobs(since=asked),
        ),
        Card(
            "Queue wait", duration(wait), "95 of 100 waited no longer", _told(waits, "%", against),
            _mood(waits, good=-1), jobs(since=asked),
        ),
    )  # fmt: skip


def _points(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else (now - before) * 100


def _part(now: float | None, before: float | None) -> float | None:
    return None if now is None or not before else (now - before) / before * 100


def _told(change: float | None, unit: str, against: str) -> str:
    if change is None:
        return ""
    if abs(change) < 0.05:
        return f"unchanged {against}"
    return f"{'up' if change > 0 else 'down'} {abs(change):.1f} {unit} {against}"


def _mood(change: float | None, *, good: int) -> str:
    if change is None or abs(change) < 0.05:
        return ""
    return "better" if change * good > 0 else "worse"


def _interval(interval: Interval, length: timedelta) -> dict[str, Any]:
    begins_at = interval.begins_at
    query = {"since": iso(begins_at), "until": iso(begins_at + length)}
    counts = {status.value: count for status, count in interval.by_status.items()}
    return {
        "at": int(begins_at.timestamp()),
        "word": f"{begins_at:%H:%M}" if length == _HOUR else f"{begins_at:%a %d %b}",
        "counts": [(status, counts.get(status, 0), jobs(**query, status=status)) for status in STATUSES],
        "duration": interval.duration,
    }


def _name(figures: NameFigures, asked: str) -> dict[str, Any]:
    return {
        "name": figures.name,
        "runs": figures.runs,
        "failed": figures.failed,
        "rate": percent(figures.failed / figures.runs if figures.runs else None),
        "flips": figures.flips,
        "duration": figures.duration,
        "href": jobs(since=asked, q=figures.name),
        "href_failed": f"{jobs(since=asked, q=figures.name)}&status=failed&status=timed_out",
    }


def _source(figures: SourceFigures, asked: str) -> dict[str, Any]:
    return {
        "source": figures.source,
        "runs": figures.runs,
        "rate": percent(figures.success_rate),
        "href": jobs(since=asked, source=figures.source),
    }
