from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.ids import is_job_id
from core.lifecycle.job import JobStatus
from core.testing.factories import a_container_request, a_job, a_job_spec


def test_a_spec_is_valid_and_takes_changes() -> None:
    assert a_job_spec().command == ("echo", "hello")
    assert a_job_spec(timeout_s=5).timeout_s == 5


def test_steps_take_the_place_of_the_command() -> None:
    spec = a_job_spec(commands=["make", "make test"])

    assert spec.command is None
    assert [step.run for step in spec.commands] == ["make", "make test"]


def test_changes_are_checked() -> None:
    with pytest.raises(ValidationError):
        a_job_spec(retries=-1)


def test_jobs_have_ids_of_their_own() -> None:
    first, second = a_job(), a_job(status=JobStatus.RUNNING)

    assert is_job_id(first.job_id)
    assert first.job_id != second.job_id
    assert second.status is JobStatus.RUNNING


def test_requests_have_names_of_their_own() -> None:
    assert a_container_request().name != a_container_request(argv=("true",)).name
