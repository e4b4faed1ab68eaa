"""Row to record and back, for workflow runs, their attempts, nodes and audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict

from core.clock import from_microseconds, to_microseconds
from core.lifecycle.workflow import NodeEvent, NodeStatus, Outcome, Result, WorkflowEvent, WorkflowStatus
from core.records.workflow import GroupMember, WorkflowAttempt, WorkflowChange, WorkflowRun
from core.records.workflow_node import WorkflowNode
from core.store import encoding
from core.store import workflow_encoding as code
from core.store.encoding import micros, moment, utf8

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.records.job import Failure
    from core.records.workflow import CriticalNode
    from core.records.workflow_node import JsonObject, KeptFrom, NodeCondition, NodeReason, NodeTry
    from core.records.workflow_service import RunService
    from core.store.queries import SqlValue


class RunFields(TypedDict, total=False):
    """What a change may say about a run beside its status."""

    run_name: str
    started_at: datetime | None
    deadline_at: datetime | None
    outputs: Mapping[str, str]
    warnings: tuple[JsonObject, ...]
    failure: Failure | None
    reason: NodeReason | None
    critical_path: tuple[CriticalNode, ...]
    max_parallel: int | None
    concurrency_group: str
    services: tuple[RunService, ...]


class NodeFields(TypedDict, total=False):
    """What a change may say about a node beside its status."""

    name: str
    needs: tuple[str, ...]
    outcome: Outcome | None
    result: Result | None
    reason: NodeReason | None
    condition: NodeCondition | None
    failure: Failure | None
    exit_code: int | None
    job_id: str | None
    tries: tuple[NodeTry, ...]
    retry_at: datetime | None
    started_at: datetime | None
    outputs: Mapping[str, str]
    artifacts: int
    tail: tuple[str, ...]
    warnings: tuple[str, ...]
    fingerprint: str
    fingerprint_parts: Mapping[str, str]
    kept_from: KeptFrom | None


class RunRow(NamedTuple):
    """The columns of the view ``workflow_records``, in its order."""

    workflow_id: str
    status: str
    name: str
    run_name: str
    run_number: int
    attempt: int
    version: int
    created_us: int
    finished_us: int | None
    max_parallel: int | None
    concurrency_group: str
    priority: int
    tags: str | None
    rerun_of: str | None
    template: str | None
    attempt_created_us: int
    started_us: int | None
    deadline_us: int | None
    file_name: str
    source_digest: str
    inputs: str | None
    context: str | None
    secrets: str | None
    submitted_by: str
    actor: str
    outputs: str | None
    warnings: str | None
    failure: str | None
    reason: str | None
    critical_path: str | None
    cancel: str | None
    cancel_forced: int
    services: str | None
    counts: str | None


class NodeRow(NamedTuple):
    """The columns of ``workflow_nodes`` that records have, in the order of the statements that read them."""

    workflow_id: str
    attempt: int
    node_id: str
    job: str
    status: str
    version: int
    name: str
    position: int
    variant: str | None
    is_finally: int
    needs: str | None
    outcome: str | None
    result: str | None
    reason: str | None
    condition: str | None
    failure: str | None
    exit_code: int | None
    job_id: str | None
    tries: str | None
    retry_us: int | None
    started_us: int | None
    finished_us: int | None
    outputs: str | None
    artifacts: int
    tail: str | None
    warnings: str | None
    fingerprint: str
    fingerprint_parts: str | None
    kept_from: str | None
    cancel: str | None


def run_from_row(row: tuple[Any, ...]) -> WorkflowRun:
    """A run from a row of ``workflow_records``."""
    found = RunRow(*row)
    return WorkflowRun(
        workflow_id=found.workflow_id,
        name=found.name,
        status=WorkflowStatus(found.status),
        version=found.version,
        created_at=from_microseconds(found.created_us),
        run_name=found.run_name,
        run_number=found.run_number,
        file_name=found.file_name,
        source_digest=found.source_digest,
        attempt=found.attempt,
        attempt_created_at=from_microseconds(found.attempt_created_us),
        started_at=moment(found.started_us),
        finished_at=moment(found.finished_us),
        deadline_at=moment(found.deadline_us),
        inputs=code.object_from_json(found.inputs),
        context=code.object_from_json(found.context),
        secrets=code.texts_from_json(found.secrets),
        counts=code.counts_from_json(found.counts),
        outputs=code.object_from_json(found.outputs),
        warnings=code.objects_from_json(found.warnings),
        failure=encoding.failure_from_json(found.failure),
        reason=code.reason_from_json(found.reason),
        critical_path=code.path_from_json(found.critical_path),
        cancel=code.cancel_from_json(found.cancel),
        cancel_forced=bool(found.cancel_forced),
        services=code.run_services_from_json(found.services),
        submitted_by=found.submitted_by,
        actor=found.actor,
        max_parallel=found.max_parallel,
        concurrency_group=found.concurrency_group,
        priority=found.priority,
        tags=code.texts_from_json(found.tags),
        rerun_of=found.rerun_of,
        template=encoding.template_from_json(found.template),
    )


def node_from_row(row: tuple[Any, ...]) -> WorkflowNode:
    """A node from its columns."""
    found = NodeRow(*row)
    return WorkflowNode(
        workflow_id=found.workflow_id,
        attempt=found.attempt,
        node_id=found.node_id,
        job=found.job,
        status=NodeStatus(found.status),
        version=found.version,
        name=found.name,
        position=found.position,
        variant=code.variant_from_json(found.variant),
        is_finally=bool(found.is_finally),
        needs=code.texts_from_json(found.needs),
        outcome=None if found.outcome is None else Outcome(found.outcome),
        result=None if found.result is None else Result(found.result),
        reason=code.reason_from_json(found.reason),
        condition=code.condition_from_json(found.condition),
        failure=encoding.failure_from_json(found.failure),
        exit_code=found.exit_code,
        job_id=found.job_id,
        tries=code.tries_from_json(found.tries),
        retry_at=moment(found.retry_us),
        started_at=moment(found.started_us),
        finished_at=moment(found.finished_us),
        outputs=code.object_from_json(found.outputs),
        artifacts=found.artifacts,
        tail=code.texts_from_json(found.tail),
        warnings=code.texts_from_json(found.warnings),
        fingerprint=found.fingerprint,
        fingerprint_parts=code.object_from_json(found.fingerprint_parts),
        kept_from=code.kept_from_json(found.kept_from),
        cancel=code.cancel_from_json(found.cancel),
    )


def attempt_from_row(row: tuple[Any, ...]) -> WorkflowAttempt:
    """An attempt from the columns of ``list_attempts``."""
    number, status, created_us, started_us, finished_us, digest, by, actor, selection, counts = row
    return WorkflowAttempt(
        number=number,
        status=WorkflowStatus(status),
        created_at=from_microseconds(created_us),
        started_at=moment(started_us),
        finished_at=moment(finished_us),
        source_digest=digest,
        submitted_by=by,
        actor=actor,
        selection=selection,
        counts=code.counts_from_json(counts),
    )


def change_from_row(row: tuple[Any, ...]) -> WorkflowChange:
    """A line of the audit trail from the columns of ``list_changes``."""
    place, at_us, attempt, node_id, event, before, after, by, why = row
    at = from_microseconds(at_us)
    if node_id:
        moved = NodeEvent(event), NodeStatus(before), NodeStatus(after)
        return WorkflowChange(at, attempt, node_id, *moved, by, why, place)
    happened = None if event is None else WorkflowEvent(event)
    stood = None if before is None else WorkflowStatus(before)
    return WorkflowChange(at, attempt, node_id, happened, stood, WorkflowStatus(after), by, why, place)


def member_from_row(row: tuple[Any, ...]) -> GroupMember:
    """A member of a concurrency group from the columns of ``list_members``."""
    group, workflow_id, node_id, is_holder, since_us = row
    return GroupMember(group, workflow_id, node_id, bool(is_holder), from_microseconds(since_us))


def attempt_values(run: WorkflowRun) -> dict[str, SqlValue]:
    """What may change about a run's present attempt, as values of ``update_attempt``."""
    return {
        "workflow_id": run.workflow_id,
        "number": run.attempt,
        "status": run.status,
        "started_us": micros(run.started_at),
        "finished_us": micros(run.finished_at),
        "deadline_us": micros(run.deadline_at),
        "outputs": code.object_to_json(run.outputs),
        "warnings": code.objects_to_json(run.warnings),
        "failure": encoding.failure_to_json(run.failure),
        "reason": code.reason_to_json(run.reason),
        "critical_path": code.path_to_json(run.critical_path),
        "cancel": code.cancel_to_json(run.cancel),
        "cancel_forced": run.cancel_forced,
        "services": code.run_services_to_json(run.services),
    }


def first_node_values(node: WorkflowNode) -> dict[str, SqlValue]:
    """What never changes about a node, and how it begins, as values of ``insert_node``."""
    return {
        **node_values(node),
        "job": utf8(node.job),
        "position": node.position,
        "variant": code.variant_to_json(node.variant),
        "is_finally": node.is_finally,
    }


def node_values(node: WorkflowNode) -> dict[str, SqlValue]:
    """What may change about a node, as values of ``update_node``."""
    return {
        **node_course_values(node),
        "name": utf8(node.name),
        "needs": code.texts_to_json(node.needs),
        "condition": code.condition_to_json(node.condition),
        "fingerprint": node.fingerprint,
        "fingerprint_parts": code.object_to_json(node.fingerprint_parts),
        "kept_from": code.kept_to_json(node.kept_from),
        "cancel": code.cancel_to_json(node.cancel),
    }


NODE_COURSE: Final = frozenset(
    {
        *("status", "version", "outcome", "result", "reason", "failure", "exit_code", "job_id", "tries", "retry_at"),
        *("started_at", "finished_at", "outputs", "artifacts", "tail", "warnings"),
    }
)
"""The fields that `node_course_values` holds."""


def node_course_values(node: WorkflowNode) -> dict[str, SqlValue]:
    """How a node goes, as values of ``update_node_course``."""
    return {
        "workflow_id": node.workflow_id,
        "attempt": node.attempt,
        "node_id": utf8(node.node_id),
        "status": node.status,
        "version": node.version,
        "outcome": node.outcome,
        "result": node.result,
        "reason": code.reason_to_json(node.reason),
        "failure": encoding.failure_to_json(node.failure),
        "exit_code": node.exit_code,
        "job_id": node.job_id,
        "tries": code.tries_to_json(node.tries),
        "retry_us": micros(node.retry_at),
        "started_us": micros(node.started_at),
        "finished_us": micros(node.finished_at),
        "outputs": code.object_to_json(node.outputs),
        "artifacts": node.artifacts,
        "tail": code.texts_to_json(node.tail),
        "warnings": code.texts_to_json(node.warnings),
    }


def change_values(workflow_id: str, change: WorkflowChange) -> dict[str, SqlValue]:
    """The values of ``insert_change``."""
    return {
        "workflow_id": workflow_id,
        "at_us": to_microseconds(change.at),
        "attempt": change.attempt,
        "node_id": utf8(change.node_id),
        "event": change.event,
        "before": change.before,
        "after": change.after,
        "by": utf8(change.by),
        "why": utf8(change.why),
    }
