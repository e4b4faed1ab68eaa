"""Figures of what ended: how much, how well, how fast, by whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.engine.verbs.base import Verbs
from core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from datetime import datetime

    from core.records.analytics import Analytics

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_BY_HOUR: Final = timedelta(days=2)
_LONGEST: Final = timedelta(days=400)
_MOST_ROWS: Final = 100


class AnalyticsVerbs(Verbs):
    """Verbs about figures."""

    async def analytics(
        self, period: timedelta = timedelta(days=30), *, until: datetime | None = None, most: int = 10
    ) -> Analytics:
        """Figures of the jobs that ended within a period, those of workflows included, beside those of the one before.

        Args:
            period: From an hour to 400 days; up to two days are told by the hour, longer ones by the day.
            until: The period ends before this moment; None takes the present one.
            most: Rows of each table, from 1 to 100.

        Raises:
            InvalidArgumentError: The period or the number is not valid.
        """
        if not _HOUR <= period <= _LONGEST:
            raise InvalidArgumentError("range: from 1 hour to 400 days", hint="Such as 24h, 7d or 30d.")
        if not 1 <= most <= _MOST_ROWS:
            raise InvalidArgumentError(f"most: from 1 to {_MOST_ROWS}")
        until = until or self._parts.clock.now()
        interval = _HOUR if period <= _BY_HOUR else _DAY
        return await self._parts.analytics.figures(until - period, until, interval, most)
