"""What a step may be asked to be."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidSpecError
from core.spec.load import parse_job
from core.spec.step import StepSpec
from core.testing.factories import a_job_spec


@pytest.mark.parametrize(
    ("shell", "argv"),
    [
        ("", ("sh", "-e", "/s")),
        ("sh", ("sh", "-e", "/s")),
        ("bash", ("bash", "-eo", "pipefail", "/s")),
        ("python", ("python", "/s")),
        ("node --input='a b' {0} x", ("node", "--input=a b", "/s", "x")),
    ],
)
def test_a_shell_is_a_name_or_a_command_with_a_place_for_the_file(shell: str, argv: tuple[str, ...]) -> None:
    assert StepSpec(run="true", shell=shell).argv("/s") == argv


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("shell", "zsh", "one of sh, bash, python, or a command with {0}"),
        ("shell", "sh '{0}", "a quote in it is never closed"),
        ("shell", "sh {0} " + "x" * 1018, "a shell has at most 1024 characters"),
        ("id", "1a", "a step's id is up to 100 letters"),
        ("workdir", "a/../b", "a folder without '..'"),
        ("workdir", "x" * 1025, "a folder has 1 to 1024 characters"),
        ("when", "sometimes", "'success', 'failure' or 'always'"),
        ("continue_on_error", "yes", "boolean"),
        ("continue_on_error", [256], "255"),
        ("retries", 11, "10"),
        ("env", {"A B": "1"}, "a variable's name"),
        ("env", ["A"], "entry 0 is not KEY=VALUE"),
        ("condition", "x" * 21_101, "a condition has at most 21000 characters"),
        ("condition", "always()", "only a workflow's steps have one; use when"),
    ],
)
def test_what_a_step_may_not_be_is_said_in_words(field: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse_job({"image": "busybox", "commands": [{"run": "true", field: value}]})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [{"shell": "sh"}, {"env": ["A=1"]}, {"workdir": "src"}, {"continue_on_error": True}, {"retries": 1}],
    ids=lambda change: next(iter(change)),
)
def test_a_step_with_something_of_its_own_is_a_process_of_its_own(change: dict[str, Any]) -> None:
    assert StepSpec.model_validate({"run": "true", **change}).is_own_process
    assert not StepSpec(run="true", name="x", id="x", timeout_s=1, when="always").is_own_process


def test_waits_grow_by_their_factor_up_to_the_longest() -> None:
    step = StepSpec(run="true", retries=4, retry_delay_s=2, retry_factor=3, retry_max_delay_s=20)
    assert step.retry_delays() == (2, 6, 18, 20)


def test_a_failure_is_tolerated_always_never_or_by_its_exit_code() -> None:
    assert StepSpec(run="true", continue_on_error=True).tolerates(1)
    assert not StepSpec(run="true").tolerates(1)
    some = StepSpec(run="true", continue_on_error=(3,))
    assert (some.tolerates(3), some.tolerates(4)) == (True, False)


def test_two_steps_do_not_have_one_id_in_whatever_case() -> None:
    with pytest.raises(InvalidSpecError, match=r"commands\.1\.id: another step has this id"):
        parse_job({"image": "busybox", "commands": [{"run": "a", "id": "Build"}, {"run": "b", "id": "build"}]})


def test_contexts_are_the_workflow_engines_and_no_part_of_a_request() -> None:
    request = {"image": "busybox", "commands": [{"run": "a", "condition": "inputs.x"}]}
    with pytest.raises(InvalidSpecError, match="context: set by the engine, never by a request"):
        parse_job({**request, "context": {"inputs": {"x": True}}})
    assert parse_job(request, context={"inputs": {"x": True}}).context == {"inputs": {"x": True}}
    assert parse_job({"image": "busybox", "context": None}).context is None


def test_a_spec_with_a_context_comes_back_from_its_json_as_it_was() -> None:
    spec = a_job_spec(
        commands=[{"run": "a", "env": {"A": "1"}, "continue_on_error": [3]}], context={"matrix": {"n": 1}}
    )
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec
