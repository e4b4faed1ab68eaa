"""Valid things with one call; a test names only what it is about."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from typing import Any, Final

from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB, ContainerRequest
from core.ids import new_job_id, new_workflow_id
from core.lifecycle.job import JobStatus
from core.lifecycle.workflow import WorkflowStatus
from core.records.job import Job
from core.records.workflow import WorkflowRun, WorkflowSource
from core.records.workflow_node import WorkflowNode
from core.spec.job import JobSpec
from core.testing.clock import START

HOME_ID: Final = "home-of-the-tests"
"""The home that made-up containers belong to."""


def a_job_spec(**changes: Any) -> JobSpec:
    """A valid spec: ``echo hello`` in busybox.

    Args:
        changes: Fields of `JobSpec`; `commands` takes the place of the command.

    Raises:
        pydantic.ValidationError: The changes make it invalid.
    """
    command = {} if "commands" in changes else {"command": ("echo", "hello")}
    return JobSpec.model_validate({"image": "busybox:latest", **command, **changes})


def a_job(**changes: Any) -> Job:
    """A job that was just accepted, under an id of its own.

    Args:
        changes: Fields of `Job`.
    """
    job = Job(
        job_id=new_job_id(),
        spec=a_job_spec(),
        status=JobStatus.QUEUED,
        version=1,
        created_at=START,
        queued_at=START,
    )
    return replace(job, **changes)


def a_workflow_run(**changes: Any) -> WorkflowRun:
    """A run of a workflow ``ci`` that was just accepted, under an id of its own.

    Args:
        changes: Fields of `WorkflowRun`.
    """
    run = WorkflowRun(
        workflow_id=new_workflow_id(), name="ci", status=WorkflowStatus.PENDING, version=1, created_at=START
    )
    return replace(run, **changes)


def a_workflow_source(**changes: Any) -> WorkflowSource:
    """A workflow file with one job.

    Args:
        changes: Fields of `WorkflowSource`.
    """
    text = "jobs: {build: {image: busybox, commands: [make]}}"
    source = WorkflowSource("ci.yaml", text, hashlib.sha256(text.encode()).hexdigest(), {}, {"name": "ci"})
    return replace(source, **changes)


def a_node(node_id: str = "build", **changes: Any) -> WorkflowNode:
    """A node that waits, before it has a place in a run.

    Args:
        node_id: Its id, and its job's unless that is among the changes.
        changes: Fields of `WorkflowNode`.
    """
    return replace(WorkflowNode(workflow_id="", attempt=1, node_id=node_id, job=node_id), **changes)


def a_container_request(**changes: Any) -> ContainerRequest:
    """A request for a small container without a network, under a name of its own.

    Args:
        changes: Fields of `ContainerRequest`; `labels` takes the place of all of them.
    """
    job_id = new_job_id()
    request = ContainerRequest(
        name=f"orcaops-test-{secrets.token_hex(8)}",
        image="busybox:latest",
        argv=("echo", "hello"),
        entrypoint=None,
        env={},
        workdir=None,
        user=None,
        labels={LABEL_HOME: HOME_ID, LABEL_JOB: job_id, LABEL_ATTEMPT: "1"},
        network="none",
        init=True,
        cpus=1.0,
        memory_bytes=64 * 1024 * 1024,
        pids=64,
        gpus=0,
        log_bytes=8 * 1024 * 1024,
        log_lines=100_000,
    )
    return replace(request, **changes)
