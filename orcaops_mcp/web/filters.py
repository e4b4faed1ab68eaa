"""From facts to the words of a page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from markupsafe import Markup

NONE: Final = "\u2013"
"""Stands where there is nothing."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_UNITS_OF_TIME: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_TWO_UNITS: Final = (
    ("d", 86_400, "h", 3600, 86_400 - 30),
    ("h", 3600, "m", 60, 3600 - 0.5),
    ("m", 60, "s", 1, 60 - 0.5),
)
"""Each pair, and from how many seconds on it is told in it: below, it is nearer to a span in smaller ones."""
_WEEK: Final = timedelta(days=7)


def shown(value: object) -> object:
    """A value as a page may show it: what would move other text or stay unseen is written out.

    Templates apply it to all they are given, so it holds without being asked for.
    """
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup) and _CONTROLS.search(value):
        return _CONTROLS.sub(lambda found: _sign(found[0]), value)
    return value


def duration(seconds: float | None) -> str:
    """A span in two units at most, such as ``1m 35s``, to the nearest of the smaller; a dash where there is none."""
    if seconds is None:
        return NONE
    if seconds < 0.9995:
        return f"{max(0, round(seconds * 1000))}ms"
    if seconds < 9.95 and seconds != int(seconds):
        return f"{seconds:.1f}s"
    for unit, length, smaller, part, least in _TWO_UNITS:
        if seconds >= least:
            whole, rest = divmod(_nearest(seconds / part), length // part)
            return f"{whole}{unit} {rest:02d}{smaller}"
    return f"{_nearest(seconds)}s"


def ago(when: datetime | str | None, now: datetime | None = None) -> str:
    """How long ago, such as ``2m ago``; from a week on the date."""
    at = moment(when)
    if at is None:
        return NONE
    passed = (now or datetime.now(UTC)) - at
    if passed >= _WEEK or passed <= -_WEEK:
        return f"{at:%Y-%m-%d}"
    seconds = int(passed.total_seconds())
    if -2 < seconds < 2:
        return "now"
    words = _in_one_unit(abs(seconds))
    return f"{words} ago" if seconds > 0 else f"in {words}"


def seconds_since(when: datetime | str | None, now: datetime | None = None) -> float | None:
    """Seconds from then to now, never less than none."""
    at = moment(when)
    return None if at is None else max(0.0, ((now or datetime.now(UTC)) - at).total_seconds())


def moment(when: datetime | str | None) -> datetime | None:
    """A time of a record or of a view."""
    return datetime.fromisoformat(when) if isinstance(when, str) else when


def iso(when: datetime | str | None) -> str:
    """A time in UTC to the second, for machines and for whoever points at it."""
    at = moment(when)
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def number(value: float | None) -> str:
    """With commas between thousands."""
    return NONE if value is None else f"{value:,}"


def size(count: float | None) -> str:
    """Bytes in the largest unit that leaves a whole one."""
    if count is None:
        return NONE
    left, unit = float(count), 0
    while left >= 1024 and unit < len(_UNITS) - 1:
        left, unit = left / 1024, unit + 1
    return f"{left:.0f} B" if unit == 0 else f"{left:.1f} {_UNITS[unit]}"


def _nearest(number: float) -> int:
    """The whole number next to it, as the scripts of the pages have it: a half goes up."""
    return int(number + 0.5)


def _in_one_unit(seconds: int) -> str:
    unit, length = next((pair for pair in _UNITS_OF_TIME if seconds >= pair[1]), ("s", 1))
    return f"{seconds // length}{unit}"


def _sign(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"
