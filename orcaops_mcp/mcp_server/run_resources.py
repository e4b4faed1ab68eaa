"""Workflow runs and their nodes as resources, for clients that pin or watch them."""

# No `from __future__ import annotations`: the SDK reads the handlers' annotations.
import json
from dataclasses import replace
from typing import Final

from mcp.server import MCPServer
from mcp.server.mcpserver import ResourceSecurity
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import Resource

from core import (
    Engine,
    NotFoundError,
    WorkflowLogQuery,
    node_document,
)
from orcaops_mcp.mcp_server.events import workflow_uri
from orcaops_mcp.mcp_server.places import run_id
from orcaops_mcp.mcp_server.resource_reading import as_resource
from orcaops_mcp.mcp_server.state import App, AppContext
from orcaops_mcp.mcp_server.untrusted import fenced_together, one_line
from orcaops_mcp.views.compact import valid_unicode
from orcaops_mcp.views.workflow_run import run_record

MAX_LISTED: Final = 20
MAX_COMPLETED: Final = 50
MAX_TAIL: Final = 1000
MAX_LOG_BYTES: Final = 64 * 1024


def add_run_resources(server: MCPServer[App]) -> None:
    """Put the resources of runs on offer."""
    server.resource(
        "orcaops://workflows/{id}/nodes/{+node}",
        name="workflow-node",
        title="Node of a workflow's run",
        description="The record of a node: status, cause, tries, outputs, why it ran or did not.",
        mime_type="application/json",
        security=ResourceSecurity(exempt_params={"node"}),
    )(_node)
    server.resource(
        "orcaops://workflows/{id}/logs{?tail,cursor}",
        name="workflow-log",
        title="Log of a workflow's run",
        description="What all nodes printed, each line behind its node; the last 200 lines unless tail or cursor say.",
        mime_type="text/plain",
    )(_log)
    server.resource(
        "orcaops://workflows/{id}/source",
        name="workflow-source",
        title="File of a workflow's run",
        description="The workflow file that the run was made from.",
        mime_type="application/yaml",
    )(_source)
    server.resource(
        "orcaops://workflows/{id}",
        name="workflow",
        title="Workflow run",
        description="The record of a run with its nodes, failed ones first; of very many nodes the first.",
        mime_type="application/json",
    )(_workflow)


async def recent_runs(engine: Engine) -> list[Resource]:
    """The newest runs as resources."""
    page = await engine.list_workflows(limit=MAX_LISTED)
    return [
        Resource(
            uri=workflow_uri(run.workflow_id),
            name=run.workflow_id,
            title=f"{one_line(run.run_name or run.name)}: {run.status.value}",
            mime_type="application/json",
        )
        for run in page.items
    ]


async def node_ids(engine: Engine, workflow_id: str, beginning: str) -> list[str]:
    """Ids of a run's nodes that begin with a text; none of a run that is not there."""
    try:
        nodes = await engine.workflow_nodes(workflow_id)
    except NotFoundError:
        return []
    return [node.node_id for node in nodes if node.node_id.startswith(beginning)][:MAX_COMPLETED]


async def _workflow(id: str, ctx: AppContext) -> str:  # noqa: A002 - the name in the URI template
    engine = ctx.request_context.lifespan_context.engine

    async def read() -> str:
        run, nodes = await engine.workflow_state(run_id(id))
        return json.dumps(run_record(run, nodes, await engine.workflow_attempts(run.workflow_id)))

    return await as_resource(read())


async def _node(id: str, node: str, ctx: AppContext) -> str:  # noqa: A002 - same
    engine = ctx.request_context.lifespan_context.engine

    async def read() -> str:
        return json.dumps(node_document(await engine.workflow_node(run_id(id), node)))

    return await as_resource(read())


async def _log(id: str, ctx: AppContext, tail: str = "200", cursor: str = "") -> str:  # noqa: A002 - same
    engine = ctx.request_context.lifespan_context.engine
    if not tail.isdecimal() or not 1 <= int(tail[:6]) <= MAX_TAIL:
        raise ResourceNotFoundError(f"tail: a number of lines, 1 to {MAX_TAIL}")

    async def read() -> str:
        wanted = WorkflowLogQuery(cursor=cursor) if cursor else WorkflowLogQuery(tail=int(tail[:6]))
        page = await engine.read_workflow_log(run_id(id), replace(wanted, max_bytes=MAX_LOG_BYTES))
        text = fenced_together([(line.node_id or "run", line.line) for line in page.lines])
        return f"{text}\nnext cursor: {page.next_cursor}"

    return await as_resource(read())


async def _source(id: str, ctx: AppContext) -> str:  # noqa: A002 - same
    engine = ctx.request_context.lifespan_context.engine

    async def read() -> str:
        return valid_unicode((await engine.workflow_source(run_id(id))).text)

    return await as_resource(read())
