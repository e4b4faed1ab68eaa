"""What is decided about a run's nodes, until it is written: in few transactions, however many nodes there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.store.node_changes import NodeMove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.workflow.live import LiveNode
    from core.engine.workflow_ledger import WorkflowLedger
    from core.lifecycle.workflow import NodeEvent
    from core.records.workflow_node import WorkflowNode
    from core.store.workflow_rows import NodeFields

_BY = "engine"


class Outbox:
    """Keeps decisions in their order, and writes them.

    Args:
        ledger: Writes and announces them.
        workflow_id: The run.
    """

    def __init__(self, ledger: WorkflowLedger, workflow_id: str) -> None:
        self._ledger = ledger
        self._workflow_id = workflow_id
        self._added: list[tuple[tuple[WorkflowNode, ...], str | None]] = []
        self._changed: dict[str, tuple[LiveNode, NodeFields]] = {}
        self._moved: list[dict[str, tuple[LiveNode, NodeMove]]] = []

    def add(self, nodes: Sequence[WorkflowNode], *, instead_of: str | None = None) -> None:
        """Nodes that there were not before."""
        if instead_of is None and self._added and self._added[-1][1] is None:
            self._added[-1] = ((*self._added[-1][0], *nodes), None)
        else:
            self._added.append((tuple(nodes), instead_of))

    def change(self, node: LiveNode, fields: NodeFields) -> None:
        """Something about a node beside its status."""
        earlier = self._changed.get(node.id)
        self._changed[node.id] = (node, fields if earlier is None else {**earlier[1], **fields})

    def move(self, node: LiveNode, event: NodeEvent, why: str = "", fields: NodeFields | None = None) -> None:
        """A node's next status."""
        if not self._moved or node.id in self._moved[-1]:
            self._moved.append({})
        self._moved[-1][node.id] = (node, NodeMove(node.id, event, why, fields or {}))

    async def flush(self) -> None:
        """Write everything, and note in the live nodes what they are then.

        Raises:
            StoreError: The disk is full or failing: nobody knows how much was written.
            StoreBusyError: The database is locked by another process.
        """
        added, self._added = self._added, []
        for nodes, instead_of in added:
            await self._ledger.add_nodes(self._workflow_id, nodes, instead_of=instead_of)
        changed, self._changed = self._changed, {}
        rounds, self._moved = self._moved, []
        if not changed and not rounds:
            return
        met = {node.id: node for node, _ in changed.values()}
        for each in rounds:
            met.update((node.id, node) for node, _ in each.values())
        written = await self._ledger.write_nodes(
            self._workflow_id,
            {node_id: fields for node_id, (_, fields) in changed.items()},
            [[move for _, move in each.values()] for each in rounds],
            by=_BY,
            known=[node.record for node in met.values()],
        )
        for records in written:
            for record in records:
                met[record.node_id].record = record
