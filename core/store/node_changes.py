"""Changing the nodes of runs: each function is the whole of one transaction's work, on one node or on thousands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from core.errors import IllegalMoveError, NodeNotFoundError, WorkflowNotFoundError
from core.frozen import replace
from core.lifecycle.workflow import NODE_LIFECYCLE, NodeEvent, NodeStatus, Outcome, Result
from core.records.workflow import WorkflowChange
from core.store.encoding import utf8
from core.store.queries import QueryFile
from core.store.workflow_rows import (
    NODE_COURSE,
    NodeFields,
    change_values,
    first_node_values,
    node_course_values,
    node_from_row,
    node_values,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from core.records.job import CancelRequest
    from core.records.workflow_node import WorkflowNode
    from core.store.queries import SqlValue

_SQL: Final = QueryFile("nodes")
_INSERT_NODE: Final = _SQL.take("insert_node")
_UPDATE_NODE: Final = _SQL.take("update_node")
_UPDATE_NODE_COURSE: Final = _SQL.take("update_node_course")
_DELETE_WAITING_NODE: Final = _SQL.take("delete_waiting_node")
_NEXT_VERSION: Final = _SQL.take("next_version")
_PRESENT_ATTEMPT: Final = _SQL.take("present_attempt")
_GET_NODE: Final = _SQL.take("get_node")
_GET_NODES: Final = _SQL.take("get_nodes")
_NODE_VERSIONS: Final = _SQL.take("node_versions")
_LIST_NODES: Final = _SQL.take("list_nodes")
_NODE_IDS_BEHIND: Final = _SQL.take("node_ids_behind")
_LAST_CHANGE: Final = _SQL.take("last_change")
_INSERT_NODE_CHANGE: Final = _SQL.take("insert_node_change")

_ENDS: Final = {
    NodeStatus.SUCCESS: (Outcome.SUCCESS, Result.SUCCESS),
    NodeStatus.FAILED: (Outcome.FAILURE, Result.FAILURE),
    NodeStatus.TIMED_OUT: (Outcome.TIMED_OUT, Result.FAILURE),
    NodeStatus.CANCELLED: (Outcome.CANCELLED, Result.CANCELLED),
    NodeStatus.SKIPPED: (Outcome.SKIPPED, Result.SKIPPED),
}


@dataclass(frozen=True, slots=True)
class NodeMove:
    """An event about to move a node.

    Attributes:
        node_id: Which node, of the present attempt.
        event: What happens to it.
        why: In words, for the audit trail; may be empty.
        fields: What changes about the node with it. An end's outcome and result follow from the event unless they are
            given: ``result`` is success where a failure is tolerated.
    """

    node_id: str
    event: NodeEvent
    why: str = ""
    fields: NodeFields = field(default_factory=NodeFields)


def node_place(node: WorkflowNode) -> NodePlace:
    """Where a node stands in its run."""
    return node.position, node.variant.index if node.variant else -1, node.node_id


def find_node(connection: sqlite3.Connection, workflow_id: str, attempt: int, node_id: str) -> WorkflowNode | None:
    """The node, if there is one."""
    row = _GET_NODE.run(connection, workflow_id=workflow_id, attempt=attempt, node_id=utf8(node_id)).fetchone()
    return None if row is None else node_from_row(row)


def list_nodes(
    connection: sqlite3.Connection, workflow_id: str, attempt: int, since_version: int
) -> tuple[WorkflowNode, ...]:
    """The nodes of an attempt that changed after a version, in the run's order."""
    rows = _LIST_NODES.run(connection, workflow_id=workflow_id, attempt=attempt, since_version=since_version)
    return tuple(sorted(map(node_from_row, rows), key=node_place))


@dataclass(frozen=True, slots=True)
class NodeFilter:
    """Which nodes of an attempt to list; what is not given does not restrict.

    Attributes:
        statuses: Any of these; empty for all.
        job: Of this job of the file, by its id in the run.
        since_version: Changed after the run had this version.
    """

    statuses: frozenset[NodeStatus] = frozenset()
    job: str | None = None
    since_version: int = 0


NodePlace: TypeAlias = tuple[int, int, str]
"""Where a node stands in its run: its job's position, its variant's or -1, its id."""

_IN_FRONT: Final = (-1, -1, "")


def nodes_behind(
    connection: sqlite3.Connection,
    workflow_id: str,
    attempt: int,
    which: NodeFilter,
    behind: NodePlace | None,
    limit: int,
) -> tuple[WorkflowNode, ...]:
    """Some nodes of an attempt in the run's order, behind a place in it."""
    position, variant, node_id = behind or _IN_FRONT
    rows = _NODE_IDS_BEHIND.run(
        connection,
        workflow_id=workflow_id,
        attempt=attempt,
        since_version=which.since_version,
        statuses=json.dumps(sorted(which.statuses or NodeStatus)),
        job=None if which.job is None else utf8(which.job),
        position=position,
        variant=variant,
        node_id=utf8(node_id),
        count=limit,
    )
    return tuple(_find_all(connection, workflow_id, attempt, [found for (found,) in rows]))


def insert_nodes(
    connection: sqlite3.Connection, workflow_id: str, attempt: int, version: int, nodes: Iterable[WorkflowNode]
) -> tuple[WorkflowNode, ...]:
    """Put nodes into an attempt.

    Raises:
        IllegalMoveError: One of them does not begin waiting.
    """
    place = workflow_id, attempt, version
    placed = tuple(
        node
        if (node.workflow_id, node.attempt, node.version) == place
        else replace(node, workflow_id=workflow_id, attempt=attempt, version=version)
        for node in nodes
    )
    for node in placed:
        if node.status is not NODE_LIFECYCLE.initial:
            raise IllegalMoveError(f"The node {node.node_id} does not begin {NODE_LIFECYCLE.initial}.")
    _INSERT_NODE.run_many(connection, map(first_node_values, placed))
    return placed


def add_nodes(
    connection: sqlite3.Connection, workflow_id: str, nodes: Sequence[WorkflowNode], instead_of: str | None
) -> tuple[WorkflowNode, ...]:
    """Put further nodes into the present attempt. See `WorkflowStore.add_nodes`."""
    version, attempt = _advance(connection, workflow_id)
    if instead_of is not None:
        gone = _DELETE_WAITING_NODE.run(connection, workflow_id=workflow_id, attempt=attempt, node_id=utf8(instead_of))
        if not gone.rowcount:
            found = find_node(connection, workflow_id, attempt, instead_of)
            if found is None:
                raise _no_node(workflow_id, instead_of, attempt)
            raise IllegalMoveError(f"The node {instead_of} is {found.status}: others can no longer take its place.")
    return insert_nodes(connection, workflow_id, attempt, version, nodes)


@dataclass(frozen=True, slots=True)
class NodeMoves:
    """Events about to move nodes of a run's present attempt: all of them happen, or none.

    Attributes:
        workflow_id: The run.
        moves: What happens, each node once.
        at: When.
        by: Who.
        known: Nodes as somebody saw them last; those that have not changed since are not read again.
    """

    workflow_id: str
    moves: Sequence[NodeMove]
    at: datetime
    by: str
    known: Iterable[WorkflowNode] = ()

    def apply(self, connection: sqlite3.Connection) -> tuple[WorkflowNode, ...]:
        """Do it. See `WorkflowStore.move_nodes`."""
        version, attempt = _advance(connection, self.workflow_id)
        nodes = _find_all(connection, self.workflow_id, attempt, (move.node_id for move in self.moves), self.known)
        moved = tuple(self._after(node, move, version) for node, move in zip(nodes, self.moves, strict=True))
        _write(connection, zip(moved, (move.fields for move in self.moves), strict=True))
        (last,) = _LAST_CHANGE.run(connection, workflow_id=self.workflow_id).fetchone()
        rows: list[dict[str, SqlValue]] = []
        for number, (node, after, move) in enumerate(zip(nodes, moved, self.moves, strict=True), last + 1):
            change = WorkflowChange(
                self.at, attempt, node.node_id, move.event, node.status, after.status, self.by, move.why
            )
            row = change_values(self.workflow_id, change)
            row["seq"] = number
            rows.append(row)
        _INSERT_NODE_CHANGE.run_many(connection, rows)
        return moved

    def _after(self, node: WorkflowNode, move: NodeMove, version: int) -> WorkflowNode:
        status = NODE_LIFECYCLE.next_status(node.status, move.event)
        fields: dict[str, Any] = {"status": status, "version": version}
        if move.event is NodeEvent.START:
            fields |= {"started_at": node.started_at or self.at, "reason": None, "retry_at": None}
        elif status.is_terminal:
            outcome, result = _ENDS[status]
            fields |= {"finished_at": self.at, "outcome": outcome, "result": result, "reason": None, "retry_at": None}
        return replace(node, **(fields | move.fields))


@dataclass(frozen=True, slots=True)
class NodeWrites:
    """What happens to nodes of a run's present attempt in one transaction: all of it, or nothing.

    Attributes:
        workflow_id: The run.
        changes: What changes beside the statuses, by the nodes' ids; before anything moves.
        rounds: What moves then, one round after the other, each node once in a round.
        at: When.
        by: Who.
        known: As in `NodeMoves`.
    """

    workflow_id: str
    changes: Mapping[str, NodeFields]
    rounds: Sequence[Sequence[NodeMove]]
    at: datetime
    by: str
    known: Sequence[WorkflowNode] = ()

    def apply(self, connection: sqlite3.Connection) -> tuple[tuple[WorkflowNode, ...], ...]:
        """Do it. See `WorkflowStore.write_nodes`."""
        known = {node.node_id: node for node in self.known}
        written: list[tuple[WorkflowNode, ...]] = []
        changed = change_nodes(connection, self.workflow_id, self.changes, known.values()) if self.changes else ()
        written.append(changed)
        for moves in self.rounds:
            known.update((node.node_id, node) for node in written[-1])
            some = [known[move.node_id] for move in moves if move.node_id in known]
            written.append(NodeMoves(self.workflow_id, moves, self.at, self.by, some).apply(connection))
        return tuple(written)


def change_nodes(
    connection: sqlite3.Connection,
    workflow_id: str,
    fields: Mapping[str, NodeFields],
    known: Iterable[WorkflowNode] = (),
) -> tuple[WorkflowNode, ...]:
    """Change what nodes say beside the status. See `WorkflowStore.change_nodes`."""
    version, attempt = _advance(connection, workflow_id)
    nodes = _find_all(connection, workflow_id, attempt, fields, known)
    changed = tuple(replace(node, version=version, **some) for node, some in zip(nodes, fields.values(), strict=True))
    _write(connection, zip(changed, fields.values(), strict=True))
    return changed


def request_node_cancel(
    connection: sqlite3.Connection, workflow_id: str, node_id: str, request: CancelRequest
) -> WorkflowNode:
    """Note that somebody wants a node to stop. See `WorkflowStore.request_node_cancel`."""
    row = _PRESENT_ATTEMPT.run(connection, workflow_id=workflow_id).fetchone()
    if row is None:
        raise WorkflowNotFoundError
    (attempt,) = row
    (found,) = _find_all(connection, workflow_id, attempt, [node_id])
    if found.is_finished or found.cancel is not None:
        return found
    version, _ = _advance(connection, workflow_id)
    asked = replace(found, version=version, cancel=request)
    _UPDATE_NODE.run(connection, **node_values(asked))
    return asked


def _write(connection: sqlite3.Connection, nodes: Iterable[tuple[WorkflowNode, NodeFields]]) -> None:
    """Write nodes, each with the fields that its caller changed."""
    wholly: list[dict[str, SqlValue]] = []
    course: list[dict[str, SqlValue]] = []
    for node, some in nodes:
        if some.keys() <= NODE_COURSE:
            course.append(node_course_values(node))
        else:
            wholly.append(node_values(node))
    if course:
        _UPDATE_NODE_COURSE.run_many(connection, course)
    if wholly:
        _UPDATE_NODE.run_many(connection, wholly)


def _advance(connection: sqlite3.Connection, workflow_id: str) -> tuple[int, int]:
    """The run's next version, and its present attempt."""
    row = _NEXT_VERSION.run(connection, workflow_id=workflow_id).fetchone()
    if row is None:
        raise WorkflowNotFoundError
    return row


def _find_all(
    connection: sqlite3.Connection,
    workflow_id: str,
    attempt: int,
    node_ids: Iterable[str],
    known: Iterable[WorkflowNode] = (),
) -> list[WorkflowNode]:
    """The nodes of those ids, in the order given; of those that are known, only whether they have changed is read.

    Raises:
        NodeNotFoundError: One of them does not exist.
        IllegalMoveError: One is named twice.
    """
    wanted = [utf8(node_id) for node_id in node_ids]
    found = {node.node_id: node for node in known if node.attempt == attempt}
    if found:
        ids = json.dumps([node_id for node_id in wanted if node_id in found])
        rows = _NODE_VERSIONS.run(connection, workflow_id=workflow_id, attempt=attempt, node_ids=ids)
        found = {node_id: found[node_id] for node_id, version in rows if found[node_id].version == version}
    if unread := [node_id for node_id in wanted if node_id not in found]:
        rows = _GET_NODES.run(connection, workflow_id=workflow_id, attempt=attempt, node_ids=json.dumps(unread))
        found |= {node.node_id: node for node in map(node_from_row, rows)}
    for node_id in wanted:
        if node_id not in found:
            raise _no_node(workflow_id, node_id, attempt)
    if len(found) < len(wanted):
        twice = next(node_id for place, node_id in enumerate(wanted) if node_id in wanted[:place])
        raise IllegalMoveError(f"The node {twice} is named twice.")
    return [found[node_id] for node_id in wanted]


def _no_node(workflow_id: str, node_id: str, attempt: int) -> NodeNotFoundError:
    return NodeNotFoundError(f"{workflow_id} has no node {node_id} in attempt {attempt}.")
