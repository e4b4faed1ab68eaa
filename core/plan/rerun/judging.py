"""Whether an earlier result stands, once all that its node depends on does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import InvalidExpressionError
from core.lifecycle.workflow import Outcome, Reason, Result
from core.plan.conditions import Act, Waiting, decide
from core.plan.foresight import UnknownYetError
from core.plan.rerun.parts import listed

if TYPE_CHECKING:
    from core.plan.conditions import NodeDecision
    from core.plan.rerun.parts import Draft, Earlier, File
    from core.plan.rerun.wish import Wish
    from core.plan.results import Ending
    from core.plan.standing import Course
    from core.spec.workflow import WorkflowJobSpec


class Judge:
    """Says of one node after the other whether its earlier result stands.

    Args:
        file: The file that the nodes are of.
        wish: What is to run again.
        course: What is kept.
    """

    def __init__(self, file: File, wish: Wish, course: Course) -> None:
        self._file = file
        self._wish = wish
        self._course = course

    def standing(self, job: WorkflowJobSpec, draft: Draft, earlier: Earlier) -> tuple[bool, str]:
        """Whether the earlier result of a node stands, and why."""
        if earlier.is_manual:
            return True, "it counted as done, by hand, and still does"
        if refusal := draft.fault or earlier.gone or self._refusal(earlier.ending):
            return False, refusal
        if earlier.ending.result is Result.SKIPPED:
            return self._skipped(job, draft, earlier.ending)
        if changed := self._not_run_now(job, draft, earlier.ending) or self._changed(job, draft, earlier):
            return False, changed
        if earlier.ending.result is not Result.SUCCESS:
            return True, f"{_told(earlier.ending)}, and was not asked for"
        unchanged = "its definition and everything it depends on are unchanged"
        return True, f"its failure is tolerated, and {unchanged}" if earlier.ending.is_tolerated else unchanged

    def _refusal(self, ending: Ending) -> str:
        """Why an ending of its kind does not stand; empty if it does."""
        if ending.is_tolerated and self._wish.include_tolerated:
            return "it failed, and tolerated failures run again"
        is_bad = ending.result in {Result.FAILURE, Result.CANCELLED}
        return _told(ending) if is_bad and not self._wish.keeps_rest else ""

    def _skipped(self, job: WorkflowJobSpec, draft: Draft, ending: Ending) -> tuple[bool, str]:
        """Whether a node that was skipped is skipped again."""
        decision, why = self._decided(job, draft)
        if decision is None:
            return False, why
        if decision.act is not Act.RUN:
            return True, f"it is skipped again: {decision.explanation}"
        if ending.reason is Reason.EMPTY_MATRIX and draft.variant is None:
            return True, "its matrix is empty again"
        return False, "it was skipped, and its condition holds now"

    def _not_run_now(self, job: WorkflowJobSpec, draft: Draft, ending: Ending) -> str:
        """Why a node that ran would not run now; empty if it would, or was stopped and stays so."""
        if ending.result is Result.CANCELLED:
            return ""
        decision, why = self._decided(job, draft)
        if decision is None:
            return why
        return "" if decision.act is Act.RUN else f"its condition does not hold any more: {decision.explanation}"

    def _decided(self, job: WorkflowJobSpec, draft: Draft) -> tuple[NodeDecision | None, str]:
        """What is decided of a node now; or none, and why that cannot be said."""
        try:
            return self.decision(job, draft), ""
        except InvalidExpressionError as error:
            return None, error.message
        except UnknownYetError as unknown:
            return None, f"its condition depends on {unknown.path}"

    def _changed(self, job: WorkflowJobSpec, draft: Draft, earlier: Earlier) -> str:
        """What has changed about a node, in words; empty if nothing has."""
        if earlier.stale and not self._wish.keeps_rest:
            return earlier.stale
        if earlier.fingerprint is None:
            return "" if earlier.ending.result is not Result.SUCCESS else "it is not known what it ran"
        changes = self._file.fingerprints.of(job, draft.facts).changes(earlier.fingerprint)
        return f"its definition has changed: {listed(changes)}" if changes else ""

    def decision(self, job: WorkflowJobSpec, draft: Draft) -> NodeDecision:
        """What is to be done with a node now.

        Raises:
            InvalidExpressionError: Its condition is at fault.
            UnknownYetError: That depends on a node that runs again.
        """
        waiting = Waiting(self._file.condition(job), draft.edges, job.is_finally)
        return decide(waiting, self._course, lambda: self._file.scene.condition(job, draft.facts))


def _told(ending: Ending) -> str:
    """How a node ended, in words."""
    if ending.result is Result.CANCELLED:
        return "it was cancelled"
    if ending.outcome is Outcome.TIMED_OUT:
        return "it timed out"
    return f"it failed (exit code {ending.exit_code})" if ending.exit_code is not None else "it failed"
