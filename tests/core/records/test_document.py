"""A settled record as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from core.lifecycle.job import JobPhase, JobStatus
from core.records.artifact import Artifact
from core.records.document import job_document
from core.records.job import Attempt, CancelRequest, Failure, FailureKind, Job, StepResult, Usage
from core.records.service import ServiceResult
from core.testing.clock import START
from core.testing.factories import a_job, a_job_spec

if TYPE_CHECKING:
    from core.spec.job import CleanupPolicy

_KEYS = {
    "job_id", "status", "name", "image", "created_at", "started_at", "finished_at", "exit_code", "failure", "steps",
    "artifacts", "services", "attempt", "cleanup", "usage", "tags", "workflow", "spec", "version", "outputs",
    "warnings", "image_digest", "log", "cancel_requested_at", "submitted_by", "rerun_of", "template",
}  # fmt: skip
_NULL_AT_FIRST = {
    "name", "started_at", "finished_at", "exit_code", "failure", "cleanup", "usage", "workflow", "image_digest", "log",
    "cancel_requested_at", "rerun_of", "template",
}  # fmt: skip


def an_ended_job(**changes: object) -> Job:
    attempt = Attempt(
        2,
        JobPhase.DONE,
        "orcaops-2",
        image_digest="sha256:abc",
        steps=(StepResult(0, "one", "success", 0, START, START + timedelta(seconds=1), 1, 2),),
        usage=Usage(cpu_seconds=0.5, exact=True),
        services=(
            ServiceResult("db", "postgres:15", "orcaops-2-db", "ready", None, START, START + timedelta(seconds=2)),
        ),
    )
    fields: dict[str, object] = {
        "status": JobStatus.FAILED,
        "finished_at": START + timedelta(seconds=2),
        "attempt": attempt,
        "attempt_number": 2,
        "exit_code": 3,
        "failure": Failure(FailureKind.EXIT, "It exited with 3.", step=0),
        "cancel": CancelRequest(START, "cli", "why", None),
    }
    return a_job(**fields | changes)


def test_every_key_is_there_and_absent_facts_are_null() -> None:
    fresh = job_document(a_job())
    assert fresh.keys() == job_document(an_ended_job()).keys() == _KEYS
    assert {key for key, value in fresh.items() if value is None} == _NULL_AT_FIRST


def test_it_begins_with_the_id_and_is_json_with_times_in_utc() -> None:
    job = an_ended_job()
    artifact = Artifact("out.txt", "kept", 5, "ab", "text/plain", "out.*", attempt=2)
    document = job_document(job, [artifact, Artifact("gone", "missing", note="nothing is there")])
    assert next(iter(document)) == "job_id"
    assert json.loads(json.dumps(document)) == document
    assert document["finished_at"] == "2026-01-01T00:00:02.000Z"
    assert document["cancel_requested_at"] == "2026-01-01T00:00:00.000Z"
    assert document["steps"][0]["finished_at"] == "2026-01-01T00:00:01.000Z"
    assert document["services"] == [
        {
            "id": "db", "image": "postgres:15", "status": "ready", "ready_after_s": 2.0, "exit_code": None,
            "container": "orcaops-2-db", "image_digest": None, "message": None,
        }
    ]  # fmt: skip
    assert document["failure"] == {
        "kind": "exit", "message": "It exited with 3.", "hint": None, "retryable": False, "step": 0
    }  # fmt: skip
    assert [(item["path"], item["size"], item["sha256"]) for item in document["artifacts"]] == [
        ("out.txt", 5, "ab"),
        ("gone", None, None),
    ]


@pytest.mark.parametrize(
    ("policy", "status", "said"),
    [
        ("remove_on_completion", JobStatus.FAILED, "removed"),
        ("keep", JobStatus.SUCCESS, "kept"),
        ("keep", JobStatus.CANCELLED, "kept"),
        ("keep_on_failure", JobStatus.FAILED, "kept"),
        ("keep_on_failure", JobStatus.TIMED_OUT, "kept"),
        ("keep_on_failure", JobStatus.SUCCESS, "removed"),
        ("keep_on_failure", JobStatus.CANCELLED, "removed"),
    ],
)
def test_it_says_what_became_of_the_container(policy: CleanupPolicy, status: JobStatus, said: str) -> None:
    spec = a_job_spec(cleanup=policy)
    assert job_document(an_ended_job(spec=spec, status=status))["cleanup"] == said
    unsettled = an_ended_job(spec=spec, status=status, attempt=Attempt(1, JobPhase.REMOVING, "orcaops-1"))
    assert job_document(unsettled)["cleanup"] == "pending"
    assert not unsettled.is_settled


def test_a_job_that_ended_in_the_line_is_settled() -> None:
    assert a_job(status=JobStatus.CANCELLED).is_settled
    assert not a_job().is_settled
    assert an_ended_job().is_settled
