"""Finding workflow runs: pages, nodes, audit trails, what is still alive."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from core.errors import NodeNotFoundError, WorkflowNotFoundError
from core.lifecycle.workflow import WORKFLOW_LIFECYCLE, WorkflowStatus
from core.records.workflow import WorkflowSource
from core.store import walks
from core.store import workflow_encoding as code
from core.store.encoding import utf8
from core.store.node_changes import find_node
from core.store.queries import QueryFile
from core.store.workflow_rows import attempt_from_row, change_from_row, run_from_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from core.records.page import Page, PageKey
    from core.records.workflow import WorkflowAttempt, WorkflowChange, WorkflowRun
    from core.records.workflow_node import WorkflowNode

_SQL: Final = QueryFile("workflow_listing")
_GET_RUN: Final = _SQL.take("get_run")
_GET_RUNS: Final = _SQL.take("get_runs")
_NEWEST_BY_STATUS: Final = _SQL.take("newest_runs_by_status")
_NEWEST_BY_NAME: Final = _SQL.take("newest_runs_by_name")
_NEWEST_BY_TAG: Final = _SQL.take("newest_runs_by_tag")
_IDS_BETWEEN: Final = _SQL.take("run_ids_between")
_COUNT_RUNS: Final = _SQL.take("count_runs")
_LIVE_RUNS: Final = _SQL.take("live_runs")
_LIST_ATTEMPTS: Final = _SQL.take("list_run_attempts")
_GET_SOURCE: Final = _SQL.take("get_source")
_LIST_CHANGES: Final = _SQL.take("list_changes")

_MOMENT_LENGTH: Final = 11
"""As much of an id as two made within the same second share."""


@dataclass(frozen=True, slots=True)
class WorkflowFilter:
    """Which runs to list; what is not given does not restrict.

    Attributes:
        statuses: Any of these; empty for all.
        finished: Only those with (True) or without (False) a terminal status.
        name: Of a workflow of exactly this name.
        tag: Has this tag.
        since: Accepted at or after this moment.
        text: Its name, the run's own name or its id contains this, in whatever case.
        submitted_by: Exactly this caller submitted it at first.
        until: Accepted before this moment.
        workflow_id_prefix: Its id begins with this.
    """

    statuses: frozenset[WorkflowStatus] = frozenset()
    finished: bool | None = None
    name: str | None = None
    tag: str | None = None
    since: datetime | None = None
    text: str | None = None
    submitted_by: str | None = None
    until: datetime | None = None
    workflow_id_prefix: str | None = None

    def wanted(self) -> frozenset[WorkflowStatus]:
        """The statuses that pass."""
        statuses = self.statuses or frozenset(WorkflowStatus)
        if self.finished is None:
            return statuses
        return statuses & WORKFLOW_LIFECYCLE.terminal if self.finished else statuses - WORKFLOW_LIFECYCLE.terminal


def get_run(connection: sqlite3.Connection, workflow_id: str) -> WorkflowRun:
    """The run.

    Raises:
        WorkflowNotFoundError: There is none; the hint names ids that begin alike.
    """
    row = _GET_RUN.run(connection, workflow_id=workflow_id).fetchone()
    if row is None:
        raise _not_found(connection, workflow_id)
    return run_from_row(row)


def get_runs(connection: sqlite3.Connection, workflow_ids: Iterable[str]) -> tuple[WorkflowRun, ...]:
    """The runs there are, in the order of the ids given."""
    wanted = tuple(dict.fromkeys(workflow_ids))
    rows = _GET_RUNS.run(connection, workflow_ids=json.dumps(wanted))
    found = {run.workflow_id: run for run in map(run_from_row, rows)}
    return tuple(found[workflow_id] for workflow_id in wanted if workflow_id in found)


def page_of_runs(
    connection: sqlite3.Connection, which: WorkflowFilter, limit: int, cursor: str | None
) -> Page[WorkflowRun]:
    """A page of runs, newest first.

    Raises:
        InvalidArgumentError: The limit or the cursor is not valid.
    """
    return walks.page(limit, cursor, partial(_newest, connection, which), partial(get_runs, connection))


def _newest(connection: sqlite3.Connection, which: WorkflowFilter, before: PageKey, count: int) -> list[walks.Key]:
    span, name = walks.span(which, which.workflow_id_prefix, before, count), walks.stored(which.name)
    if which.tag is not None:
        statuses = json.dumps(sorted(which.wanted()))
        return _NEWEST_BY_TAG.run(connection, tag=utf8(which.tag), name=name, statuses=statuses, **span).fetchall()
    found: list[list[walks.Key]] = []
    for status in which.wanted():
        if name is None:
            found.append(_NEWEST_BY_STATUS.run(connection, status=status, **span).fetchall())
        else:
            found.append(_NEWEST_BY_NAME.run(connection, name=name, status=status, **span).fetchall())
    return walks.merged(found, count)


def ids_starting_with(connection: sqlite3.Connection, prefix: str, limit: int) -> tuple[str, ...]:
    """Ids that begin with the text, newest first."""
    text = utf8(prefix)
    rows = _IDS_BETWEEN.run(connection, first=text, past=text + walks.BEYOND, count=limit)
    return tuple(workflow_id for (workflow_id,) in rows)


def count_runs(connection: sqlite3.Connection) -> dict[WorkflowStatus, int]:
    """How many runs there are of each status, zeros included."""
    return {WorkflowStatus(status): runs for status, runs in _COUNT_RUNS.run(connection)}


def list_live(connection: sqlite3.Connection) -> tuple[WorkflowRun, ...]:
    """Runs that have not ended, the oldest first."""
    return get_runs(connection, [workflow_id for (workflow_id,) in _LIVE_RUNS.run(connection)])


def list_attempts(connection: sqlite3.Connection, workflow_id: str) -> tuple[WorkflowAttempt, ...]:
    """All attempts of a run, the first one first.

    Raises:
        WorkflowNotFoundError: There is no such run.
    """
    get_run(connection, workflow_id)
    return tuple(map(attempt_from_row, _LIST_ATTEMPTS.run(connection, workflow_id=workflow_id)))


def get_source(connection: sqlite3.Connection, workflow_id: str, attempt: int | None) -> WorkflowSource:
    """What an attempt was made from; None takes the present one.

    Raises:
        WorkflowNotFoundError: There is no such run, or it has no such attempt.
    """
    number = get_run(connection, workflow_id).attempt if attempt is None else attempt
    row = _GET_SOURCE.run(connection, workflow_id=workflow_id, attempt=number).fetchone()
    if row is None:
        raise WorkflowNotFoundError(f"{workflow_id} has no attempt {number}.")
    file_name, text, digest, files, spec = row
    return WorkflowSource(file_name, text, digest, code.object_from_json(files), code.object_from_json(spec))


def get_node(connection: sqlite3.Connection, workflow_id: str, node_id: str, attempt: int | None) -> WorkflowNode:
    """A node; None takes the present attempt.

    Raises:
        WorkflowNotFoundError: There is no such run.
        NodeNotFoundError: It has no such node in this attempt.
    """
    number = get_run(connection, workflow_id).attempt if attempt is None else attempt
    found = find_node(connection, workflow_id, number, node_id)
    if found is None:
        raise NodeNotFoundError(f"{workflow_id} has no node {node_id} in attempt {number}.")
    return found


def list_changes(
    connection: sqlite3.Connection, workflow_id: str, node_id: str | None, skip: int, limit: int | None
) -> tuple[WorkflowChange, ...]:
    """A part of a run's audit trail, oldest first; of one node if given.

    Raises:
        WorkflowNotFoundError: There is no such run.
    """
    get_run(connection, workflow_id)
    count = -1 if limit is None else limit
    rows = _LIST_CHANGES.run(connection, workflow_id=workflow_id, node_id=walks.stored(node_id), skip=skip, count=count)
    return tuple(map(change_from_row, rows))


def _not_found(connection: sqlite3.Connection, workflow_id: str) -> WorkflowNotFoundError:
    for beginning in (workflow_id, workflow_id[:_MOMENT_LENGTH]):
        near = ids_starting_with(connection, beginning, 3) if beginning else ()
        if near:
            return WorkflowNotFoundError(hint=f"Did you mean {' or '.join(near)}?")
    return WorkflowNotFoundError()
