"""Runs of workflows: how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from pydantic import Field

from core import InvalidArgumentError
from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.places import run_id
from orcaops_mcp.mcp_server.run_report import matrices, next_of_run, nodes_page, run_brief
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext

_LONGEST_CURSOR: Final = 6


class GetWorkflowStatus(Arguments):
    """Which run, and what of it."""

    workflow_id: str
    """The run."""
    nodes: Literal["changed", "failed", "all"] = "changed"
    """changed: those since since_version. failed: what went wrong. A run of many nodes comes in pages."""
    since_version: Annotated[int, Field(ge=0)] = 0
    """version of an earlier answer, for nodes=changed; 0 is the start."""
    cursor: Annotated[str, Field(max_length=20)] = ""
    """next_cursor of the page before, with the same nodes."""


async def get_workflow_status(ctx: AppContext, arguments: GetWorkflowStatus) -> CallToolResult:
    """Where a workflow's run stands: status, counts, outputs; its nodes with status and cause, failed ones first."""
    engine = ctx.request_context.lifespan_context.engine
    workflow_id, start = run_id(arguments.workflow_id), _start(arguments.cursor)
    since = arguments.since_version if arguments.nodes == "changed" else 0
    run, nodes = await engine.workflow_state(workflow_id, since_version=since)
    passed = matrices(nodes) if not since else {}
    page = nodes_page(nodes, start, only_bad=arguments.nodes == "failed")
    return facts({**run_brief(run), "matrix": passed, **page, "next": next_of_run(run)})


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _LONGEST_CURSOR):
        raise InvalidArgumentError("cursor: not one of this list", hint="Use next_cursor of an earlier answer.")
    return int(cursor)


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (ToolDefinition("orcaops_get_workflow_status", "Workflow status", READS, GetWorkflowStatus, get_workflow_status),),
)
