"""A run as a graph for the browser that lays it out: its nodes, what waits for what, and how each stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from core import time_text
from orcaops_mcp.web.filters import duration, shown
from orcaops_mcp.web.run_timeline import node_address
from orcaops_mcp.web.words import look_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from core import WorkflowNode, WorkflowRun

MOST_NODES: Final = 5000
"""More are never drawn."""
_LISTED_NEEDS: Final = 6
_ALWAYS: Final = re.compile(r"\balways\s*\(", re.IGNORECASE)
_ON_FAILURE: Final = re.compile(r"(?<!!)(?<!! )\bfailure\s*\(", re.IGNORECASE)


def drawing(run: WorkflowRun, nodes: Sequence[WorkflowNode], *, attempt: int) -> dict[str, Any]:
    """What the browser draws.

    Args:
        run: The run.
        nodes: Of the attempt, in the run's order.
        attempt: Of the run.
    """
    shown_nodes = nodes[:MOST_NODES]
    critical = [each.node_id for each in run.critical_path] if attempt == run.attempt else []
    other = attempt if attempt != run.attempt else None
    return {
        "version": run.version,
        "nodes": [_node(run.workflow_id, node, critical, other) for node in shown_nodes],
        "edges": list(_edges(shown_nodes, critical)),
        "left_out": len(nodes) - len(shown_nodes),
    }


def _node(workflow_id: str, node: WorkflowNode, critical: Collection[str], attempt: int | None) -> dict[str, Any]:
    look = look_of(node.status)
    took = _seconds(node)
    runs_on = f"/jobs/{node.job_id}" if node.job_id is not None and node.tries else None
    return {
        "id": node.node_id,
        "job": node.job,
        "name": shown(node.name or node.node_id),
        "status": node.status.value,
        "tolerated": node.is_tolerated,
        "icon": look.icon,
        "word": look.word,
        "is_variant": node.variant is not None,
        "took": duration(took) if took is not None else "",
        "since": time_text(node.started_at) if took is None and node.started_at is not None else None,
        "critical": node.node_id in critical,
        "href": runs_on or node_address(workflow_id, node.node_id, attempt),
        "said": shown(_said(node, look.word, took)),
    }


def _said(node: WorkflowNode, word: str, took: float | None) -> str:
    """The node in a sentence, such as ``scan: Timed out, 1m 00s, needs build``."""
    needs = ", ".join(node.needs[:_LISTED_NEEDS])
    more = f" and {len(node.needs) - _LISTED_NEEDS} more" if len(node.needs) > _LISTED_NEEDS else ""
    parts = (
        f"{node.name or node.node_id}: {word}{', tolerated' if node.is_tolerated else ''}",
        duration(took) if took is not None else "",
        f"needs {needs}{more}" if needs else "",
        "runs after all others" if node.is_finally else "",
    )
    return ", ".join(filter(None, parts))


def _edges(nodes: Sequence[WorkflowNode], critical: Sequence[str]) -> Iterator[dict[str, Any]]:
    """From the name of a job or node to a node; a finally job without needs comes behind whatever comes last."""
    names = {node.node_id for node in nodes} | {node.job for node in nodes}
    of_node = {node.node_id: node.job for node in nodes}
    ordinary = [node for node in nodes if not node.is_finally]
    awaited = {name for node in ordinary for name in node.needs}
    last = list(dict.fromkeys(node.job for node in ordinary if not awaited & {node.job, node.node_id}))
    before = dict(zip(critical[1:], critical, strict=False))
    for node in nodes:
        earlier = before.get(node.node_id)
        for need in dict.fromkeys(node.needs):
            if need in names:
                is_critical = earlier is not None and need in {earlier, of_node.get(earlier)}
                yield _edge(need, node, label=_label(node), is_critical=is_critical)
        if node.is_finally:
            ahead = dict.fromkeys(last if earlier is None else [*last, of_node.get(earlier, earlier)])
            for job in ahead:
                if job not in node.needs:
                    is_critical = earlier is not None and job in {earlier, of_node.get(earlier)}
                    yield _edge(job, node, is_last=True, is_critical=is_critical)


def _edge(
    name: str, node: WorkflowNode, *, label: str = "", is_last: bool = False, is_critical: bool = False
) -> dict[str, Any]:
    return {
        "from": name,
        "to": node.node_id,
        "skipped": node.status == "skipped",
        "last": is_last,
        "label": label,
        "critical": is_critical,
    }


def _label(node: WorkflowNode) -> str:
    """When the node runs although a need did not succeed, as its condition says it."""
    text = node.condition.text if node.condition is not None else ""
    if _ALWAYS.search(text):
        return "always"
    return "on failure" if _ON_FAILURE.search(text) else ""


def _seconds(node: WorkflowNode) -> float | None:
    if node.started_at is None or node.finished_at is None:
        return None
    return (node.finished_at - node.started_at).total_seconds()
