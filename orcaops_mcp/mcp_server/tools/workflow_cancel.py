"""Stopping runs of workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field

from core import NodeStatus
from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.places import run_id
from orcaops_mcp.mcp_server.run_report import ids_of, next_of_run, run_brief
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.toolset import STOPS, AnyTool, Arguments, ToolDefinition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp.types import CallToolResult

    from core import Engine, WorkflowNode, WorkflowRun
    from orcaops_mcp.mcp_server.state import AppContext


class CancelWorkflow(Arguments):
    """Which run to stop."""

    workflow_id: str
    """The run."""
    node: Annotated[str, Field(max_length=300)] = ""
    """Stop only this node; what needs it is skipped."""
    reason: Annotated[str, Field(max_length=500)] = ""
    """Why, for the record."""
    force: bool = False
    """Run no cleanup jobs either: jobs with if: always() or on_complete."""


async def cancel_workflow(ctx: AppContext, arguments: CancelWorkflow) -> CallToolResult:
    """Stop a workflow's run, or one node of it. A run that has ended comes back as it is."""
    engine, workflow_id = ctx.request_context.lifespan_context.engine, run_id(arguments.workflow_id)
    before = await engine.get_workflow(workflow_id)
    run = await engine.cancel_workflow(
        workflow_id,
        node=arguments.node or None,
        by=caller_of(ctx).name,
        reason=arguments.reason,
        force=arguments.force,
    )
    if before.is_finished:
        content: dict[str, Any] = run_brief(run)
        return facts(content | {"note": "It had ended before; nothing was changed.", "next": next_of_run(run)})
    return facts(await _stopping(engine, run, arguments.node))


async def _stopping(engine: Engine, run: WorkflowRun, node: str) -> dict[str, Any]:
    run, nodes = await engine.workflow_state(run.workflow_id)
    if node:
        nodes = tuple(each for each in nodes if each.node_id == node)
    note = (
        None if run.is_finished else "Stopping it was requested; jobs end within their grace, cleanup jobs still run."
    )
    return {
        "workflow_id": run.workflow_id,
        "status": run.status.value,
        "summary": run_brief(run)["summary"],
        "stopping": ids_of(nodes, NodeStatus.RUNNING),
        "stopped": ids_of(nodes, NodeStatus.CANCELLED),
        "never_started": _never_started(nodes),
        "note": note,
        "version": run.version,
        "next": next_of_run(run),
    }


def _never_started(nodes: Sequence[WorkflowNode]) -> int | None:
    """Nodes that will not run any more, or that wait for nothing but a cleanup's turn."""
    return sum(node.started_at is None and node.status is not NodeStatus.SUCCESS for node in nodes) or None


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (ToolDefinition("orcaops_cancel_workflow", "Cancel a workflow", STOPS, CancelWorkflow, cancel_workflow),),
)
