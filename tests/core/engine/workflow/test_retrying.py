"""Whether a try that failed is followed by another, and after how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core import FailureKind
from core.engine.workflow.retrying import RetryDecision, decide_retry, delay_of
from core.plan.expressions.surroundings import Surroundings
from core.spec.workflow import BackoffSpec, RetrySpec

if TYPE_CHECKING:
    from collections.abc import Mapping


def decided(
    spec: RetrySpec,
    number: int = 1,
    kind: FailureKind = FailureKind.EXIT,
    exit_code: int | None = 1,
    job: Mapping[str, Any] | None = None,
) -> RetryDecision:
    return decide_retry(spec, number, kind, exit_code, lambda: Surroundings({"job": job or {}}))


def is_tried_again(spec: RetrySpec, number: int = 1, **facts: Any) -> bool:
    return decided(spec, number, **facts).delay_s is not None


def test_there_are_so_many_further_tries_as_were_asked_for() -> None:
    assert [is_tried_again(RetrySpec(max=2), number) for number in (1, 2, 3)] == [True, True, False]
    assert not is_tried_again(RetrySpec())


@pytest.mark.parametrize(
    ("when", "kinds"),
    [
        ("failure", {"exit", "signal", "output", "artifact", "disk_limit"}),
        ("timeout", {"timeout"}),
        ("oom", {"oom"}),
        ("service", {"service"}),
        (
            "infrastructure",
            {"start_error", "image_not_found", "registry_auth", "registry_unavailable", "image_pull_failed",
             "engine_unavailable", "container_lost", "tampered", "internal"},
        ),
        ("any", {kind.value for kind in FailureKind} - {"expression", "policy"}),
    ],
)  # fmt: skip
def test_each_word_stands_for_its_failures(when: Any, kinds: set[str]) -> None:
    spec = RetrySpec(max=1, when=(when,))
    assert {kind.value for kind in FailureKind if is_tried_again(spec, kind=kind)} == kinds


def test_exit_codes_narrow_failures_and_nothing_else() -> None:
    spec = RetrySpec(max=1, exit_codes=(75, 137))
    assert is_tried_again(spec, exit_code=75)
    assert not is_tried_again(spec, exit_code=1)
    assert is_tried_again(spec, kind=FailureKind.TIMEOUT, exit_code=None)
    assert decided(spec).why == "Not tried again: exit code 1 is not among retry.exit_codes"


def test_a_condition_is_asked_with_what_the_job_came_to() -> None:
    spec = RetrySpec(max=5, condition="${{ job.attempt < 3 && job.exit_code != 2 }}")
    assert is_tried_again(spec, job={"attempt": 2, "exit_code": 1})
    assert not is_tried_again(spec, job={"attempt": 3, "exit_code": 1})
    refused = decided(spec, job={"attempt": 1, "exit_code": 2})
    assert refused.delay_s is None
    assert refused.why == "Not tried again: 1 < 3 && 2 != 2 → false"


def test_a_condition_at_fault_is_no_reason_to_try_again_and_is_told() -> None:
    found = decided(RetrySpec(max=1, condition="${{ fromJSON('{') }}"))
    assert found.delay_s is None
    assert found.warning.startswith("retry.if: ")


def test_waits_grow_by_their_factor_up_to_the_longest() -> None:
    backoff = BackoffSpec(initial_s=5, factor=2, max_s=30)
    assert [delay_of(backoff, number) for number in (1, 2, 3, 4, 5)] == [5, 10, 20, 30, 30]
    assert delay_of(BackoffSpec(initial_s=3), 9) == 3
    assert delay_of(BackoffSpec(), 1) == 0


def test_a_wait_never_grows_beyond_all_bounds() -> None:
    week = 7 * 86_400
    assert delay_of(BackoffSpec(initial_s=1, factor=10), 400) == week
    assert delay_of(BackoffSpec(initial_s=1, factor=2), 5000) == week


def test_jitter_is_even_around_the_wait_after_it_was_cut() -> None:
    asked: list[tuple[float, float]] = []

    def chance(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    backoff = BackoffSpec(initial_s=100, factor=2, max_s=50, jitter=0.2)
    assert delay_of(backoff, 1, chance) == pytest.approx(60)
    assert asked == [(pytest.approx(0.8), pytest.approx(1.2))]
