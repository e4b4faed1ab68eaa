"""Runs of workflows: how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from pydantic import Field

from core import InvalidArgumentError
from orcaops_mcp.mcp_server.answers import facts
from orcaops_mcp.mcp_server.events import source_uri
from orcaops_mcp.mcp_server.places import run_id
from orcaops_mcp.mcp_server.run_report import matrices, next_of_run, node_in_full, nodes_page, run_brief
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.untrusted import one_line
from orcaops_mcp.mcp_server.within import within
from orcaops_mcp.views.compact import valid_unicode

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import Engine, WorkflowRun
    from orcaops_mcp.mcp_server.state import AppContext

_LONGEST_CURSOR: Final = 6
_MAX_SOURCE: Final = 16_000
"""Characters of a file in one answer."""
_MAX_WHY_BYTES: Final = 4 * 1024


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
    node: Annotated[str, Field(max_length=300)] = ""
    """One node in full instead, with the facts why it ran, waits, was skipped or failed."""
    source: bool = False
    """Also the workflow file that it was made from."""


async def get_workflow_status(ctx: AppContext, arguments: GetWorkflowStatus) -> CallToolResult:
    """Where a workflow's run stands: status, counts, outputs; its nodes with status and cause, failed ones first."""
    engine = ctx.request_context.lifespan_context.engine
    workflow_id, start = run_id(arguments.workflow_id), _start(arguments.cursor)
    if arguments.node:
        return await _one_node(engine, workflow_id, arguments.node)
    since = arguments.since_version if arguments.nodes == "changed" else 0
    run, nodes = await engine.workflow_state(workflow_id, since_version=since)
    passed = matrices(nodes) if not since else {}
    page = nodes_page(nodes, start, only_bad=arguments.nodes == "failed")
    file = await _file(engine, run) if arguments.source else {}
    return facts({**run_brief(run), "matrix": passed, **page, **file, "next": next_of_run(run)})


async def _one_node(engine: Engine, workflow_id: str, node_id: str) -> CallToolResult:
    node = await engine.workflow_node(workflow_id, node_id)
    why = await engine.explain_node(workflow_id, node.node_id)
    return facts(node_in_full(node) | {"why": within([one_line(fact, 500) for fact in why.facts], _MAX_WHY_BYTES)})


async def _file(engine: Engine, run: WorkflowRun) -> dict[str, str | None]:
    source = await engine.workflow_source(run.workflow_id)
    text = valid_unicode(source.text)
    if len(text) > _MAX_SOURCE:
        cut = f"the first {_MAX_SOURCE:,} of {len(text):,} characters; all: resource {source_uri(run.workflow_id)}"
        return {"file": source.file_name, "source": text[:_MAX_SOURCE], "source_cut": cut}
    return {"file": source.file_name, "source": text, "source_cut": None}


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
