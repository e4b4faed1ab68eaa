"""Runs of workflows for tests: start, wait, look."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import anyio

from core import WorkflowRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from core import Engine, WorkflowNode, WorkflowRun


@dataclass(frozen=True)
class Ended:
    """A run with its nodes, once it has ended."""

    run: WorkflowRun
    nodes: tuple[WorkflowNode, ...]

    def node(self, node_id: str) -> WorkflowNode:
        return next(node for node in self.nodes if node.node_id == node_id)

    @property
    def results(self) -> Mapping[str, str]:
        """The results by node."""
        return {node.node_id: str(node.result) for node in self.nodes}

    @property
    def reasons(self) -> Mapping[str, str]:
        """The codes of the reasons by node, of those that have one."""
        return {node.node_id: str(node.reason.code) for node in self.nodes if node.reason is not None}


async def start(engine: Engine, text: str, **fields: Any) -> str:
    """Start a run of a file, and answer its id."""
    submitted = await engine.run_workflow(WorkflowRequest(text=dedent(text), **fields))
    return submitted.run.workflow_id


async def ended(engine: Engine, workflow_id: str) -> Ended:
    """Wait for a run's end."""
    with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
        while True:
            run, nodes = await engine.workflow_state(workflow_id)
            if run.is_finished:
                return Ended(run, nodes)
            await news.wait()
            news.take()


async def conduct(engine: Engine, text: str, **fields: Any) -> Ended:
    """Run a file to its end."""
    return await ended(engine, await start(engine, text, **fields))


async def until(engine: Engine, workflow_id: str, node_id: str, *statuses: str) -> WorkflowNode:
    """Wait until a node has one of these statuses."""
    with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
        while True:
            nodes = await engine.workflow_nodes(workflow_id)
            found = next((node for node in nodes if node.node_id == node_id), None)
            if found is not None and found.status in statuses:
                return found
            await news.wait()
            news.take()
