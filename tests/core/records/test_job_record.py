"""A job's record as a value."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from core.lifecycle.job import JobStatus
from core.records.job import FailureKind
from core.testing.factories import a_job


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_is_finished_when_its_status_is_terminal(status: JobStatus) -> None:
    assert a_job(status=status).is_finished is status.is_terminal


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        a_job().status = JobStatus.RUNNING  # pyright: ignore[reportAttributeAccessIssue] -- the test's point


def test_jobs_do_not_share_their_outputs() -> None:
    assert a_job().outputs is not a_job().outputs


@pytest.mark.parametrize("kind", FailureKind)
def test_a_cause_is_spelled_on_the_wire_as_its_name(kind: FailureKind) -> None:
    assert kind.value == kind.name.lower()
