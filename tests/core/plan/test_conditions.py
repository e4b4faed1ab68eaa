"""Whether a node runs: the condition from its keys, the status functions, decisions with their reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InvalidExpressionError
from core.plan.conditions import Act, JobCondition, NodeDecision, Waiting, decide, job_condition, predict
from core.plan.context import Place, scope_of
from core.plan.expressions.surroundings import Surroundings
from core.plan.foresight import Unknown
from core.plan.results import Reason, Result
from core.plan.standing import Course, Edge

SCOPE = scope_of(Place.JOB_IF)
NOTHING = Surroundings({})


def condition(runs_if: str = "", unless: str = "", on_complete: str | None = None) -> JobCondition:
    return job_condition(runs_if, unless, on_complete, SCOPE)


def course(*noted: tuple[str, Result | set[Result], tuple[Edge, ...]], pending: tuple[str, ...] = ()) -> Course:
    names = [name for name, _, _ in noted]
    found = Course([*names, *pending, "last"], [*names, *pending])
    for name, results, edges in noted:
        found.note(name, results, edges)
    return found


def decided(
    runs_if: str, result: Result, *, optional: bool = False, cancelling: bool = False, on_complete: str | None = None
) -> NodeDecision:
    """What becomes of a job whose one need ended so."""
    edges = (Edge("a", optional=optional),)
    stands = course(("a", result, ()))
    stands.is_cancelling = cancelling
    return decide(Waiting(condition(runs_if, on_complete=on_complete), edges), stands, lambda: NOTHING)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("", "", None), "success()"),
        (("  \n", "", None), "success()"),
        (("inputs.a", "", None), "success() && inputs.a"),
        (("${{ failure() || inputs.a }}", "", None), "failure() || inputs.a"),
        (("inputs.a == 'success()'", "", None), "success() && inputs.a == 'success()'"),
        (("", "inputs.a", None), "success() && !inputs.a"),
        (("inputs.a", "inputs.b", None), "success() && inputs.a && !inputs.b"),
        (("inputs.a", "failure()", None), "inputs.a && !failure()"),
        (("", "", "success"), "success()"),
        (("", "", "failure"), "failure()"),
        (("", "", "always"), "always()"),
        (("inputs.a", "", "failure"), "failure() && inputs.a"),
        (("inputs.a || inputs.b", "", "always"), "always() && (inputs.a || inputs.b)"),
    ],
)
def test_the_condition_is_made_of_the_jobs_keys(keys: tuple[str, str, str | None], expected: str) -> None:
    assert condition(*keys).text == expected


def test_a_condition_knows_whether_each_variant_has_its_own_answer() -> None:
    assert condition("matrix.os == 'a'").reads_matrix
    assert condition("", "strategy.job-index == 0").reads_matrix
    assert not condition("needs.a.result == 'matrix'").reads_matrix


TABLE = {
    Result.SUCCESS: (True, True, False, "run"),
    Result.FAILURE: (True, False, True, "needs"),
    Result.SKIPPED: (True, False, False, "needs"),
    Result.CANCELLED: (True, False, False, "needs"),
}


@pytest.mark.parametrize("result", TABLE)
def test_status_functions_answer_by_the_result_of_the_need(result: Result) -> None:
    always, success, failure, plain = TABLE[result]
    assert (decided("always()", result).act is Act.RUN) == always
    assert (decided("success()", result).act is Act.RUN) == success
    assert (decided("failure()", result).act is Act.RUN) == failure
    assert decided("!cancelled()", result).act is Act.RUN
    found = decided("", result)
    assert (found.act.value if plain == "run" else found.reason) == plain


@pytest.mark.parametrize("is_cancelling", [False, True])
@pytest.mark.parametrize("result", Result)
def test_a_plain_condition_comes_to_what_its_evaluation_says(result: Result, is_cancelling: bool) -> None:
    plain = condition()
    edges = (Edge("a"),)
    stands = course(("a", result, ()))
    stands.is_cancelling = is_cancelling
    found = decide(Waiting(plain, edges), stands, lambda: NOTHING)
    assert plain.is_plain
    assert not condition("success('a')").is_plain
    assert found == decide(Waiting(replace(plain, is_plain=False), edges), stands, lambda: NOTHING)


@pytest.mark.parametrize("is_cancelling", [False, True])
@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("above", list(Result))
@pytest.mark.parametrize("result", list(Result))
def test_what_went_well_at_first_sight_did_so_at_the_second(
    result: Result, above: Result, counts: bool, is_cancelling: bool
) -> None:
    between, edges = (Edge("a", counts=counts),), (Edge("b"), Edge("c", counts=counts))
    stands = course(("a", above, ()), ("b", Result.SUCCESS, between), ("c", result, ()))
    stands.is_cancelling = is_cancelling
    went_well = stands.went_well(edges)
    assert went_well == (result is above is Result.SUCCESS and not is_cancelling)
    assert stands.standing(edges).success() or not went_well
    assert not course(("b", Result.SUCCESS, ())).went_well(edges)


def test_an_optional_need_may_be_skipped_and_nothing_else() -> None:
    assert decided("", Result.SKIPPED, optional=True).act is Act.RUN
    assert decided("", Result.FAILURE, optional=True).reason is Reason.NEEDS
    assert decided("", Result.CANCELLED, optional=True).reason is Reason.NEEDS


def test_while_a_run_is_cancelled_only_who_asks_for_it_still_runs() -> None:
    assert decided("always()", Result.SUCCESS, cancelling=True).act is Act.RUN
    assert decided("cancelled()", Result.FAILURE, cancelling=True).act is Act.RUN
    assert decided("failure()", Result.FAILURE, cancelling=True).act is Act.CANCEL
    found = decided("", Result.SUCCESS, cancelling=True)
    assert (found.act, found.reason, found.explanation) == (Act.CANCEL, Reason.CANCELLED, "cancelled")


def test_a_skip_is_forgotten_below_a_job_that_ran_and_a_failure_is_not() -> None:
    middle = (Edge("a"),)
    waiting = Waiting(condition(), (Edge("b"),))
    skipped = course(("a", Result.SKIPPED, ()), ("b", Result.SUCCESS, middle))
    assert decide(waiting, skipped, lambda: NOTHING).act is Act.RUN
    failed = course(("a", Result.FAILURE, ()), ("b", Result.SUCCESS, middle))
    found = decide(waiting, failed, lambda: NOTHING)
    assert (found.act, found.reason, found.blamed) == (Act.SKIP, Reason.NEEDS, ())
    assert found.explanation == "a job further up failed or was cancelled"
    assert decide(Waiting(condition("failure()"), (Edge("b"),)), failed, lambda: NOTHING).act is Act.RUN


def test_what_a_job_only_comes_after_does_not_count() -> None:
    stands = course(("a", Result.FAILURE, ()))
    assert decide(Waiting(condition(), (Edge("a", counts=False),)), stands, lambda: NOTHING).act is Act.RUN
    assert decide(Waiting(condition("failure()"), (Edge("a", counts=False),)), stands, lambda: NOTHING).act is Act.SKIP


def test_named_jobs_are_asked_whatever_their_case_and_the_others_are_not() -> None:
    stands = course(("Ant", Result.SUCCESS, ()), ("bee", Result.FAILURE, ()))
    edges = (Edge("Ant"), Edge("bee"))
    assert decide(Waiting(condition("success('ANT')"), edges), stands, lambda: NOTHING).act is Act.RUN
    assert decide(Waiting(condition("failure('ant')"), edges), stands, lambda: NOTHING).act is Act.SKIP
    assert decide(Waiting(condition("failure('ant', 'bee')"), edges), stands, lambda: NOTHING).act is Act.RUN
    with pytest.raises(InvalidExpressionError) as error:
        decide(Waiting(condition("success('be')"), edges), stands, lambda: NOTHING)
    assert "did you mean 'bee'?" in error.value.hint


def test_variants_of_a_need_are_asked_where_the_edge_names_them() -> None:
    stands = course(("t-1", Result.SUCCESS, ()), ("t-2", Result.FAILURE, ()), ("t", Result.FAILURE, ()))
    assert decide(Waiting(condition(), (Edge("t", nodes=("t-1",)),)), stands, lambda: NOTHING).act is Act.RUN
    found = decide(Waiting(condition(), (Edge("t", nodes=("t-2",)),)), stands, lambda: NOTHING)
    assert found.blamed == (("t-2", Result.FAILURE),)
    assert found.explanation == "needs t-2 (failure)"


def test_a_node_waits_for_what_has_not_ended() -> None:
    stands = course(("a", Result.SUCCESS, ()), pending=("b",))
    found = decide(Waiting(condition(), (Edge("a"), Edge("b", counts=False))), stands, lambda: NOTHING)
    assert (found.act, found.waits_for, found.explanation) == (Act.WAIT, ("b",), "waits for b")
    assert stands.has_ended("a")
    assert not stands.has_ended("b")


def test_a_finally_job_looks_at_all_others() -> None:
    fine = course(("a", Result.SUCCESS, ()), ("b", Result.SKIPPED, ()))
    bad = course(("a", Result.SUCCESS, ()), ("b", Result.FAILURE, ()))
    for on_complete, when_fine, when_bad in (
        ("success", True, False),
        ("failure", False, True),
        ("always", True, True),
    ):
        last = Waiting(condition(on_complete=on_complete), (), is_finally=True)
        assert (decide(last, fine, lambda: NOTHING).act is Act.RUN) == when_fine
        assert (decide(last, bad, lambda: NOTHING).act is Act.RUN) == when_bad
    last = Waiting(condition(), (), is_finally=True)
    assert decide(last, course(("a", Result.SUCCESS, ()), pending=("b",)), lambda: NOTHING).waits_for == ("b",)


def test_a_false_condition_is_told_with_what_it_read() -> None:
    surroundings = Surroundings({"github": {"ref": "refs/heads/dev"}, "secrets": {"K": "hush"}})
    found = decide(Waiting(condition("github.ref == 'refs/heads/main'"), ()), course(), lambda: surroundings)
    assert (found.act, found.reason) == (Act.SKIP, Reason.CONDITION)
    assert found.explanation == "success() && 'refs/heads/dev' == 'refs/heads/main' → false"
    hidden = decide(Waiting(condition("secrets.K == ''"), ()), course(), lambda: surroundings)
    assert "hush" not in hidden.explanation


def test_a_prediction_says_what_it_depends_on() -> None:
    surroundings = Surroundings({"github": Unknown("github"), "inputs": {"go": False}, "secrets": Unknown("secrets")})
    waiting = Waiting(condition("github.ref == 'x'"), ())
    found = predict(waiting, course(), surroundings)
    assert (found.act, found.waits_for) == (Act.DEPENDS, ("github.ref",))
    assert found.explanation == "depends on github.ref"
    assert found.expanded == "success() && github.ref == 'x' → ?"
    shut = predict(Waiting(condition("github.ref == 'x' && inputs.go"), ()), course(), surroundings)
    assert (shut.act, shut.expanded) == (Act.SKIP, "success() && github.ref == 'x' && false → false")
    wide = predict(Waiting(condition("github.ref == 'x' || !inputs.go"), ()), course(), surroundings)
    assert wide.act is Act.RUN


def test_what_a_need_may_come_to_leaves_the_status_functions_open() -> None:
    stands = course(("a", {Result.SUCCESS, Result.SKIPPED}, ()))
    edge = (Edge("a"),)
    assert predict(Waiting(condition(), edge), stands, NOTHING).waits_for == ("success()",)
    assert predict(Waiting(condition("failure()"), edge), stands, NOTHING).act is Act.SKIP
    assert predict(Waiting(condition("success('a')"), edge), stands, NOTHING).act is Act.DEPENDS
    assert predict(Waiting(condition(), (Edge("a", optional=True),)), stands, NOTHING).act is Act.RUN
    risky = course(("a", {Result.SUCCESS, Result.FAILURE}, ()), ("b", Result.SUCCESS, edge))
    assert predict(Waiting(condition("failure()"), (Edge("b"),)), risky, NOTHING).waits_for == ("failure()",)
    assert predict(Waiting(condition("failure('a')"), (Edge("b"),)), risky, NOTHING).act is Act.DEPENDS


def test_a_long_list_of_what_is_waited_for_is_cut() -> None:
    names = tuple(f"job-{number}" for number in range(12))
    assert NodeDecision(Act.WAIT, waits_for=names).explanation.endswith("job-9, …")
    assert NodeDecision(Act.RUN).explanation == ""
    assert NodeDecision(Act.FAIL, fault="no such thing").explanation == "no such thing"
