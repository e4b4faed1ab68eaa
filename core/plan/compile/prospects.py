"""How the jobs of a plan may end, and what the contexts ``needs`` and ``jobs`` hold then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.plan.foresight import Unknown
from core.plan.results import Outcome, Reason, Result, skipped
from core.plan.rollup import RunStatus, job_facts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from core.spec.workflow import WorkflowJobSpec

_WORST_FIRST: Final = (Result.FAILURE, Result.CANCELLED, Result.SUCCESS, Result.SKIPPED)
_OUTCOMES: Final = {
    Result.SUCCESS: Outcome.SUCCESS,
    Result.FAILURE: Outcome.FAILURE,
    Result.CANCELLED: Outcome.CANCELLED,
    Result.SKIPPED: Outcome.SKIPPED,
}


@dataclass(frozen=True, slots=True)
class Prospect:
    """How a node or job may end.

    Attributes:
        results: The results that are possible.
        outcome: Its outcome; none if that is not known.
        reason: Why it does not run; none if it does, or may.
        outputs: Its outputs; none if they are not known.
    """

    results: frozenset[Result]
    outcome: Outcome | None = None
    reason: Reason | None = None
    outputs: Mapping[str, str] | None = None


def sure(result: Result, reason: Reason | None = None) -> Prospect:
    """It ends in one way only."""
    return Prospect(frozenset((result,)), _OUTCOMES[result], reason, {} if result is Result.SKIPPED else None)


def together(prospects: Collection[Prospect]) -> Prospect:
    """How a job may end whose variants, of which there is one at least, may end so: the worst of them decides."""
    ranks = {result: rank for rank, result in enumerate(_WORST_FIRST)}
    mildest = min(max(ranks[result] for result in prospect.results) for prospect in prospects)
    possible = {result for prospect in prospects for result in prospect.results if ranks[result] <= mildest}
    outcomes = {prospect.outcome for prospect in prospects}
    outcome = outcomes.pop() if len(outcomes) == 1 else None
    reasons = {prospect.reason for prospect in prospects}
    reason = reasons.pop() if len(reasons) == 1 else None
    return Prospect(frozenset(possible), outcome, reason, _merged(prospects))


def entry(path: str, job: WorkflowJobSpec, prospect: Prospect, *, has_status: bool) -> Mapping[str, object]:
    """What ``needs.<job>`` or ``jobs.<job>`` holds, as far as it is known.

    Args:
        path: How expressions name it.
        job: The job.
        prospect: How it may end.
        has_status: Whether it is an entry of ``jobs``.
    """
    if prospect.results <= {Result.SKIPPED} and prospect.reason is not None:
        variants = () if job.matrix is not None else None
        return job_facts(skipped(prospect.reason), variants, has_status=has_status)
    known: dict[str, object] = {}
    unknown = ["attempts", "exit_code", "reason", "variants"]
    named = ("result", "status") if has_status else ("result",)
    if len(prospect.results) == 1:
        known |= dict.fromkeys(named, next(iter(prospect.results)).value)
    else:
        unknown += named
    if prospect.outcome is not None:
        known["outcome"] = prospect.outcome.value
    else:
        unknown.append("outcome")
    known["outputs"] = prospect.outputs if prospect.outputs is not None else _outputs(path, job)
    if job.matrix is None:
        known["variants"] = None
        unknown.remove("variants")
    return Unknown(path, known, unknown)


def run_prospect(
    ordinary: Iterable[Prospect], last: Iterable[Prospect], *, is_faulty: bool = False
) -> RunStatus | None:
    """How a run ends; none if that is not known."""
    stopped = {Result.FAILURE, Result.CANCELLED}
    first = list(ordinary)
    everything = [*first, *last]
    is_bad = is_faulty or any(prospect.results <= stopped for prospect in everything)
    may_be_bad = is_bad or any(prospect.results & stopped for prospect in everything)
    if not may_be_bad:
        return RunStatus.SUCCESS
    if not is_bad:
        return None
    if any(prospect.results <= {Result.SUCCESS} for prospect in first):
        return RunStatus.PARTIAL
    return None if any(Result.SUCCESS in prospect.results for prospect in first) else RunStatus.FAILED


def _merged(prospects: Collection[Prospect]) -> Mapping[str, str] | None:
    merged: dict[str, str] = {}
    for prospect in prospects:
        if prospect.outputs is None:
            return None
        merged.update({name: value for name, value in prospect.outputs.items() if value or name not in merged})
    return merged


def _outputs(path: str, job: WorkflowJobSpec) -> Unknown:
    """Outputs with values that are not known: only their names are, if all are declared."""
    declared = job.outputs
    if declared is None and job.call is not None and job.call.workflow is not None:
        return Unknown(f"{path}.outputs", {}, job.call.workflow.outputs)
    return Unknown(f"{path}.outputs", {}, declared)
