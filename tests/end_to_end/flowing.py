"""Runs of workflows on a real container engine: submitted, waited for, and looked at."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from core import JobNotFoundError, LogQuery, NodeStatus, WorkflowRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import Engine, WorkflowNode, WorkflowRun
    from tests.end_to_end.operator import Operator

EXAMPLES = Path(__file__).parents[2] / "workflows"


def an_example(name: str, **fields: Any) -> WorkflowRequest:
    """The request for a file of the examples, with all that it may call."""
    file = EXAMPLES / f"{name}.yaml"
    files = {path.relative_to(file.parent).as_posix(): path.read_text() for path in file.parent.rglob("*.yaml")}
    return WorkflowRequest(text=file.read_text(), file_name=file.name, files=files, **fields)


def a_request(content: Mapping[str, Any], **fields: Any) -> WorkflowRequest:
    """The request for a workflow that is written here."""
    return WorkflowRequest(text=json.dumps(content), **fields)


async def submitted(engine: Engine, request: WorkflowRequest) -> str:
    return (await engine.run_workflow(request)).run.workflow_id


async def ended(engine: Engine, workflow_id: str, *, within_s: float = 120) -> WorkflowRun:
    """The run, once it has ended."""
    with anyio.fail_after(within_s), engine.subscribe([workflow_id]) as news:
        while not (run := await engine.get_workflow(workflow_id)).is_finished:
            await news.wait()
            news.take()
    return run


async def ran(engine: Engine, request: WorkflowRequest) -> tuple[WorkflowRun, dict[str, WorkflowNode]]:
    """A run from its request to its end, with its nodes by their ids."""
    workflow_id = await submitted(engine, request)
    run = await ended(engine, workflow_id)
    return run, await nodes_of(engine, workflow_id)


async def nodes_of(engine: Engine, workflow_id: str) -> dict[str, WorkflowNode]:
    return {node.node_id: node for node in await engine.workflow_nodes(workflow_id)}


async def running_node(engine: Engine, workflow_id: str, node_id: str) -> WorkflowNode:
    """A node, once its job's container runs."""
    with anyio.fail_after(60), engine.subscribe() as news:
        while True:
            node = await engine.workflow_node(workflow_id, node_id)
            if node.status is NodeStatus.RUNNING and node.job_id is not None:
                with suppress(JobNotFoundError):  # the node says so before the job is there
                    if (await engine.get_job(node.job_id)).started_at is not None:
                        return node
            await news.wait()
            news.take()


async def printed(engine: Engine, node: WorkflowNode) -> list[str]:
    """What the job of a node printed."""
    assert node.job_id is not None
    return [line.text for line in (await engine.read_logs(node.job_id, LogQuery(max_bytes=1 << 20))).lines]


async def told(engine: Engine, run: WorkflowRun, nodes: Mapping[str, WorkflowNode]) -> str:
    """All that helps when a run ended otherwise than it should."""
    lines = [f"{run.status} {run.failure} {run.warnings} {run.reason}"]
    for node in nodes.values():
        lines.append(f"{node.node_id}: {node.status} {node.failure} {node.reason}")
        if node.status is not NodeStatus.SUCCESS and node.job_id is not None:
            lines += await printed(engine, node)
    return "\n".join(lines)


async def left(operator: Operator, home_id: str) -> list[str]:
    """What still stands of a home."""
    return await anyio.to_thread.run_sync(operator.all_of, home_id)


async def everything_has_ended(engine: Engine) -> None:
    """Stop what still runs, at once."""
    for run in (await engine.list_workflows(limit=200)).items:
        if not run.is_finished:
            await engine.cancel_workflow(run.workflow_id, force=True)
            await ended(engine, run.workflow_id)
