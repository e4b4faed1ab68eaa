"""What is true of a workflow's run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.frozen import quickly_made
from core.records.workflow_node import NodeCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.lifecycle.workflow import NodeEvent, NodeStatus, WorkflowEvent, WorkflowStatus
    from core.records.job import CancelRequest, Failure
    from core.records.template import TemplateUse
    from core.records.workflow_node import JsonObject, NodeReason
    from core.records.workflow_service import RunService


@dataclass(frozen=True, slots=True)
class WorkflowSource:
    """What an attempt of a run was made from; enough to plan it again after a crash.

    Attributes:
        file_name: The file, as it was called; empty for a text that came without one.
        text: Its text, as it was submitted.
        digest: SHA-256 of the text, in hexadecimal.
        files: Texts of the files it calls, by their paths.
        spec: Its canonical form as plain data.
    """

    file_name: str
    text: str
    digest: str
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    spec: JsonObject = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class CriticalNode:
    """A node on the longest way through a run.

    Attributes:
        node_id: The node.
        duration_s: From its start to its end.
    """

    node_id: str
    duration_s: float


@quickly_made
@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A workflow's run with its present attempt, as the store has it.

    Attributes:
        workflow_id: Its id.
        name: Of the workflow.
        run_name: What this run is called; the workflow's name if nothing else.
        run_number: Counts the runs of workflows of this name, from 1; no number comes twice.
        status: Where the present attempt stands.
        version: Grows with every change of the run or of one of its nodes.
        created_at: When the run was accepted.
        file_name: Of the present attempt's source.
        source_digest: SHA-256 of the present attempt's text.
        attempt: The present attempt; a rerun begins the next one.
        attempt_created_at: When that was accepted.
        started_at: When it began to look at its nodes.
        finished_at: When it reached a terminal status.
        deadline_at: When its time limit passes.
        inputs: Typed, with the defaults that applied.
        context: What expressions see of the surroundings: ``github``, ``vars`` and the like. No secret is in it.
        secrets: Names of the secrets it may use.
        counts: How its nodes stand.
        outputs: Of the workflow, once it has ended.
        warnings: Findings of its file and of the run, as JSON objects with at least ``message``.
        failure: What kept every job from running, or went wrong beside the jobs.
        reason: Why it ended otherwise than by its jobs: cancelled, superseded, timeout.
        critical_path: The longest way through it, once it has ended.
        cancel: The request to stop it, if there was one.
        cancel_forced: Whether nothing may finish in peace any more.
        services: What its jobs share, once that was asked for.
        submitted_by: The door that the attempt came through: ``mcp``, ``cli``, ``api``, ``python``.
        actor: Who asked, as far as is known.
        max_parallel: As many of its jobs run at once; None leaves it to the engine.
        concurrency_group: The group the run is in; empty for none.
        priority: Of its jobs in the engine's line.
        tags: To find it by.
        rerun_of: The run that it repeats as a run of its own.
        template: The template it was made of.
    """

    workflow_id: str
    name: str
    status: WorkflowStatus
    version: int
    created_at: datetime
    run_name: str = ""
    run_number: int = 1
    file_name: str = ""
    source_digest: str = ""
    attempt: int = 1
    attempt_created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    inputs: JsonObject = field(default_factory=dict[str, object])
    context: JsonObject = field(default_factory=dict[str, object])
    secrets: tuple[str, ...] = ()
    counts: NodeCounts = field(default_factory=NodeCounts)
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[JsonObject, ...] = ()
    failure: Failure | None = None
    reason: NodeReason | None = None
    critical_path: tuple[CriticalNode, ...] = ()
    cancel: CancelRequest | None = None
    cancel_forced: bool = False
    services: tuple[RunService, ...] = ()
    submitted_by: str = "python"
    actor: str = ""
    max_parallel: int | None = None
    concurrency_group: str = ""
    priority: int = 0
    tags: tuple[str, ...] = ()
    rerun_of: str | None = None
    template: TemplateUse | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the present attempt has ended."""
        return self.status.is_terminal


@dataclass(frozen=True, slots=True)
class WorkflowAttempt:
    """One attempt of a run, among all of them.

    Attributes:
        number: From 1.
        status: How it ended, or where it stands.
        created_at: When it was accepted.
        started_at: When it began to look at its nodes.
        finished_at: When it ended.
        source_digest: SHA-256 of the text it ran.
        submitted_by: The door it came through.
        actor: Who asked.
        selection: What was to run again, in the words of the request, such as ``failed``; empty for the first one.
        counts: How its nodes stand.
    """

    number: int
    status: WorkflowStatus
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    source_digest: str
    submitted_by: str
    actor: str
    selection: str
    counts: NodeCounts


@quickly_made
@dataclass(frozen=True, slots=True)
class WorkflowChange:
    """One row of a run's audit trail.

    Attributes:
        at: When.
        attempt: Of the run.
        node_id: The node that moved; empty for the run itself.
        event: What moved it; None where an attempt begins.
        before: Status before; None where an attempt begins.
        after: Status after.
        by: Who.
        why: In words.
        place: In the run's trail, from 1; 0 for one that was not read from there.
    """

    at: datetime
    attempt: int
    node_id: str
    event: WorkflowEvent | NodeEvent | None
    before: WorkflowStatus | NodeStatus | None
    after: WorkflowStatus | NodeStatus
    by: str
    why: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Who holds a concurrency group or waits for it.

    Attributes:
        group: Its name, in the form in which names are compared.
        workflow_id: The run.
        node_id: The node; empty when it is the run itself.
        is_holder: Whether it has the group.
        since: When it came.
    """

    group: str
    workflow_id: str
    node_id: str
    is_holder: bool
    since: datetime
