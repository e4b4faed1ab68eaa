"""What earlier runs of workflows tell: how the last ones ended, how their nodes stand, how long these took."""

from __future__ import annotations

import json
from functools import partial
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final

from core.clock import from_microseconds
from core.lifecycle.workflow import WorkflowStatus
from core.records.workflow_past import NodeSample, PastRun
from core.store.encoding import utf8
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from core.store.database import Database

_SQL: Final = QueryFile("workflow_past")
_NEWEST_OF_NAME: Final = _SQL.take("newest_of_name")
_STATES_OF_NODES: Final = _SQL.take("states_of_nodes")
_DURATIONS_OF_NODES: Final = _SQL.take("durations_of_nodes")

_Row = tuple[int, str, str, int | None, int | None]


class PastStore:
    """Looks at many runs at once, and takes little of each.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(
        self, names: Iterable[str], *, each: int, statuses: frozenset[WorkflowStatus] = frozenset(WorkflowStatus)
    ) -> Mapping[str, tuple[PastRun, ...]]:
        """The newest runs of each workflow, the newest first; names without a run have none.

        Args:
            names: Of workflows.
            each: At most so many of one name.
            statuses: Only runs of these.
        """
        wanted = tuple(dict.fromkeys(names))

        def look(connection: sqlite3.Connection) -> dict[str, tuple[PastRun, ...]]:
            return {name: _newest(connection, utf8(name), each, statuses) for name in wanted}

        return await self._database.read(look)

    async def states(self, workflow_ids: Iterable[str], *, most: int) -> Mapping[str, tuple[str, ...]]:
        """How the nodes of runs stand, in each run's order: a node's status, or ``tolerated``.

        Args:
            workflow_ids: The runs.
            most: Runs with more nodes are left out.
        """
        ids = json.dumps([utf8(workflow_id) for workflow_id in workflow_ids])
        return await self._database.read(partial(_states, workflow_ids=ids, most=most))

    async def samples(self, workflow_ids: Iterable[str], *, most: int) -> tuple[NodeSample, ...]:
        """How long the nodes of runs took that ran and succeeded; those of the runs named first in front.

        Args:
            workflow_ids: The runs.
            most: At most so many.
        """
        ids = json.dumps([utf8(workflow_id) for workflow_id in workflow_ids])

        def look(connection: sqlite3.Connection) -> tuple[NodeSample, ...]:
            rows = _DURATIONS_OF_NODES.run(connection, workflow_ids=ids, most=most)
            return tuple(NodeSample(job, node_id, max(0, took_us) / 1e6) for job, node_id, took_us in rows)

        return await self._database.read(look)


def _newest(
    connection: sqlite3.Connection, name: str, each: int, statuses: frozenset[WorkflowStatus]
) -> tuple[PastRun, ...]:
    walks: list[list[_Row]] = [
        _NEWEST_OF_NAME.run(connection, name=name, status=status, count=each).fetchall() for status in statuses
    ]
    return tuple(map(_past_run, islice(merge(*walks, key=_place, reverse=True), each)))


def _place(row: _Row) -> tuple[int, str]:
    return row[0], row[1]


def _past_run(row: _Row) -> PastRun:
    created_us, workflow_id, status, started_us, finished_us = row
    took = None if started_us is None or finished_us is None else max(0, finished_us - started_us) / 1e6
    return PastRun(workflow_id, WorkflowStatus(status), from_microseconds(created_us), took)


def _states(connection: sqlite3.Connection, workflow_ids: str, most: int) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for workflow_id, state in _STATES_OF_NODES.run(connection, workflow_ids=workflow_ids, most=most):
        found.setdefault(workflow_id, []).append(state)
    return {workflow_id: tuple(states) for workflow_id, states in found.items()}
