"""Changing workflow runs: each function is the whole of one transaction's work on one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.clock import to_microseconds
from core.errors import IdempotencyConflictError, IllegalMoveError, QueueFullError, WorkflowNotFinishedError
from core.frozen import replace
from core.lifecycle.workflow import WORKFLOW_LIFECYCLE, WorkflowEvent
from core.records.workflow import WorkflowChange
from core.records.workflow_node import NodeCounts
from core.store import encoding
from core.store import workflow_encoding as code
from core.store.encoding import micros, utf8
from core.store.node_changes import NodeMoves, insert_nodes
from core.store.queries import QueryFile
from core.store.workflow_listing import get_run
from core.store.workflow_rows import RunFields, attempt_values, change_values

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from core.records.job import CancelRequest
    from core.records.workflow import WorkflowRun, WorkflowSource
    from core.records.workflow_node import JsonObject, WorkflowNode
    from core.store.node_changes import NodeMove

_SQL: Final = QueryFile("workflows")
_INSERT_RUN: Final = _SQL.take("insert_run")
_COUNT_LIVE: Final = _SQL.take("count_live_runs")
_TAKE_NUMBER: Final = _SQL.take("take_number")
_INSERT_TAG: Final = _SQL.take("insert_run_tag")
_FIND_KEY: Final = _SQL.take("find_run_key")
_INSERT_KEY: Final = _SQL.take("insert_run_key")
_INSERT_SOURCE: Final = _SQL.take("insert_source")
_INSERT_ATTEMPT: Final = _SQL.take("insert_run_attempt")
_UPDATE_RUN: Final = _SQL.take("update_run")
_ADVANCE_RUN: Final = _SQL.take("advance_run")
_UPDATE_ATTEMPT: Final = _SQL.take("update_run_attempt")
_INSERT_CHANGE: Final = _SQL.take("insert_change")
_SOURCE_ATTEMPT: Final = _SQL.take("source_attempt")


@dataclass(frozen=True, slots=True)
class SubmittedRun:
    """What became of a submit or a rerun of a workflow.

    Attributes:
        run: The run with its present attempt, or as it is now if the same request was made before.
        replayed: Whether the request was made before.
        nodes: The nodes it begins with; none of a repetition.
    """

    run: WorkflowRun
    replayed: bool
    nodes: tuple[WorkflowNode, ...] = ()


@dataclass(frozen=True, slots=True)
class RunKey:
    """What makes a submit or a rerun repeatable.

    Attributes:
        key: The caller's idempotency key; None for none.
        digest: Of the caller's request, to tell a repetition from another request.
    """

    key: str | None = None
    digest: str = ""

    def earlier(self, connection: sqlite3.Connection) -> WorkflowRun | None:
        """The run that the same request made before.

        Raises:
            IdempotencyConflictError: Another request used the key.
        """
        found = None if self.key is None else _FIND_KEY.run(connection, key=self.key).fetchone()
        if found is None:
            return None
        workflow_id, digest = found
        if digest != self.digest:
            raise IdempotencyConflictError(
                f"The idempotency key was used before with another request, which made {workflow_id}."
            )
        return get_run(connection, workflow_id)

    def note(self, connection: sqlite3.Connection, workflow_id: str, created_us: int) -> None:
        """Keep what the key was used for."""
        if self.key is not None:
            _INSERT_KEY.run(
                connection, key=self.key, workflow_id=workflow_id, digest=self.digest, created_us=created_us
            )


@dataclass(frozen=True, slots=True)
class RunSubmission:
    """A run about to be inserted with its first nodes.

    Attributes:
        run: As it will be, but for its number.
        source: What it is made from.
        nodes: Its nodes, all waiting.
        key: Makes it repeatable.
        moves: What happens to its nodes at once: those that are kept of another run.
        most: As many runs may be under way.
    """

    run: WorkflowRun
    source: WorkflowSource
    nodes: Sequence[WorkflowNode]
    key: RunKey
    moves: Sequence[NodeMove] = ()
    most: int | None = None

    def insert(self, connection: sqlite3.Connection) -> SubmittedRun:
        """Do it. See `WorkflowStore.submit`."""
        if earlier := self.key.earlier(connection):
            return SubmittedRun(earlier, replayed=True)
        _insist_on_room(connection, self.most)
        run, created_us = self.run, to_microseconds(self.run.created_at)
        (number,) = _TAKE_NUMBER.run(connection, name=run.name).fetchone()
        _INSERT_RUN.run(
            connection,
            workflow_id=run.workflow_id,
            name=run.name,
            run_name=run.run_name,
            run_number=number,
            created_us=created_us,
            max_parallel=run.max_parallel,
            concurrency_group=run.concurrency_group,
            priority=run.priority,
            tags=code.texts_to_json(run.tags),
            by=run.submitted_by,
            rerun_of=run.rerun_of,
            template=encoding.template_to_json(run.template),
        )
        for tag in dict.fromkeys(run.tags):
            _INSERT_TAG.run(connection, tag=tag, created_us=created_us, workflow_id=run.workflow_id)
        _insert_attempt(connection, run, self.source, selection="", source_attempt=1)
        nodes = insert_nodes(connection, run.workflow_id, 1, 1, self.nodes)
        _INSERT_CHANGE.run(connection, **change_values(run.workflow_id, _beginning(run, run.created_at)))
        nodes = _moved(connection, run, nodes, self.moves, run.created_at)
        self.key.note(connection, run.workflow_id, created_us)
        return SubmittedRun(get_run(connection, run.workflow_id), replayed=False, nodes=nodes)


@dataclass(frozen=True, slots=True)
class RunRepetition:
    """A further attempt of a run, about to begin.

    Attributes:
        workflow_id: The run.
        at: When.
        by: The door that asks.
        actor: Who asks, as far as is known.
        selection: What is to run again, in words.
        nodes: The attempt's nodes, all waiting.
        source: What it is made from; None takes the source of the attempt before.
        inputs: Of this attempt; None takes those of the attempt before.
        context: The same.
        secrets: The same.
        warnings: Findings of the source.
        fields: What else changes about the run.
        key: Makes it repeatable.
        moves: What happens to its nodes at once: those that are kept.
        most: As many runs may be under way.
    """

    workflow_id: str
    at: datetime
    by: str
    actor: str
    selection: str
    nodes: Sequence[WorkflowNode]
    source: WorkflowSource | None
    inputs: JsonObject | None
    context: JsonObject | None
    secrets: tuple[str, ...] | None
    fields: RunFields
    key: RunKey
    moves: Sequence[NodeMove] = ()
    most: int | None = None

    def insert(self, connection: sqlite3.Connection) -> SubmittedRun:
        """Do it. See `WorkflowStore.begin_attempt`."""
        if earlier := self.key.earlier(connection):
            return SubmittedRun(earlier, replayed=True)
        found = get_run(connection, self.workflow_id)
        if not found.is_finished:
            raise WorkflowNotFinishedError(f"{self.workflow_id} has not finished: it is {found.status}.")
        _insist_on_room(connection, self.most)
        run = self._begun(found)
        _ADVANCE_RUN.run(
            connection,
            workflow_id=run.workflow_id,
            version=run.version,
            attempt=run.attempt,
            before=found.status,
            run_name=run.run_name,
            max_parallel=run.max_parallel,
            concurrency_group=run.concurrency_group,
        )
        source_attempt = run.attempt if self.source is not None else _source_attempt(connection, found)
        _insert_attempt(connection, run, self.source, selection=self.selection, source_attempt=source_attempt)
        _UPDATE_ATTEMPT.run(connection, **attempt_values(run))
        nodes = insert_nodes(connection, run.workflow_id, run.attempt, run.version, self.nodes)
        _INSERT_CHANGE.run(connection, **change_values(run.workflow_id, _beginning(run, self.at, self.selection)))
        nodes = _moved(connection, run, nodes, self.moves, self.at)
        self.key.note(connection, run.workflow_id, to_microseconds(self.at))
        return SubmittedRun(get_run(connection, run.workflow_id), replayed=False, nodes=nodes)

    def _begun(self, found: WorkflowRun) -> WorkflowRun:
        source = self.source
        begun = replace(
            found,
            status=WORKFLOW_LIFECYCLE.initial,
            version=found.version + 1,
            attempt=found.attempt + 1,
            attempt_created_at=self.at,
            file_name=found.file_name if source is None else source.file_name,
            source_digest=found.source_digest if source is None else source.digest,
            inputs=found.inputs if self.inputs is None else self.inputs,
            context=found.context if self.context is None else self.context,
            secrets=found.secrets if self.secrets is None else self.secrets,
            submitted_by=utf8(self.by),
            actor=utf8(self.actor),
            started_at=None,
            finished_at=None,
            deadline_at=None,
            counts=NodeCounts(),
            outputs={},
            warnings=found.warnings if source is None else (),
            failure=None,
            reason=None,
            critical_path=(),
            cancel=None,
            cancel_forced=False,
            services=(),
        )
        return replace(begun, **self.fields)


def _insist_on_room(connection: sqlite3.Connection, most: int | None) -> None:
    if most is not None and _COUNT_LIVE.run(connection).fetchone()[0] >= most:
        hint = "Wait for a run to finish, or cancel one that is no longer needed, then try again."
        raise QueueFullError(f"{most} workflow runs are under way already, as many as may be.", hint=hint)


@dataclass(frozen=True, slots=True)
class RunMove:
    """An event about to move a run.

    Attributes:
        workflow_id: Which run.
        event: What happens to it.
        at: When.
        by: Who.
        why: In words; may be empty.
        fields: What changes about the run with it.
    """

    workflow_id: str
    event: WorkflowEvent
    at: datetime
    by: str
    why: str = ""
    fields: RunFields = field(default_factory=RunFields)

    def apply(self, connection: sqlite3.Connection) -> WorkflowRun:
        """Do it. See `WorkflowStore.move`."""
        found = get_run(connection, self.workflow_id)
        status = WORKFLOW_LIFECYCLE.next_status(found.status, self.event)
        if status.is_terminal and (found.counts.waiting or found.counts.running):
            left = found.counts.waiting + found.counts.running
            raise IllegalMoveError(f"The run cannot {self.event}: {left} of its nodes have not ended.")
        moved = replace(
            found,
            status=status,
            version=found.version + 1,
            started_at=self.at if self.event is WorkflowEvent.START else found.started_at,
            finished_at=self.at if status.is_terminal else None,
        )
        moved = replace(moved, **self.fields)
        _write(connection, found, moved)
        change = WorkflowChange(self.at, moved.attempt, "", self.event, found.status, status, self.by, self.why)
        _INSERT_CHANGE.run(connection, **change_values(moved.workflow_id, change))
        return moved


def change(connection: sqlite3.Connection, workflow_id: str, fields: RunFields) -> WorkflowRun:
    """Change what a run says beside its status. See `WorkflowStore.change`."""
    found = get_run(connection, workflow_id)
    changed = replace(replace(found, version=found.version + 1), **fields)
    _write(connection, found, changed)
    return changed


def request_cancel(
    connection: sqlite3.Connection, workflow_id: str, request: CancelRequest, *, forced: bool
) -> WorkflowRun:
    """Note that somebody wants the run to stop. See `WorkflowStore.request_cancel`."""
    found = get_run(connection, workflow_id)
    says_more = found.cancel is None or (forced and not found.cancel_forced)
    if found.is_finished or not says_more:
        return found
    asked = replace(found, version=found.version + 1, cancel=found.cancel or request, cancel_forced=forced)
    _write(connection, found, asked)
    return asked


def _write(connection: sqlite3.Connection, before: WorkflowRun, after: WorkflowRun) -> None:
    _UPDATE_RUN.run(
        connection,
        workflow_id=after.workflow_id,
        attempt=after.attempt,
        before=before.status,
        status=after.status,
        version=after.version,
        finished_us=micros(after.finished_at),
        run_name=utf8(after.run_name),
        max_parallel=after.max_parallel,
        concurrency_group=utf8(after.concurrency_group),
    )
    _UPDATE_ATTEMPT.run(connection, **attempt_values(after))


def _insert_attempt(
    connection: sqlite3.Connection,
    run: WorkflowRun,
    source: WorkflowSource | None,
    *,
    selection: str,
    source_attempt: int,
) -> None:
    _INSERT_ATTEMPT.run(
        connection,
        workflow_id=run.workflow_id,
        number=run.attempt,
        created_us=to_microseconds(run.attempt_created_at or run.created_at),
        file_name=utf8(run.file_name),
        source_digest=run.source_digest,
        source_attempt=source_attempt,
        inputs=code.object_to_json(run.inputs),
        context=code.object_to_json(run.context),
        secrets=code.texts_to_json(run.secrets),
        by=run.submitted_by,
        actor=run.actor,
        selection=utf8(selection),
        warnings=code.objects_to_json(run.warnings),
    )
    if source is not None:
        _INSERT_SOURCE.run(
            connection,
            workflow_id=run.workflow_id,
            attempt=run.attempt,
            text=utf8(source.text),
            files=code.object_to_json(source.files),
            spec=code.object_to_json(source.spec),
        )


def _source_attempt(connection: sqlite3.Connection, run: WorkflowRun) -> int:
    (attempt,) = _SOURCE_ATTEMPT.run(connection, workflow_id=run.workflow_id, number=run.attempt).fetchone()
    return attempt


def _moved(
    connection: sqlite3.Connection,
    run: WorkflowRun,
    nodes: tuple[WorkflowNode, ...],
    moves: Sequence[NodeMove],
    at: datetime,
) -> tuple[WorkflowNode, ...]:
    """The nodes that were just inserted, after their first moves."""
    if not moves:
        return nodes
    moved = NodeMoves(run.workflow_id, moves, at, run.submitted_by).apply(connection)
    by_id = {node.node_id: node for node in moved}
    return tuple(by_id.get(node.node_id, node) for node in nodes)


def _beginning(run: WorkflowRun, at: datetime, why: str = "") -> WorkflowChange:
    return WorkflowChange(at, run.attempt, "", None, None, WORKFLOW_LIFECYCLE.initial, run.submitted_by, why)
