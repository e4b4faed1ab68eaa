"""What is true of the nodes of workflow runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from core.frozen import quickly_made
from core.lifecycle.workflow import NodeStatus, Outcome, Result

if TYPE_CHECKING:
    from datetime import datetime

    from core.lifecycle.workflow import Reason
    from core.records.job import CancelRequest, Failure

JsonObject: TypeAlias = Mapping[str, object]
"""What JSON has, by name."""


@dataclass(frozen=True, slots=True)
class NodeReason:
    """Why a node did not run, was stopped, or waits; or why a run ended otherwise than by its jobs.

    Attributes:
        code: For programs.
        text: In words, such as the condition with its values; secrets are masked.
        jobs: The jobs, nodes or runs it is about: the needs that were not met, the variant that failed, the holder.
    """

    code: Reason
    text: str = ""
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeCounts:
    """How many nodes of an attempt stand where.

    Attributes:
        waiting: Not started, or between two tries.
        running: A job runs or is queued for them.
        success: Succeeded.
        tolerated: Failed or timed out, and count as success.
        failed: Failed.
        timed_out: Ran past their time.
        cancelled: Were stopped, or not started any more.
        skipped: Did not have to run.
    """

    waiting: int = 0
    running: int = 0
    success: int = 0
    tolerated: int = 0
    failed: int = 0
    timed_out: int = 0
    cancelled: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.finished + self.waiting + self.running

    @property
    def finished(self) -> int:
        """Those that have ended."""
        return self.success + self.tolerated + self.failed + self.timed_out + self.cancelled + self.skipped


@dataclass(frozen=True, slots=True)
class NodeVariant:
    """Which variant of a matrix job a node is.

    Attributes:
        index: Its position in the expansion, from 0.
        total: How many there are.
        values: Of the matrix.
    """

    index: int
    total: int
    values: JsonObject = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class NodeCondition:
    """Why a node ran or did not.

    Attributes:
        text: The condition, as it is evaluated.
        expanded: The same with the values it met and what it came to; secrets are masked.
    """

    text: str
    expanded: str = ""


@quickly_made
@dataclass(frozen=True, slots=True)
class NodeTry:
    """One try at a node: a job of its own.

    Attributes:
        number: From 1.
        job_id: The job.
        started_at: When it was submitted.
        finished_at: When it ended.
        outcome: How it ended; None while it is under way.
        exit_code: Of the job.
        failure_kind: Why it did not succeed.
    """

    number: int
    job_id: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: Outcome | None = None
    exit_code: int | None = None
    failure_kind: str = ""


@dataclass(frozen=True, slots=True)
class KeptFrom:
    """The attempt whose result a node has without having run.

    Attributes:
        attempt: Of the run; 0 for a result that somebody gave by hand.
        job_id: The job that ran then, if one did.
        why: In words, such as ``its definition is unchanged``.
        by: Who gave the result by hand; empty otherwise.
    """

    attempt: int
    job_id: str | None = None
    why: str = ""
    by: str = ""


@quickly_made
@dataclass(frozen=True, slots=True)
class WorkflowNode:
    """A job of a run, or one variant of it, in one attempt of the run.

    Attributes:
        workflow_id: The run.
        attempt: Of the run.
        node_id: The variant's id, or the job's where there is no matrix.
        job: The job's id in the file.
        name: For people.
        position: Of the job in the run's order, from 0.
        variant: Which variant it is; None without a matrix, and before a matrix is expanded.
        is_finally: Whether it runs after all others.
        needs: Ids of the jobs and nodes it waits for.
        status: Where it stands.
        version: The run's version when it last changed.
        outcome: How it ended, before tolerance.
        result: What others see.
        reason: Why it waits, was skipped or was stopped.
        condition: What decided whether it runs.
        failure: Why it did not succeed.
        exit_code: Of the last try.
        job_id: The job that runs it; named before that job exists.
        tries: All its tries, the present one last.
        retry_at: When the next try is due.
        started_at: When its first try was submitted.
        finished_at: When it reached a terminal status.
        outputs: That were published.
        artifacts: How many files were kept.
        tail: The last lines of a failure.
        warnings: What a reader should know although it went on.
        fingerprint: SHA-256 of everything its result depends on; empty before that is known.
        fingerprint_parts: Beginnings of the parts' hashes, to say what changed.
        kept_from: Where its result is from if it did not run in this attempt.
        cancel: The request to stop this node alone.
    """

    workflow_id: str
    attempt: int
    node_id: str
    job: str
    status: NodeStatus = NodeStatus.WAITING
    version: int = 1
    name: str = ""
    position: int = 0
    variant: NodeVariant | None = None
    is_finally: bool = False
    needs: tuple[str, ...] = ()
    outcome: Outcome | None = None
    result: Result | None = None
    reason: NodeReason | None = None
    condition: NodeCondition | None = None
    failure: Failure | None = None
    exit_code: int | None = None
    job_id: str | None = None
    tries: tuple[NodeTry, ...] = ()
    retry_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    artifacts: int = 0
    tail: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    fingerprint: str = ""
    fingerprint_parts: Mapping[str, str] = field(default_factory=dict[str, str])
    kept_from: KeptFrom | None = None
    cancel: CancelRequest | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the status is terminal."""
        return self.status.is_terminal

    @property
    def is_tolerated(self) -> bool:
        """Whether it failed and counts as success."""
        return self.result is Result.SUCCESS and self.outcome is not None and self.outcome.is_bad


@dataclass(frozen=True, slots=True)
class NodeRef:
    """The node that a job runs.

    Attributes:
        workflow_id: The run.
        node_id: The node.
        attempt: Of the run.
    """

    workflow_id: str
    node_id: str
    attempt: int = 1
