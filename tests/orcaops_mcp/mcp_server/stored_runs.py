"""Runs of workflows as the store has them, written without anything that drives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import Failure, FailureKind, NodeEvent, NodeReason, Reason, WorkflowEvent, WorkflowNode
from core.store.node_changes import NodeMove
from core.testing.factories import a_node, a_workflow_run, a_workflow_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core import Engine

EXIT_3 = Failure(FailureKind.EXIT, "A step ended with exit code 3.", "Read the log.")


async def under_way(engine: Engine, nodes: Sequence[WorkflowNode], **changes: Any) -> str:
    """A run that has begun and of which nothing has run yet."""
    ledger = engine._parts.workflow_ledger
    submitted = await ledger.submit(a_workflow_run(**changes), a_workflow_source(), nodes)
    await ledger.move(submitted.run.workflow_id, WorkflowEvent.START, by="engine")
    return submitted.run.workflow_id


async def moved(engine: Engine, workflow_id: str, *moves: NodeMove) -> None:
    """Move some nodes of a run."""
    await engine._parts.workflow_ledger.move_nodes(workflow_id, moves, by="engine")


async def a_failed_run(engine: Engine, **changes: Any) -> str:
    """A run ``build → test → deploy`` of which the second failed and the third was therefore skipped."""
    nodes = [
        a_node("build", position=0),
        a_node("test", position=1, needs=("build",)),
        a_node("deploy", position=2, needs=("test",)),
    ]
    workflow_id = await under_way(engine, nodes, **changes)
    await moved(engine, workflow_id, NodeMove("build", NodeEvent.START))
    await moved(engine, workflow_id, NodeMove("build", NodeEvent.SUCCEED), NodeMove("test", NodeEvent.START))
    skipped = NodeReason(Reason.NEEDS, "test failed", ("test",))
    await moved(
        engine,
        workflow_id,
        NodeMove("test", NodeEvent.FAIL, fields={"failure": EXIT_3, "exit_code": 3, "tail": ("it broke",)}),
        NodeMove("deploy", NodeEvent.SKIP, fields={"reason": skipped}),
    )
    await engine._parts.workflow_ledger.move(workflow_id, WorkflowEvent.FAIL, by="engine")
    return workflow_id
