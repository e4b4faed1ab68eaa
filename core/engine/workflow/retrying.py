"""Whether a node that failed is tried again, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError
from core.plan.compile import EVERYTHING
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.values import truth
from core.plan.foresight import UnknownYetError
from core.plan.interpolate import parse_bare
from core.records.job import FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.plan.expressions.surroundings import Surroundings
    from core.spec.workflow import BackoffSpec, RetrySpec

_INFRASTRUCTURE: Final = "infrastructure"

_WORDS: Final = {
    FailureKind.START_ERROR: _INFRASTRUCTURE,
    FailureKind.IMAGE_NOT_FOUND: _INFRASTRUCTURE,
    FailureKind.REGISTRY_AUTH: _INFRASTRUCTURE,
    FailureKind.REGISTRY_UNAVAILABLE: _INFRASTRUCTURE,
    FailureKind.IMAGE_PULL_FAILED: _INFRASTRUCTURE,
    FailureKind.ENGINE_UNAVAILABLE: _INFRASTRUCTURE,
    FailureKind.CONTAINER_LOST: _INFRASTRUCTURE,
    FailureKind.TAMPERED: _INFRASTRUCTURE,
    FailureKind.INTERNAL: _INFRASTRUCTURE,
}
_WHEN: Final[dict[str, str]] = {
    "exit": "failure",
    "signal": "failure",
    "output": "failure",
    "artifact": "failure",
    "disk_limit": "failure",
}
_NEVER: Final = frozenset({FailureKind.EXPRESSION, FailureKind.POLICY})


def failure_word(kind: FailureKind) -> str:
    """What expressions call a failure: ``exit``, ``timeout``, ``oom``, ``infrastructure`` and so on."""
    return _WORDS.get(kind, kind.value)


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """What follows a failed try.

    Attributes:
        delay_s: Seconds until the next one; None if there is none.
        why: In words; empty if nothing was asked for.
        warning: What is wrong with the rule itself; empty if nothing is.
    """

    delay_s: float | None = None
    why: str = ""
    warning: str = ""


def decide_retry(
    spec: RetrySpec,
    number: int,
    kind: FailureKind,
    exit_code: int | None,
    surroundings: Callable[[], Surroundings],
    chance: Callable[[float, float], float] = random.uniform,
) -> RetryDecision:
    """Whether a failed try is followed by another.

    Args:
        spec: The rule.
        number: Of the try that failed, from 1.
        kind: Why it failed.
        exit_code: Of the job.
        surroundings: Of the rule's condition; asked for only if it has one.
        chance: A number between two others, even in that range.
    """
    if number > spec.max or kind in _NEVER:
        return RetryDecision()
    word = failure_word(kind)
    wanted = _WHEN.get(word, word)
    if "any" not in spec.when and wanted not in spec.when:
        return RetryDecision(why=f"Not tried again: {word} is not among retry.when")
    if wanted == "failure" and spec.exit_codes and exit_code not in spec.exit_codes:
        return RetryDecision(why=f"Not tried again: exit code {exit_code} is not among retry.exit_codes")
    try:
        expression = parse_bare(spec.condition, EVERYTHING)
        if expression is not None:
            evaluation = evaluate(expression, surroundings())
            if not truth(evaluation.value):
                return RetryDecision(why=f"Not tried again: {evaluation.expanded}")
    except (InvalidExpressionError, UnknownYetError) as error:
        said = error.message if isinstance(error, InvalidExpressionError) else f"nobody knows {error}"
        return RetryDecision(why="Not tried again: retry.if is at fault", warning=f"retry.if: {said}")
    return RetryDecision(delay_of(spec.backoff, number, chance), f"try {number} of {spec.max + 1} failed ({word})")


def delay_of(backoff: BackoffSpec, number: int, chance: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds before the try that follows try ``number``."""
    try:
        delay = backoff.initial_s * backoff.factor ** (number - 1)
    except OverflowError:
        delay = float("inf")
    if backoff.max_s is not None:
        delay = min(delay, backoff.max_s)
    delay = min(delay, _LONGEST_S)
    return delay * chance(1 - backoff.jitter, 1 + backoff.jitter) if backoff.jitter else delay


_LONGEST_S: Final = 7 * 86_400.0
