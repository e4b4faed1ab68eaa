"""From the endings of nodes to those of jobs and of the run, and to what other jobs may read of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.plan.results import Ending, Outcome, Reason, Result, skipped

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from core.plan.graph import Graph
    from core.plan.results import VariantEnding

_RESULTS: Final = (Result.FAILURE, Result.CANCELLED, Result.SUCCESS)
_OUTCOMES: Final = (Outcome.FAILURE, Outcome.TIMED_OUT, Outcome.CANCELLED, Outcome.SUCCESS)


class RunStatus(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    PARTIAL = "partial"
    """Something failed, and some job that is no finally job succeeded."""
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_ok(self) -> bool:
        """Whether nothing is left to mend."""
        return self is RunStatus.SUCCESS


@dataclass(frozen=True, slots=True)
class Counts:
    """How many nodes ended how; a tolerated failure is no success here."""

    success: int = 0
    failure: int = 0
    tolerated: int = 0
    skipped: int = 0
    cancelled: int = 0


def job_ending(variants: Sequence[VariantEnding]) -> Ending:
    """How a matrix job ended with all its variants.

    The worst decides: failure, cancelled, success, skipped. Of outputs, the last variant of the expansion with a
    value that is not empty gives it. A job without a variant was skipped.
    """
    endings = [variant.ending for variant in sorted(variants, key=lambda variant: variant.index)]
    if not endings:
        return skipped(Reason.EMPTY_MATRIX)
    results = {ending.result for ending in endings}
    outcomes = {ending.outcome for ending in endings}
    result = next((each for each in _RESULTS if each in results), Result.SKIPPED)
    outcome = next((each for each in _OUTCOMES if each in outcomes), Outcome.SKIPPED)
    decisive = next(ending for ending in endings if ending.result is result)
    outputs: dict[str, str] = {}
    for ending in endings:
        outputs.update({name: value for name, value in ending.outputs.items() if value or name not in outputs})
    reason = decisive.reason if result in {Result.SKIPPED, Result.CANCELLED} else None
    attempts = max(ending.attempts for ending in endings)
    return Ending(result, outcome, reason, outputs, attempts, decisive.exit_code)


def job_facts(
    ending: Ending, variants: Sequence[VariantEnding] | None = None, *, has_status: bool = False
) -> dict[str, object]:
    """What an entry of ``needs`` or ``jobs`` holds.

    Args:
        ending: How the job ended.
        variants: Its variants, if it has a matrix.
        has_status: Whether it is an entry of ``jobs``, which has ``status`` beside ``result``.
    """
    status: dict[str, object] = {"status": ending.result.value} if has_status else {}
    ordered = sorted(variants or (), key=lambda variant: variant.index)
    return {
        **_facts(ending),
        **status,
        "reason": ending.reason.value if ending.reason else "",
        "variants": [_variant_facts(variant) for variant in ordered] if variants is not None else None,
    }


def passed(endings: Collection[Ending]) -> str:
    """How many variants passed, such as ``4/6 passed``; a tolerated failure is not among them."""
    good = sum(ending.outcome is Outcome.SUCCESS for ending in endings)
    return f"{good}/{len(endings)} passed"


def counts_of(endings: Collection[Ending]) -> Counts:
    """How many of them ended how."""
    by_result = [ending.result for ending in endings if not ending.is_tolerated]
    return Counts(
        success=by_result.count(Result.SUCCESS),
        failure=by_result.count(Result.FAILURE),
        tolerated=len(endings) - len(by_result),
        skipped=by_result.count(Result.SKIPPED),
        cancelled=by_result.count(Result.CANCELLED),
    )


def run_status(
    ordinary: Collection[Ending],
    last: Collection[Ending] = (),
    *,
    is_cancelled: bool = False,
    is_timed_out: bool = False,
) -> RunStatus:
    """How a run ended.

    Args:
        ordinary: The endings of the jobs that are no finally jobs.
        last: Those of the finally jobs.
        is_cancelled: Whether a request ended it.
        is_timed_out: Whether its own time limit did.
    """
    if is_cancelled:
        return RunStatus.CANCELLED
    results = {ending.result for ending in (*ordinary, *last)}
    if not is_timed_out and not results & {Result.FAILURE, Result.CANCELLED}:
        return RunStatus.SUCCESS
    has_success = any(ending.result is Result.SUCCESS for ending in ordinary)
    return RunStatus.PARTIAL if has_success else RunStatus.FAILED


def caused_skips(graph: Graph, endings: Mapping[str, Ending]) -> Mapping[str, tuple[str, ...]]:
    """For each job that failed or was cancelled, the jobs that did not run because of it, in the order of the file.

    A skip goes down the chain: what did not run because of a skipped job did not run because of what that waited for.
    """
    causes: dict[str, frozenset[str]] = {}
    for job in graph.order:
        ending = endings.get(job)
        if ending is None or ending.result is not Result.SKIPPED or ending.reason is not Reason.NEEDS:
            continue
        above = graph.ordinary if graph.vertices[job].is_finally else graph.vertices[job].needs
        stopped = {need for need in above if need in endings and _stops(endings[need])}
        causes[job] = frozenset(stopped).union(*(causes.get(need, frozenset()) for need in above))
    found: dict[str, list[str]] = {}
    for job in sorted(causes, key=graph.rank):
        for cause in causes[job]:
            found.setdefault(cause, []).append(job)
    return {cause: tuple(found[cause]) for cause in sorted(found, key=graph.rank)}


def _stops(ending: Ending) -> bool:
    return ending.result in {Result.FAILURE, Result.CANCELLED}


def _facts(ending: Ending) -> dict[str, object]:
    return {
        "result": ending.result.value,
        "outcome": ending.outcome.value,
        "outputs": dict(ending.outputs),
        "attempts": ending.attempts,
        "exit_code": ending.exit_code,
    }


def _variant_facts(variant: VariantEnding) -> dict[str, object]:
    return {
        "id": variant.id,
        "name": variant.name,
        "index": variant.index,
        "matrix": dict(variant.matrix),
        **_facts(variant.ending),
    }
