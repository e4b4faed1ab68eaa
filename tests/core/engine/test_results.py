"""What a job left behind, read without trusting it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.results import (
    Ask,
    ProgramNotes,
    StepTrack,
    broken_off,
    first_failure,
    read_notes,
    settle_steps,
    step_outcomes,
)
from core.records.job import StepResult, Usage
from core.testing.clock import START
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.records.job import StepStatus

END = START + timedelta(seconds=60)


def settled(
    notes: ProgramNotes,
    *,
    exit_code: int = 0,
    success: Collection[int] = (0,),
    broken_off_as: StepStatus = "failed",
    commands: Sequence[Any] = ("a", "b"),
) -> list[tuple[str, int | None, float | None, float | None]]:
    steps = settle_steps(
        [StepResult(0, "a"), StepResult(1, "b")],
        notes,
        a_job_spec(commands=commands, success_exit_codes=success),
        container_started_at=START,
        container_finished_at=END,
        exit_code=exit_code,
        broken_off_as=broken_off_as,
    )

    def seconds(step: StepResult) -> tuple[str, int | None, float | None, float | None]:
        began = (step.started_at - START).total_seconds() if step.started_at else None
        ended = (step.finished_at - START).total_seconds() if step.finished_at else None
        return step.status, step.exit_code, began, ended

    return [seconds(step) for step in steps]


# --- notes


def test_the_notes_of_a_whole_run_are_read() -> None:
    notes = read_notes(
        b"s 100.00\nb 0 100.01\ne 0 0 101.50\nb 1 101.51\nt 102.00\ne 1 143 102.10\nx 143\n"
        b"u memory 4096\nu cpu_ns 2500000000\nu rx 10\nu tx 20\nu rx 1\n"
    )
    assert notes == ProgramNotes(
        began=100.0,
        steps={0: StepTrack(100.01, 101.5, 0), 1: StepTrack(101.51, 102.1, 143)},
        exit_code=143,
        terminated=102.0,
        interrupted=1,
        usage=Usage(2.5, 4096, 11, 20, exact=True),
    )


def test_cpu_time_is_read_from_either_kind_of_cgroup() -> None:
    assert read_notes(b"u cpu_us 1500000\n").usage == Usage(1.5, None, None, None, exact=True)
    assert read_notes(b"u memory 1\n").usage == Usage(None, 1, None, None, exact=True)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"b 0",
        b"b x 1.00",
        b"b 0 1.0",
        b"b 0 1.000",
        b"b -1 1.00",
        b"b 1000 1.00",
        b" b 0 1.00",
        b"b 0 1.00 ",
        b"b 0 1.00\r",
        b"b 0 inf",
        b"b 1.00",
        b"e 0 0 1.00",
        b"e 0 1.00",
        b"x -1",
        b"x 1000",
        b"x 1 2",
        b"u Memory 1",
        b"u memory -1",
        b"u memory 9999999999999999999",
        b"b 0 1\xb2.00",
        b"\xff\xfe",
        b"z 1.00",
    ],
)
def test_a_line_that_is_not_of_the_grammar_is_passed_over(line: bytes) -> None:
    assert read_notes(line + b"\n") == ProgramNotes()


def test_forged_figures_stay_within_what_the_store_can_hold() -> None:
    usage = read_notes(b"u rx 999999999999999999\n" * 1000 + b"u memory 5\nu memory 7\n").usage
    assert usage is not None
    assert usage.network_rx_bytes == 2**63 - 1
    assert usage.peak_memory_bytes == 7


@given(st.binary())
def test_no_bytes_break_the_reading_of_notes(data: bytes) -> None:
    read_notes(data)


@given(
    st.lists(
        st.sampled_from(
            [
                "s 1.00",
                "b 0 2.00",
                "b 1 3.00",
                "a 1 s 1.00",
                "r 0 1 1.00",
                "f 1 env 1",
                "q 0",
                "e 0 0 999999999.99",
                "e 1 7 0.00",
                "x 999",
                "t 1.00",
            ]
        )
    )
)
def test_no_order_of_notes_breaks_the_account(lines: list[str]) -> None:
    statuses = [status for status, *_ in settled(read_notes("\n".join(lines).encode()))]
    assert set(statuses) <= {"success", "failed", "skipped"}


def test_what_became_of_a_step_besides_is_read() -> None:
    notes = read_notes(
        b"s 1.00\nb 0 1.00\nr 0 3 1.10\nr 0 3 1.20\ne 0 0 1.30\nb 1 1.40\nf 1 env 7\ne 1 1 1.50\nq 1\na 2 f 1.60\n"
    )
    assert (notes.steps[0].tries, notes.steps[1].fault, notes.ended_early) == (3, "env", 1)
    assert notes.ask == Ask(2, "f")


@pytest.mark.parametrize(("after", "ask"), [(b"", Ask(1, "s")), (b"b 1 2.00\n", None), (b"x 0\n", None)])
def test_a_question_is_open_until_a_step_begins_or_all_is_over(after: bytes, ask: Ask | None) -> None:
    assert read_notes(b"b 0 1.00\ne 0 0 1.00\na 1 s 1.50\n" + after).ask == ask


# --- steps


def test_a_tolerated_failure_is_a_success_with_another_outcome() -> None:
    notes = read_notes(b"s 1.00\nb 0 1.00\ne 0 3 1.00\nb 1 1.00\ne 1 0 2.00\n")
    spec = a_job_spec(commands=[{"run": "a", "continue_on_error": True}, "b"])
    assert step_outcomes(notes, spec) == {0: ("success", "failure"), 1: ("success", "success")}
    assert settled(notes, commands=spec.commands)[0][:2] == ("success", 3)
    assert first_failure(notes, spec) is None


def test_of_several_failures_the_first_is_blamed_and_of_a_stop_the_step_that_ran() -> None:
    data = b"s 1.00\nb 0 1.00\ne 0 3 1.00\nb 1 1.00\nt 1.00\ne 1 143 1.00\nx 3\n"
    notes, spec = read_notes(data), a_job_spec(commands=["a", "b"])
    assert (first_failure(notes, spec), broken_off(notes, spec)) == (0, 1)
    assert [status for status, *_ in settled(notes, exit_code=3, broken_off_as="cancelled")] == ["failed", "cancelled"]


def test_a_stop_while_no_step_ran_breaks_none_off() -> None:
    assert broken_off(read_notes(b"b 0 1.00\ne 0 3 1.00\nt 1.00\n"), a_job_spec(commands=["a"])) is None


def test_a_step_takes_its_own_code_and_its_times_relative_to_the_containers_start() -> None:
    notes = read_notes(b"s 100.00\nb 0 100.50\ne 0 0 102.00\nb 1 102.00\ne 1 3 103.25\nx 3\n")
    assert settled(notes, exit_code=3) == [("success", 0, 0.5, 2.0), ("failed", 3, 2.0, 3.25)]


def test_a_step_without_an_end_takes_the_containers() -> None:
    notes = read_notes(b"s 100.00\nb 0 101.00\n")
    assert settled(notes, exit_code=9) == [("failed", 9, 1.0, 60.0), ("skipped", None, None, None)]
    assert settled(notes, exit_code=0)[0] == ("success", 0, 1.0, 60.0)


def test_a_step_whose_end_is_missing_ended_well_if_the_next_one_began() -> None:
    notes = read_notes(b"s 100.00\nb 0 101.00\nb 1 104.00\ne 1 3 105.00\n")
    assert settled(notes, exit_code=3) == [("success", 0, 1.0, 4.0), ("failed", 3, 4.0, 5.0)]


def test_a_step_that_the_next_one_followed_succeeded_whatever_counts_as_the_jobs_success() -> None:
    notes = read_notes(b"s 100.00\nb 0 101.00\ne 0 0 102.00\nb 1 102.00\ne 1 3 103.00\n")
    assert [status for status, *_ in settled(notes, exit_code=3, success=[3])] == ["success", "success"]


def test_a_step_that_began_after_the_containers_end_by_its_clock_ends_when_it_began() -> None:
    assert settled(read_notes(b"s 100.00\nb 0 199.00\n"))[0] == ("success", 0, 99.0, 99.0)


def test_a_step_that_was_broken_off_says_by_what() -> None:
    notes = read_notes(b"s 1.00\nb 0 1.00\ne 0 143 2.00\nx 143\n")
    assert settled(notes, exit_code=143, broken_off_as="cancelled")[0][0] == "cancelled"
    assert settled(read_notes(b"s 1.00\nb 0 1.00\n"), exit_code=137, broken_off_as="timed_out")[0][0] == "timed_out"


def test_codes_that_count_as_success_count_for_steps() -> None:
    assert settled(read_notes(b"s 1.00\nb 0 1.00\ne 0 5 2.00\n"), exit_code=5, success=(0, 5))[0][0] == "success"


def test_steps_without_any_notes_never_began() -> None:
    assert [status for status, *_ in settled(ProgramNotes(), exit_code=137)] == ["skipped", "skipped"]


def test_without_the_supervisors_beginning_times_are_the_containers() -> None:
    assert settled(ProgramNotes(steps={0: StepTrack(50.0, 51.0, 0)}))[0] == ("success", 0, 0.0, 0.0)
