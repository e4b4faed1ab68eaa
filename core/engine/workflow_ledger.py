"""Every change of a workflow run's record and of its nodes': stored, then announced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from core.records.event import NodeChanged, WorkflowChanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.bus import Bus
    from core.engine.pace import Pace
    from core.lifecycle.workflow import WorkflowEvent
    from core.records.job import CancelRequest
    from core.records.workflow import WorkflowRun, WorkflowSource
    from core.records.workflow_node import WorkflowNode
    from core.store.attempt_options import AttemptOptions
    from core.store.node_changes import NodeMove
    from core.store.workflow_changes import SubmittedRun
    from core.store.workflow_rows import NodeFields, RunFields
    from core.store.workflows import WorkflowStore


class WorkflowLedger:
    """Writes to the store and tells the bus, in this order. Errors are those of `WorkflowStore`.

    Args:
        store: Where records live.
        bus: Who is told.
        pace: Of runs that end.
    """

    def __init__(self, store: WorkflowStore, bus: Bus, pace: Pace) -> None:
        self._store = store
        self._bus = bus
        self._pace = pace

    async def submit(
        self,
        run: WorkflowRun,
        source: WorkflowSource,
        nodes: Sequence[WorkflowNode] = (),
        *,
        idempotency_key: str | None = None,
        request_digest: str = "",
        moves: Sequence[NodeMove] = (),
    ) -> SubmittedRun:
        """Accept a run. See `WorkflowStore.submit`."""
        with self._pace.telling():
            submitted = await self._store.submit(
                run, source, nodes, idempotency_key=idempotency_key, request_digest=request_digest, moves=moves
            )
        self._tell_of_beginning(submitted)
        return submitted

    async def begin_attempt(
        self, workflow_id: str, nodes: Sequence[WorkflowNode] = (), **options: Unpack[AttemptOptions]
    ) -> SubmittedRun:
        """Begin a further attempt of a run that has ended. See `WorkflowStore.begin_attempt`."""
        with self._pace.telling():
            begun = await self._store.begin_attempt(workflow_id, nodes, **options)
        self._tell_of_beginning(begun)
        return begun

    async def add_nodes(
        self, workflow_id: str, nodes: Sequence[WorkflowNode], *, instead_of: str | None = None
    ) -> tuple[WorkflowNode, ...]:
        """Put further nodes into the present attempt. See `WorkflowStore.add_nodes`."""
        return self._tell(await self._store.add_nodes(workflow_id, nodes, instead_of=instead_of), status_changed=True)

    async def move(
        self, workflow_id: str, event: WorkflowEvent, *, by: str, why: str = "", run: RunFields | None = None
    ) -> WorkflowRun:
        """Move a run to its next status. See `WorkflowStore.move`."""
        moved = await self._store.move(workflow_id, event, by=by, why=why, run=run)
        if moved.is_finished:
            self._pace.note()
        self._bus.publish(WorkflowChanged(moved, status_changed=True))
        return moved

    async def change(self, workflow_id: str, run: RunFields) -> WorkflowRun:
        """Change what a run says beside its status."""
        changed = await self._store.change(workflow_id, run)
        self._bus.publish(WorkflowChanged(changed, status_changed=False))
        return changed

    async def move_nodes(self, workflow_id: str, moves: Sequence[NodeMove], *, by: str) -> tuple[WorkflowNode, ...]:
        """Move nodes to their next statuses, all of them or none. See `WorkflowStore.move_nodes`."""
        return self._tell(await self._store.move_nodes(workflow_id, moves, by=by), status_changed=True)

    async def change_nodes(self, workflow_id: str, fields: Mapping[str, NodeFields]) -> tuple[WorkflowNode, ...]:
        """Change what nodes say beside the status."""
        return self._tell(await self._store.change_nodes(workflow_id, fields), status_changed=False)

    async def write_nodes(
        self,
        workflow_id: str,
        changes: Mapping[str, NodeFields],
        rounds: Sequence[Sequence[NodeMove]],
        *,
        by: str,
        known: Sequence[WorkflowNode] = (),
    ) -> tuple[tuple[WorkflowNode, ...], ...]:
        """Change and move nodes in one transaction. See `WorkflowStore.write_nodes`."""
        changed, *moved = await self._store.write_nodes(workflow_id, changes, rounds, by=by, known=known)
        self._tell(changed, status_changed=False)
        for nodes in moved:
            self._tell(nodes, status_changed=True)
        return (changed, *moved)

    async def request_cancel(self, workflow_id: str, request: CancelRequest, *, forced: bool = False) -> WorkflowRun:
        """Note that somebody wants the run stopped; a finished run stays as it is."""
        noted = await self._store.request_cancel(workflow_id, request, forced=forced)
        self._bus.publish(WorkflowChanged(noted, status_changed=False))
        return noted

    async def request_node_cancel(self, workflow_id: str, node_id: str, request: CancelRequest) -> WorkflowNode:
        """Note that somebody wants one node stopped; a finished one stays as it is."""
        noted = await self._store.request_node_cancel(workflow_id, node_id, request)
        self._bus.publish(NodeChanged(noted, status_changed=False))
        return noted

    def _tell_of_beginning(self, submitted: SubmittedRun) -> None:
        if not submitted.replayed:
            self._bus.publish(WorkflowChanged(submitted.run, status_changed=True))
            self._tell(submitted.nodes, status_changed=True)

    def _tell(self, nodes: tuple[WorkflowNode, ...], *, status_changed: bool) -> tuple[WorkflowNode, ...]:
        for node in nodes:
            self._bus.publish(NodeChanged(node, status_changed))
        return nodes
