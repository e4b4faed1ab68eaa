"""Nodes of workflow runs: list, see, explain, cancel."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from core import NodeFilter, Result, blocked_nodes
from orcaops_mcp.api import workflow_run_examples as examples
from orcaops_mcp.api.answers import answer
from orcaops_mcp.api.bodies import read_model
from orcaops_mcp.api.document import json_body, problems, reply
from orcaops_mcp.api.models import workflow_ask as asks
from orcaops_mcp.api.models import workflow_look as look_shapes
from orcaops_mcp.api.models import workflow_node as node_shapes
from orcaops_mcp.api.models import workflow_run as shapes
from orcaops_mcp.api.models.workflow_node import NodeId
from orcaops_mcp.api.models.workflow_run import WorkflowId
from orcaops_mcp.api.run_paths import RUN
from orcaops_mcp.api.state import caller_of, engine_of
from orcaops_mcp.views.workflow_run import explanation_view, node_row, node_view, run_record

router = APIRouter(tags=["workflows"])

_NODE: Final = RUN + "/nodes/{node:path}"
_BLOCKING: Final = frozenset({Result.FAILURE, Result.CANCELLED})
"""Results of nodes because of which others do not run."""


@router.get(RUN + "/jobs", include_in_schema=False, response_model=None)
@router.get(
    RUN + "/nodes",
    operation_id="list_nodes",
    summary="List a run's nodes",
    response_model=None,
    responses={200: reply(node_shapes.NodeList, "A page of nodes.", examples.NODES), **problems(404, 422)},
)
async def list_nodes(
    request: Request, workflow_id: WorkflowId, query: Annotated[asks.NodeListQuery, Query()]
) -> Response:
    """The nodes of a run in its order: a job each, or a variant of one."""
    engine = engine_of(request)
    which = NodeFilter(frozenset(query.status), query.job, query.since_version)
    run, page = await engine.list_workflow_nodes(
        workflow_id, which, attempt=query.attempt, limit=query.limit, cursor=query.cursor
    )
    if query.detail == "full":
        blocked: dict[str, tuple[str, ...]] = {}
        if any(node.result in _BLOCKING for node in page.items):
            nodes = await engine.workflow_nodes(workflow_id, attempt=query.attempt)
            blocked = dict(blocked_nodes(nodes))
        items = [node_view(node, blocked.get(node.node_id, ())) for node in page.items]
    else:
        items = [node_row(node) for node in page.items]
    return answer({
        "items": items,
        "next_cursor": page.next_cursor,
        "version": run.version,
    })  # fmt: skip


@router.get(
    _NODE + "/explain",
    operation_id="explain_node",
    summary="Explain a node",
    response_model=None,
    responses={
        200: reply(look_shapes.ExplanationShape, "The chain of facts.", examples.EXPLANATION),
        **problems(404, 422),
    },
)
async def explain_node(
    request: Request, workflow_id: WorkflowId, node: NodeId, query: Annotated[asks.AttemptQuery, Query()]
) -> Response:
    """Why a node ran, waits, failed or was skipped: the facts from which the engine concluded it."""
    explanation = await engine_of(request).explain_node(workflow_id, node, attempt=query.attempt)
    return answer(explanation_view(explanation))


@router.post(
    _NODE + "/cancel",
    operation_id="cancel_node",
    summary="Cancel one node",
    response_model=None,
    responses={
        200: reply(shapes.RunRecord, "The run has ended.", examples.RECORD),
        202: reply(shapes.RunRecord, "The node is being stopped.", {**examples.RECORD, "status": "running"}),
        **problems(400, 404, 413, 415, 422),
    },
    openapi_extra={"requestBody": json_body("CancelRunBody", {"reason": {"reason": "hangs"}}, required=False)},
)
async def cancel_node(request: Request, workflow_id: WorkflowId, node: NodeId) -> Response:
    """Stop one node; the run goes on. A node that has ended stays as it is."""
    body = await read_model(request, asks.CancelRunBody, required=False)
    run = await engine_of(request).cancel_workflow(
        workflow_id, node=node, by=caller_of(request).name, reason=body.reason, force=body.force
    )
    return answer(run_record(run, (), has_all=False), 200 if run.is_finished else 202)


@router.get(
    _NODE,
    operation_id="get_node",
    summary="See a node",
    response_model=None,
    responses={200: reply(node_shapes.NodeShape, "Everything about it.", examples.NODE), **problems(404, 422)},
)
async def get_node(
    request: Request, workflow_id: WorkflowId, node: NodeId, query: Annotated[asks.AttemptQuery, Query()]
) -> Response:
    """A node with its tries, condition, failure, outputs; `job_id` names the job whose log and artifacts are its own.

    The id stands in the path as it is, with `%20` for a blank: `caller%20/%20job` for a job of a called file.
    """
    engine = engine_of(request)
    found = await engine.workflow_node(workflow_id, node, attempt=query.attempt)
    if found.result not in _BLOCKING:
        return answer(node_view(found))
    nodes = await engine.workflow_nodes(workflow_id, attempt=query.attempt)
    return answer(node_view(found, blocked_nodes(nodes).get(node, ())))
