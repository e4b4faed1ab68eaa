"""From endings of nodes to those of jobs and runs."""

from __future__ import annotations

import pytest

from core.plan.graph import Graph, Vertex
from core.plan.results import INTOLERANT, SUCCEEDED, Ending, Outcome, Reason, Result, Tolerance, VariantEnding, skipped
from core.plan.results import cancelled as stopped
from core.plan.rollup import Counts, RunStatus, caused_skips, counts_of, job_ending, job_facts, passed, run_status

FAILED = Ending(Result.FAILURE, Outcome.FAILURE, attempts=2, exit_code=3)
TIMED_OUT = Ending(Result.FAILURE, Outcome.TIMED_OUT, attempts=1)
TOLERATED = Ending(Result.SUCCESS, Outcome.FAILURE, attempts=1, exit_code=1)
SKIPPED = skipped(Reason.CONDITION)
CANCELLED = stopped(Reason.FAIL_FAST)


def variants(*endings: Ending) -> list[VariantEnding]:
    return [
        VariantEnding(f"t-{index}", f"t ({index})", index, {"n": index}, ending) for index, ending in enumerate(endings)
    ]


def ending(**outputs: str) -> Ending:
    return Ending(Result.SUCCESS, Outcome.SUCCESS, outputs=outputs, attempts=1, exit_code=0)


@pytest.mark.parametrize(
    ("endings", "result", "outcome"),
    [
        ([SUCCEEDED, CANCELLED, FAILED], Result.FAILURE, Outcome.FAILURE),
        ([SUCCEEDED, CANCELLED, SKIPPED], Result.CANCELLED, Outcome.CANCELLED),
        ([SUCCEEDED, SKIPPED], Result.SUCCESS, Outcome.SUCCESS),
        ([SKIPPED, SKIPPED], Result.SKIPPED, Outcome.SKIPPED),
        ([SUCCEEDED, TOLERATED], Result.SUCCESS, Outcome.FAILURE),
        ([TIMED_OUT, SUCCEEDED], Result.FAILURE, Outcome.TIMED_OUT),
    ],
)
def test_the_worst_variant_decides_for_its_job(endings: list[Ending], result: Result, outcome: Outcome) -> None:
    found = job_ending(variants(*endings))
    assert (found.result, found.outcome) == (result, outcome)


def test_a_matrix_without_a_variant_was_skipped_for_that() -> None:
    assert job_ending([]) == skipped(Reason.EMPTY_MATRIX)


def test_the_last_variant_of_the_expansion_with_a_value_gives_an_output() -> None:
    found = job_ending(list(reversed(variants(ending(tag="a", only="x"), ending(tag="b"), ending(tag="", none="")))))
    assert found.outputs == {"tag": "b", "only": "x", "none": ""}


def test_a_jobs_facts_are_what_expressions_read() -> None:
    assert job_facts(FAILED) == {
        "result": "failure",
        "outcome": "failure",
        "outputs": {},
        "attempts": 2,
        "exit_code": 3,
        "reason": "",
        "variants": None,
    }
    facts = job_facts(SKIPPED, [], has_status=True)
    assert (facts["status"], facts["reason"], facts["variants"]) == ("skipped", "condition", [])


def test_the_facts_of_a_matrix_job_list_its_variants_in_order() -> None:
    several = variants(ending(d="1"), FAILED)
    facts = job_facts(job_ending(several), [several[1], several[0]])
    assert facts["variants"] == [
        {"id": "t-0", "name": "t (0)", "index": 0, "matrix": {"n": 0}, "result": "success", "outcome": "success",
         "outputs": {"d": "1"}, "attempts": 1, "exit_code": 0},
        {"id": "t-1", "name": "t (1)", "index": 1, "matrix": {"n": 1}, "result": "failure", "outcome": "failure",
         "outputs": {}, "attempts": 2, "exit_code": 3},
    ]  # fmt: skip


def test_a_tolerated_failure_is_counted_apart() -> None:
    several = [SUCCEEDED, TOLERATED, FAILED, SKIPPED, CANCELLED]
    assert counts_of(several) == Counts(success=1, failure=1, tolerated=1, skipped=1, cancelled=1)
    assert passed(several) == "1/5 passed"


@pytest.mark.parametrize(
    ("ordinary", "last", "status"),
    [
        ([SUCCEEDED, SKIPPED, TOLERATED], [], RunStatus.SUCCESS),
        ([], [], RunStatus.SUCCESS),
        ([SUCCEEDED, FAILED], [], RunStatus.PARTIAL),
        ([SUCCEEDED], [FAILED], RunStatus.PARTIAL),
        ([FAILED, SKIPPED], [SUCCEEDED], RunStatus.FAILED),
        ([TIMED_OUT], [], RunStatus.FAILED),
        ([SUCCEEDED, stopped()], [], RunStatus.PARTIAL),
    ],
)
def test_a_run_ends_as_its_jobs_do(ordinary: list[Ending], last: list[Ending], status: RunStatus) -> None:
    found = run_status(ordinary, last)
    assert found is status
    assert found.is_ok == (status == "success")


def test_a_request_and_a_time_limit_end_a_run_otherwise() -> None:
    assert run_status([FAILED], is_cancelled=True) is RunStatus.CANCELLED
    assert run_status([SUCCEEDED], is_timed_out=True) is RunStatus.PARTIAL
    assert run_status([SKIPPED], is_timed_out=True) is RunStatus.FAILED


@pytest.mark.parametrize(
    ("tolerance", "outcome", "exit_code", "result"),
    [
        (INTOLERANT, Outcome.SUCCESS, 0, Result.SUCCESS),
        (INTOLERANT, Outcome.FAILURE, 1, Result.FAILURE),
        (INTOLERANT, Outcome.TIMED_OUT, None, Result.FAILURE),
        (INTOLERANT, Outcome.CANCELLED, None, Result.CANCELLED),
        (Tolerance(is_total=True), Outcome.TIMED_OUT, None, Result.SUCCESS),
        (Tolerance(is_total=True), Outcome.CANCELLED, None, Result.CANCELLED),
        (Tolerance(exit_codes=frozenset({2})), Outcome.FAILURE, 2, Result.SUCCESS),
        (Tolerance(exit_codes=frozenset({2})), Outcome.FAILURE, 1, Result.FAILURE),
        (Tolerance(exit_codes=frozenset({2})), Outcome.TIMED_OUT, 2, Result.FAILURE),
    ],
)
def test_tolerance_makes_failures_successes_and_nothing_else(
    tolerance: Tolerance, outcome: Outcome, exit_code: int | None, result: Result
) -> None:
    assert tolerance.result(outcome, exit_code) is result


def test_each_failure_is_told_with_the_jobs_that_it_stopped() -> None:
    graph = Graph([
        Vertex("build"),
        Vertex("lint"),
        Vertex("test", needs=("build",)),
        Vertex("deploy", needs=("test", "lint")),
        Vertex("other", needs=("lint",)),
        Vertex("report", is_finally=True),
    ])  # fmt: skip
    by_needs = skipped(Reason.NEEDS)
    endings = {"build": FAILED, "lint": FAILED, "test": by_needs, "deploy": by_needs, "other": SKIPPED}
    assert caused_skips(graph, endings) == {"build": ("test", "deploy"), "lint": ("deploy",)}
    assert caused_skips(graph, {**endings, "report": by_needs})["build"] == ("test", "deploy", "report")
