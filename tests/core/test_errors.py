"""Every error says what happened, what to do, and whether trying again helps."""

from __future__ import annotations

import re

import pytest

import core.errors as tree
from core.errors import ContainerStartError, Finding, JobNotFoundError, OrcaOpsError


def children(base: type[OrcaOpsError]) -> list[type[OrcaOpsError]]:
    """The core's own; doors have more, which may have been imported."""
    return [child for child in base.__subclasses__() if child.__module__.startswith("core.errors.")]


def every_error(base: type[OrcaOpsError] = OrcaOpsError) -> list[type[OrcaOpsError]]:
    return [base, *(error for child in children(base) for error in every_error(child))]


ALL = every_error()
LEAVES = [error for error in ALL if not children(error)]


@pytest.mark.parametrize("error", ALL)
def test_an_error_without_words_of_its_own_speaks_in_one_sentence(error: type[OrcaOpsError]) -> None:
    message = error().message
    assert re.fullmatch(r"[A-Z][^\n]*\.", message)
    assert str(error()) == message


@pytest.mark.parametrize("error", ALL)
def test_a_code_is_a_word_that_a_program_can_test(error: type[OrcaOpsError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in ALL]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("error", LEAVES)
def test_each_error_that_is_raised_comes_with_the_next_thing_to_do(error: type[OrcaOpsError]) -> None:
    assert error().hint


def test_what_is_said_where_it_is_raised_stands_instead_of_the_default() -> None:
    error = JobNotFoundError("Gone.", hint="Look elsewhere.", findings=(Finding("job_id", "unknown"),))
    assert (error.message, error.hint, str(error)) == ("Gone.", "Look elsewhere.", "Gone.")
    assert [str(finding) for finding in error.findings] == ["job_id: unknown"]


def test_a_finding_about_the_whole_has_no_place() -> None:
    assert str(Finding("", "too much")) == "too much"


def test_a_failed_start_keeps_the_engines_exit_code() -> None:
    assert ContainerStartError("no such file", exit_code=127).exit_code == 127
    assert ContainerStartError().exit_code is None


def test_only_what_may_pass_by_itself_is_retryable() -> None:
    assert {error.code for error in ALL if error.retryable} == {
        "busy",
        "queue_full",
        "store_busy",
        "engine_unavailable",
        "engine_timeout",
        "registry_unavailable",
        "container_lost",
        "engine_closed",
    }


def test_the_tree_in_the_module_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"(\w+Error)\s+(\w+)$", tree.__doc__ or "", re.MULTILINE)
    leaves = {error.__name__: error.code for error in LEAVES}
    assert leaves.items() <= dict(drawn).items()
    assert {name for name, _ in drawn} <= {error.__name__ for error in ALL}
