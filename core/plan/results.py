"""How the nodes and jobs of a workflow end, as other jobs and people see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.frozen import quickly_made
from core.lifecycle.workflow import Outcome, Reason, Result

if TYPE_CHECKING:
    from collections.abc import Mapping


@quickly_made
@dataclass(frozen=True, slots=True)
class Ending:
    """How a node ended, or a job with all its variants.

    Attributes:
        result: What other jobs see.
        outcome: What happened before tolerance.
        reason: Why it did not run or was stopped; none if it ran to its end.
        outputs: The outputs that were published.
        attempts: How often it was tried.
        exit_code: Of the last attempt, if it had one.
    """

    result: Result
    outcome: Outcome
    reason: Reason | None = None
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    attempts: int = 0
    exit_code: int | None = None

    @property
    def is_tolerated(self) -> bool:
        """Whether it failed and counts as success."""
        return self.result is Result.SUCCESS and self.outcome.is_bad


SUCCEEDED = Ending(Result.SUCCESS, Outcome.SUCCESS, attempts=1, exit_code=0)
"""It ran once and all went well."""


def skipped(reason: Reason) -> Ending:
    """It never ran."""
    return Ending(Result.SKIPPED, Outcome.SKIPPED, reason)


def cancelled(reason: Reason = Reason.CANCELLED, *, attempts: int = 0) -> Ending:
    """It was stopped, or was not started any more."""
    return Ending(Result.CANCELLED, Outcome.CANCELLED, reason, attempts=attempts)


_AS_IT_IS: Final = {outcome: Result(outcome.value) for outcome in Outcome if not outcome.is_bad}
"""What others see of outcomes that nothing has to be tolerated of."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Which failures count as success.

    Attributes:
        is_total: Whether every failure does.
        exit_codes: The exit codes that do, if not all.
    """

    is_total: bool = False
    exit_codes: frozenset[int] = frozenset()

    def result(self, outcome: Outcome, exit_code: int | None) -> Result:
        """What others see of an outcome."""
        if (seen := _AS_IT_IS.get(outcome)) is not None:
            return seen
        is_tolerated = self.is_total or (outcome is Outcome.FAILURE and exit_code in self.exit_codes)
        return Result.SUCCESS if is_tolerated else Result.FAILURE


INTOLERANT = Tolerance()
"""Every failure counts as one."""


@dataclass(frozen=True, slots=True)
class VariantEnding:
    """How one variant of a matrix job ended, as ``needs.X.variants`` shows it.

    Attributes:
        id: The node's.
        name: For people.
        index: Its position in the expansion.
        matrix: Its values.
        ending: How it ended.
    """

    id: str
    name: str
    index: int
    matrix: Mapping[str, object]
    ending: Ending
