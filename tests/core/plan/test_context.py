"""Which contexts there are, and where."""

from __future__ import annotations

import pytest

from core.errors import InvalidExpressionError
from core.plan.context import CONTEXTS, FIXED_SHAPES, SERVICE, Place, job_shape, scope_of, step_shape
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.remarks import examine
from core.plan.expressions.shapes import MappingShape

EVERYWHERE = ("inputs", "vars", "run", "github")


@pytest.mark.parametrize(
    ("place", "more"),
    [
        (Place.RUN, ()),
        (Place.WORKFLOW_ENV, ("env", "secrets")),
        (Place.WORKFLOW_OUTPUTS, ("jobs",)),
        (Place.JOB_IF, ("env", "secrets", "needs", "jobs", "matrix", "strategy")),
        (Place.MATRIX, ("env", "needs", "jobs")),
        (Place.JOB, ("env", "needs", "jobs", "matrix", "strategy")),
        (Place.CREDENTIALS, ("env", "needs", "jobs", "matrix", "strategy", "secrets")),
        (Place.JOB_ENV, ("env", "needs", "jobs", "matrix", "strategy", "secrets", "services")),
        (Place.STEP, tuple(CONTEXTS)),
        (Place.STEP_IF, tuple(CONTEXTS)),
        (Place.RETRY_IF, tuple(CONTEXTS)),
        (Place.JOB_OUTPUTS, tuple(CONTEXTS)),
    ],
)
def test_each_place_has_its_contexts(place: Place, more: tuple[str, ...]) -> None:
    scope = scope_of(place)
    assert set(scope.contexts) == {*EVERYWHERE, *more}
    assert set(scope.contexts) | set(scope.elsewhere) == set(CONTEXTS)
    assert set(scope.contexts).isdisjoint(scope.elsewhere)


@pytest.mark.parametrize(
    ("call", "places"),
    [
        ("success()", {Place.JOB_IF, Place.STEP_IF, Place.RETRY_IF}),
        ("always()", {Place.JOB_IF, Place.STEP_IF, Place.RETRY_IF}),
        ("failure('build')", {Place.JOB_IF}),
        ("hashFiles('**')", {Place.STEP, Place.STEP_IF, Place.JOB_OUTPUTS}),
        ("contains('a', 'b')", set(Place)),
        ("length('a')", set(Place)),
    ],
)
def test_each_place_has_its_functions(call: str, places: set[Place]) -> None:
    assert {place for place in Place if is_accepted(call, place)} == places


def is_accepted(text: str, place: Place) -> bool:
    try:
        parse_expression(text, scope_of(place))
    except InvalidExpressionError:
        return False
    return True


def test_a_context_that_is_not_allowed_here_is_told_with_those_that_are() -> None:
    with pytest.raises(InvalidExpressionError) as raised:
        parse_expression("secrets.token", scope_of(Place.RUN))
    error = raised.value
    assert (
        error.message == "Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.token"
    )
    assert error.rule == "E110"
    assert error.hint == (
        "not available in the workflow's run_name and concurrency; contexts here: vars, inputs, run, github"
    )


def test_a_workflow_may_turn_our_own_functions_off() -> None:
    with pytest.raises(InvalidExpressionError, match="Unrecognized function: 'length'"):
        parse_expression("length('a')", scope_of(Place.STEP, own=False))


@pytest.mark.parametrize(
    "text",
    [
        "strategy.job-index == 0",
        "job.attempt < 3 && job.exit_code != 2",
        "job.container.id",
        "job.services.db.ports['5432']",
        "run.trigger == 'mcp'",
        "env.ANYTHING == vars.ANYTHING",
        "github.event.inputs.x",
        "needs.build.outputs.anything",
        "needs.build.variants[0].outputs.x",
        "jobs.build.status == 'success'",
        "services.db.url",
        "steps.lint.conclusion",
    ],
)
def test_what_exists_is_not_remarked(text: str) -> None:
    assert remarks(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strategy.index", "'strategy' has no 'index'"),
        ("job.result", "'job' has no 'result'"),
        ("job.services.db.address", "'job.services.db' has no 'address'"),
        ("run.name", "'run' has no 'name'"),
        ("needs.build.status", "'needs.build' has no 'status'"),
        ("needs.test.result", "'needs' has no 'test'"),
        ("jobs.build.outputs.digest", "'jobs.build.outputs' has no 'digest'"),
        ("steps.lint.outputs.other", "'steps.lint.outputs' has no 'other'"),
        ("env.NAME.x", "'env.NAME' is a text and has no properties: this is always null"),
    ],
)
def test_what_cannot_exist_is_remarked(text: str, message: str) -> None:
    assert remarks(text) == [message]


def remarks(text: str) -> list[str]:
    shapes = {
        **FIXED_SHAPES,
        "needs": MappingShape({"build": job_shape()}),
        "jobs": MappingShape({"build": job_shape(["image"], has_status=True)}),
        "steps": MappingShape({"lint": step_shape(["count"])}),
        "services": MappingShape({"db": SERVICE}),
    }
    expression = parse_expression(text, scope_of(Place.STEP))
    return [remark.message for remark in examine(expression, shapes)]
