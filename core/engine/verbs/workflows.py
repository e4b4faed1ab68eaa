"""Workflow runs: see them, their nodes and their history, and delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.engine.retention import Retention
from core.engine.verbs.base import Verbs
from core.errors import InvalidArgumentError, WorkflowNotFinishedError, WorkflowNotFoundError
from core.ids import is_workflow_id
from core.records.page import Page
from core.store.node_changes import NodeFilter, node_place
from core.store.workflow_listing import WorkflowFilter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.retention import Cleanup
    from core.lifecycle.workflow import WorkflowStatus
    from core.records.workflow import WorkflowAttempt, WorkflowChange, WorkflowRun, WorkflowSource
    from core.records.workflow_node import WorkflowNode
    from core.store.node_changes import NodePlace

_ANY: Final = WorkflowFilter()
_ALL_NODES: Final = NodeFilter()
_MOST_NODES: Final = 1000


class WorkflowVerbs(Verbs):
    """Verbs about workflow runs."""

    async def get_workflow(self, workflow_id: str) -> WorkflowRun:
        """The run's record, without its nodes.

        Raises:
            WorkflowNotFoundError: There is none.
        """
        check_workflow_id(workflow_id)
        return await self._parts.workflows.get(workflow_id)

    async def list_workflows(
        self, which: WorkflowFilter = _ANY, *, limit: int = 20, cursor: str | None = None
    ) -> Page[WorkflowRun]:
        """A page of runs, newest first.

        Raises:
            InvalidArgumentError: The limit is not from 1 to 200, or the cursor is not one.
        """
        return await self._parts.workflows.list(which, limit=limit, cursor=cursor)

    async def find_workflow_ids(self, prefix: str, limit: int = 20) -> tuple[str, ...]:
        """Ids that begin with ``prefix``, newest first."""
        return await self._parts.workflows.ids_starting_with(prefix, limit)

    async def count_workflows(self) -> Mapping[WorkflowStatus, int]:
        """How many runs there are of each status, zeros included."""
        return await self._parts.workflows.counts()

    async def workflow_state(
        self, workflow_id: str, *, since_version: int = 0
    ) -> tuple[WorkflowRun, tuple[WorkflowNode, ...]]:
        """The run and those of its nodes that changed after a version, both of one moment.

        Args:
            workflow_id: The run.
            since_version: What the caller has seen; 0 for all nodes. A further attempt makes all nodes anew.

        Raises:
            WorkflowNotFoundError: There is none.
        """
        check_workflow_id(workflow_id)
        return await self._parts.workflows.state(workflow_id, since_version=since_version)

    async def workflow_nodes(
        self, workflow_id: str, *, attempt: int | None = None, since_version: int = 0
    ) -> tuple[WorkflowNode, ...]:
        """The run's nodes in its order.

        Args:
            workflow_id: The run.
            attempt: None takes the present one.
            since_version: Only those that changed after the run had this version.

        Raises:
            WorkflowNotFoundError: There is none.
        """
        check_workflow_id(workflow_id)
        return await self._parts.workflows.nodes(workflow_id, attempt=attempt, since_version=since_version)

    async def list_workflow_nodes(
        self,
        workflow_id: str,
        which: NodeFilter = _ALL_NODES,
        *,
        attempt: int | None = None,
        limit: int = 200,
        cursor: str | None = None,
    ) -> tuple[WorkflowRun, Page[WorkflowNode]]:
        """The run and a page of its nodes in its order, both of one moment.

        Args:
            workflow_id: The run.
            which: Which nodes.
            attempt: None takes the present one.
            limit: At most this many, from 1 to 1000.
            cursor: ``next_cursor`` of the page before.

        Raises:
            WorkflowNotFoundError: There is no such run.
            InvalidArgumentError: The limit or the cursor is not valid.
        """
        check_workflow_id(workflow_id)
        if not 1 <= limit <= _MOST_NODES:
            raise InvalidArgumentError(f"limit: from 1 to {_MOST_NODES}")
        run, nodes = await self._parts.workflows.nodes_behind(
            workflow_id, which, attempt=attempt, behind=_place_of(cursor), limit=limit + 1
        )
        has_more = len(nodes) > limit
        return run, Page(nodes[:limit], "{}.{}.{}".format(*node_place(nodes[limit - 1])) if has_more else None)

    async def workflow_node(self, workflow_id: str, node_id: str, *, attempt: int | None = None) -> WorkflowNode:
        """One node; of the present attempt unless one is named.

        Raises:
            WorkflowNotFoundError: There is no such run.
            NodeNotFoundError: It has no such node.
        """
        check_workflow_id(workflow_id)
        return await self._parts.workflows.node(workflow_id, node_id, attempt=attempt)

    async def workflow_attempts(self, workflow_id: str) -> tuple[WorkflowAttempt, ...]:
        """All attempts of the run, the first one first.

        Raises:
            WorkflowNotFoundError: There is none.
        """
        check_workflow_id(workflow_id)
        return await self._parts.workflows.attempts(workflow_id)

    async def workflow_source(self, workflow_id: str, *, attempt: int | None = None) -> WorkflowSource:
        """What an attempt was made from; the present one unless another is named.

        Raises:
            WorkflowNotFoundError: There is no such run, or it has no such attempt.
        """
        check_workflow_id(workflow_id)
        return await self._parts.workflows.source(workflow_id, attempt)

    async def workflow_history(
        self, workflow_id: str, *, node_id: str | None = None, skip: int = 0, limit: int | None = None
    ) -> tuple[WorkflowChange, ...]:
        """The run's audit trail, oldest first.

        Args:
            workflow_id: The run.
            node_id: Only of this node; an empty text takes the run's own moves.
            skip: So many of the first are left out; negative for all but so many of the last.
            limit: At most this many; None for all.

        Raises:
            WorkflowNotFoundError: There is none.
        """
        check_workflow_id(workflow_id)
        return await self._parts.workflows.history(workflow_id, node_id=node_id, skip=skip, limit=limit)

    async def delete_workflow(self, workflow_id: str, *, by: str = "python") -> Cleanup:
        """Delete a run that has ended, with its jobs: records, logs, artifacts, files in the home, idempotency keys.

        Args:
            workflow_id: The run.
            by: Who deletes it, for the engine's log.

        Raises:
            WorkflowNotFoundError: There is none.
            WorkflowNotFinishedError: It has not ended, or a job of it has not.
            StoreError: The disk is failing; the record is gone if it was the files that could not be removed.
        """
        run = await self.get_workflow(workflow_id)
        if not run.is_finished:
            raise WorkflowNotFinishedError(f"{workflow_id} has not finished: it is {run.status}.")
        removed = await Retention(self._parts).delete(workflow_id, by=by)
        if not removed.deleted:
            await self.get_workflow(workflow_id)  # somebody else may have deleted it meanwhile
            raise WorkflowNotFinishedError(f"A job of {workflow_id} has not finished.")
        return removed


def check_workflow_id(workflow_id: str) -> None:
    """Refuse what cannot be a run's id.

    Raises:
        WorkflowNotFoundError: It cannot.
    """
    if not is_workflow_id(workflow_id):
        raise WorkflowNotFoundError("There is no workflow run with this id: it is not an id of one.")


def _place_of(cursor: str | None) -> NodePlace | None:
    """The place of the last node of the page before."""
    if cursor is None:
        return None
    position, _, rest = cursor.partition(".")
    index, _, node_id = rest.partition(".")
    if not (_is_number(position) and (index == "-1" or _is_number(index)) and node_id):
        raise InvalidArgumentError(
            "cursor: not a cursor of a run's nodes", hint="Use next_cursor of the page before, or leave it out."
        )
    return int(position), int(index), node_id


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
