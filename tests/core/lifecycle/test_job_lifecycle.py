"""The life of a job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalMoveError
from core.lifecycle.job import JOB_LIFECYCLE, JobEvent, JobStatus

_MOVES = {
    ("queued", "start"): "running",
    ("queued", "cancel"): "cancelled",
    ("running", "succeed"): "success",
    ("running", "fail"): "failed",
    ("running", "time_out"): "timed_out",
    ("running", "cancel"): "cancelled",
    ("running", "requeue"): "queued",
}


@pytest.mark.parametrize("event", JobEvent)
@pytest.mark.parametrize("status", JobStatus)
def test_each_event_in_each_status_moves_the_job_as_written_down_or_is_refused(
    status: JobStatus, event: JobEvent
) -> None:
    expected = _MOVES.get((status.value, event.value))
    if expected is not None:
        assert JOB_LIFECYCLE.next_status(status, event) == expected
    else:
        with pytest.raises(IllegalMoveError, match=f"A job that is {status} cannot {event}"):
            JOB_LIFECYCLE.next_status(status, event)


def test_a_job_begins_in_the_queue() -> None:
    assert JOB_LIFECYCLE.initial is JobStatus.QUEUED


@pytest.mark.parametrize("status", JobStatus)
def test_only_the_four_ends_are_terminal(status: JobStatus) -> None:
    assert status.is_terminal is (status in {"success", "failed", "timed_out", "cancelled"})


@given(st.lists(st.sampled_from(JobEvent), max_size=30))
def test_however_it_is_pushed_a_job_never_leaves_its_end(events: list[JobEvent]) -> None:
    status, ended = JOB_LIFECYCLE.initial, False
    for event in events:
        if status in JOB_LIFECYCLE.sources(event):
            assert not ended
            status = JOB_LIFECYCLE.next_status(status, event)
            ended = status.is_terminal


def test_every_status_can_be_reached() -> None:
    assert {JOB_LIFECYCLE.initial, *JOB_LIFECYCLE.moves.values()} == set(JobStatus)
