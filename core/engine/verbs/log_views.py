"""Look at logs of any length: windows of rows, and searches of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.engine.log_view import BUDGET_S
from core.engine.verbs.base import Verbs, check_id
from core.logs.line_set import LineChoice

if TYPE_CHECKING:
    from core.engine.log_view import LogHits, LogPlace, LogWindow
    from core.logs.sought import Sought

_ALL: Final = LineChoice()


class LogViewVerbs(Verbs):
    """Verbs for whoever shows a log."""

    async def view_log(
        self,
        place: LogPlace,
        choice: LineChoice = _ALL,
        *,
        first: int = 1,
        limit: int = 500,
        line: int | None = None,
        budget_s: float = BUDGET_S,
    ) -> LogWindow:
        """Rows of a log, or of those of its lines that pass a choice, wherever they stand.

        Costs the same at any place of a log of any length. A view with a choice looks at the whole log first, as long
        as the budget lasts, and keeps what it found: the same call goes on from there.

        Args:
            place: Which log.
            choice: Which lines are its rows.
            first: The first row, from 1.
            limit: At most so many rows, up to 2,000; 0 only tells how many there are.
            line: Begin at the row of this line, or of the first after it, rather than at ``first``.
            budget_s: Look for so many seconds at most.

        Raises:
            JobNotFoundError: There is no such job.
            InvalidArgumentError: The attempt or the service does not exist, or a number is out of range.
        """
        check_id(place.job_id)
        return await self._view_desk.window(place, choice, first=first, limit=limit, line=line, budget_s=budget_s)

    async def search_log(
        self,
        place: LogPlace,
        sought: Sought,
        *,
        choice: LineChoice = _ALL,
        line: int = 0,
        budget_s: float = BUDGET_S,
    ) -> LogHits:
        """Search a whole log: how many lines hold something, and which come before and after a line.

        Args:
            place: Which log.
            sought: What is sought.
            choice: Only among these lines.
            line: Where the reader stands.
            budget_s: Look for so many seconds at most; the same call goes on from there.

        Raises:
            JobNotFoundError: There is no such job.
            InvalidArgumentError: The attempt or the service does not exist.
        """
        check_id(place.job_id)
        return await self._view_desk.search(place, choice, sought, line=line, budget_s=budget_s)
