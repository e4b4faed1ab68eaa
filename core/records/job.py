"""What is true of a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from core.frozen import quickly_made
from core.lifecycle.job import JOB_LIFECYCLE, JobPhase, JobStatus
from core.records.log import LogSummary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.lifecycle.job import JobEvent
    from core.records.service import ServiceResult
    from core.records.template import TemplateUse
    from core.records.workflow_node import NodeRef
    from core.spec.job import JobSpec


class FailureKind(StrEnum):
    """The honest cause of a job's end, beside its status."""

    EXIT = "exit"
    """The process ended by itself with an exit code that is not success; 124 and 137 are no exception."""
    TIMEOUT = "timeout"
    OOM = "oom"
    """The kernel killed it for exceeding its memory limit."""
    DISK_LIMIT = "disk_limit"
    """It wrote more into its container than it may, or most where the disk was nearly full."""
    SIGNAL = "signal"
    """Somebody else killed it: an operator, or the container engine going down."""
    START_ERROR = "start_error"
    """The command does not exist in the image or may not be executed."""
    IMAGE_NOT_FOUND = "image_not_found"
    REGISTRY_AUTH = "registry_auth"
    REGISTRY_UNAVAILABLE = "registry_unavailable"
    IMAGE_PULL_FAILED = "image_pull_failed"
    SERVICE = "service"
    ARTIFACT = "artifact"
    OUTPUT = "output"
    """A promised output is missing, or the outputs file is malformed."""
    EXPRESSION = "expression"
    POLICY = "policy"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    CONTAINER_LOST = "container_lost"
    """It is gone, or the container engine ended it by going down itself."""
    TAMPERED = "tampered"
    """Somebody else started the container again: what is known of it is of more than one run."""
    INTERNAL = "internal"
    """A fault of OrcaOps itself; its log has the traceback under the id in the message."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job or an attempt did not succeed.

    Attributes:
        kind: The cause.
        message: One sentence for a person or an agent.
        hint: What to do next; may be empty.
        retryable: Whether the same job may succeed if run again unchanged.
        step: The step (from 0) it happened in, if any.
    """

    kind: FailureKind
    message: str
    hint: str = ""
    retryable: bool = False
    step: int | None = None


StepStatus = Literal["pending", "running", "success", "failed", "timed_out", "cancelled", "skipped"]

StepOutcome = Literal["success", "failure", "timed_out", "cancelled", "skipped"]
"""How a step ended before its failure was tolerated."""


@quickly_made
@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step.

    Attributes:
        index: From 0.
        title: Its name or first line.
        status: ``skipped`` if it never began; ``success`` also after a failure that was tolerated.
        exit_code: Of the step, once it has ended.
        started_at: When it began.
        finished_at: When it ended.
        first_line: The first log line of the step; None if it printed nothing or has not begun.
        last_line: The last log line of the step.
        outcome: How it ended, tolerated or not; None until it has.
        attempts: How often it was tried; 0 if it never began.
        outputs: What it wrote to ``$ORCAOPS_OUTPUT``.
        summary: The Markdown it wrote to ``$ORCAOPS_STEP_SUMMARY``, as far as it is kept.
        reason: Why it was skipped.
        answer: What was answered when its turn came, and to which question; empty for one that never had to ask.
    """

    index: int
    title: str
    status: StepStatus = "pending"
    exit_code: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    first_line: int | None = None
    last_line: int | None = None
    outcome: StepOutcome | None = None
    attempts: int = 0
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    summary: str = ""
    reason: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an attempt used, as far as it was measured.

    Attributes:
        cpu_seconds: CPU time over all cores.
        peak_memory_bytes: Highest memory use seen.
        network_rx_bytes: Received, over the container's life until the last sample.
        network_tx_bytes: Sent.
        exact: True when read inside the container at its end, False when sampled from outside.
    """

    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    network_rx_bytes: int | None = None
    network_tx_bytes: int | None = None
    exact: bool = False


@quickly_made
@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a job, in one container.

    Attributes:
        number: From 1.
        phase: How far it has come.
        container_name: A function of home, job and number, so that creating it is repeatable.
        container_id: Docker's id, once created.
        image_digest: Digest or id of the image that ran.
        token: 128 random bits in hexadecimal that mark this attempt's step lines.
        started_at: When the container started, by Docker's clock.
        finished_at: When it ended, by Docker's clock.
        deadline_at: When its time limit passes.
        timeout_fired_at: When the engine decided to stop it for its time limit.
        exit_code: Of the container.
        failure: Why it did not succeed.
        steps: Its steps.
        usage: What it used.
        log: What was kept of its output.
        services: The containers beside it, in the order of the spec.
    """

    number: int
    phase: JobPhase
    container_name: str
    container_id: str | None = None
    image_digest: str | None = None
    token: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    timeout_fired_at: datetime | None = None
    exit_code: int | None = None
    failure: Failure | None = None
    steps: tuple[StepResult, ...] = ()
    usage: Usage | None = None
    log: LogSummary = field(default_factory=LogSummary)
    services: tuple[ServiceResult, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Somebody asked for a job to stop.

    Attributes:
        at: When.
        by: Who: ``mcp``, ``cli``, ``api``, ``engine`` or a name.
        reason: Why, in their words.
        grace_s: From SIGTERM to SIGKILL; None takes the job's own.
    """

    at: datetime
    by: str
    reason: str
    grace_s: float | None


@quickly_made
@dataclass(frozen=True, slots=True)
class Job:
    """A job, as the store has it.

    Attributes:
        job_id: Its id.
        spec: What was asked, with the defaults that applied.
        status: Where it stands.
        version: Grows by one with every change.
        created_at: When it was accepted.
        queued_at: When it last joined the queue.
        started_at: When its first attempt started.
        finished_at: When it reached a terminal status.
        not_before: A retry waits until then.
        attempt: The present or last attempt; None before the first.
        attempt_number: Its number; 0 before the first.
        exit_code: Of the last attempt's container, or of its failing step.
        failure: The cause when the status is failed or timed_out.
        outputs: What it wrote to ``$ORCAOPS_OUTPUT``.
        warnings: What a reader should know although the job went on.
        cancel: The request to stop it, if there was one.
        submitted_by: Who submitted it.
        rerun_of: The job it repeats.
        template: The template it was filled from, and with what.
        workflow: The node of a workflow's run that it runs.
    """

    job_id: str
    spec: JobSpec
    status: JobStatus
    version: int
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    not_before: datetime | None = None
    attempt: Attempt | None = None
    attempt_number: int = 0
    exit_code: int | None = None
    failure: Failure | None = None
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()
    cancel: CancelRequest | None = None
    submitted_by: str = "python"
    rerun_of: str | None = None
    template: TemplateUse | None = None
    workflow: NodeRef | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the status is terminal."""
        return self.status in JOB_LIFECYCLE.terminal  # asked for at every event

    @property
    def is_settled(self) -> bool:
        """Whether nothing about it changes any more: it has finished and its container was seen to."""
        return self.is_finished and (self.attempt is None or self.attempt.phase is JobPhase.DONE)

    @property
    def keeps_container(self) -> bool:
        """Whether the container of its last attempt is to stay once the job has finished."""
        policy = self.spec.cleanup
        has_failed = self.status in {JobStatus.FAILED, JobStatus.TIMED_OUT}
        return policy == "keep" or (policy == "keep_on_failure" and has_failed)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One row of a job's audit trail.

    Attributes:
        at: When.
        event: What moved it; None for its creation.
        before: Status before; None for its creation.
        after: Status after.
        by: Who.
        why: In words.
        attempt: The attempt at that time.
    """

    at: datetime
    event: JobEvent | None
    before: JobStatus | None
    after: JobStatus
    by: str
    why: str
    attempt: int


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a queued job stands and why it waits.

    Attributes:
        position: 1 for the next one.
        reason: In words, such as ``waiting for a free slot (4 of 4 jobs running)``.
    """

    position: int
    reason: str
