"""A run's jobs with how they stand and what waits for what, as data, as Mermaid and as DOT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core.lifecycle.workflow import NodeStatus
from core.plan.render import dot_text, mermaid_text
from core.records.workflow_document import passed_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode

_MOST_JOBS: Final = 1000
"""More are left out: nobody reads a drawing of more."""
_UNDER_WAY: Final = frozenset({NodeStatus.WAITING, NodeStatus.RUNNING})
_BY_WEIGHT: Final = (
    NodeStatus.FAILED,
    NodeStatus.TIMED_OUT,
    NodeStatus.CANCELLED,
    NodeStatus.SUCCESS,
    NodeStatus.SKIPPED,
)
_COLOURS: Final = {
    NodeStatus.RUNNING: "#cfe3fb",
    NodeStatus.SUCCESS: "#cdebd0",
    NodeStatus.FAILED: "#f8c8c8",
    NodeStatus.TIMED_OUT: "#f8c8c8",
    NodeStatus.CANCELLED: "#d0d0d0",
    NodeStatus.SKIPPED: "#d0d0d0",
}
_TOLERATED: Final = "#fff3c4"


@dataclass(frozen=True, slots=True)
class GraphJob:
    """A job of a run, with all its variants.

    Attributes:
        job: Its id.
        status: How its nodes stand together: of those that ended the worst.
        nodes: Their ids.
        needs: Ids of the jobs it waits for.
        is_finally: Whether it runs after all others.
        is_tolerated: Whether what failed of it is tolerated.
        note: More in words, such as ``2/3 passed`` or ``kept``.
    """

    job: str
    status: NodeStatus
    nodes: tuple[str, ...]
    needs: tuple[str, ...]
    is_finally: bool
    is_tolerated: bool
    note: str


@dataclass(frozen=True, slots=True)
class RunGraph:
    """A run's jobs in its order.

    Attributes:
        workflow_id: The run.
        name: What it is called.
        jobs: A thousand at most.
        left_out: How many more there are.
    """

    workflow_id: str
    name: str
    jobs: tuple[GraphJob, ...]
    left_out: int = 0

    def edges(self) -> Iterator[tuple[str, str, bool]]:
        """What is waited for, who waits, and whether only for being last."""
        drawn = {each.job for each in self.jobs}
        awaited = {need for each in self.jobs if not each.is_finally for need in each.needs}
        last = [each.job for each in self.jobs if not each.is_finally and each.job not in awaited]
        for each in self.jobs:
            yield from ((need, each.job, False) for need in each.needs if need in drawn)
            if each.is_finally:
                yield from ((other, each.job, True) for other in last if other not in each.needs)


def graph_of_run(run: WorkflowRun, nodes: Sequence[WorkflowNode]) -> RunGraph:
    """The graph of an attempt of a run.

    Args:
        run: The run.
        nodes: Of the attempt, in the run's order.
    """
    job_of = {node.node_id: node.job for node in nodes}
    by_job: dict[str, list[WorkflowNode]] = {}
    for node in nodes:
        by_job.setdefault(node.job, []).append(node)
    jobs = [_job(job, found, job_of) for job, found in by_job.items()]
    return RunGraph(run.workflow_id, run.run_name or run.name, tuple(jobs[:_MOST_JOBS]), max(0, len(jobs) - _MOST_JOBS))


def graph_document(graph: RunGraph) -> dict[str, Any]:
    """The graph as data."""
    return {
        "workflow_id": graph.workflow_id,
        "name": graph.name,
        "jobs": [
            {
                "id": each.job,
                "status": each.status.value,
                "tolerated": each.is_tolerated,
                "nodes": list(each.nodes),
                "finally": each.is_finally,
                "note": each.note or None,
            }
            for each in graph.jobs
        ],
        "edges": [{"from": source, "to": target, "last": is_last} for source, target, is_last in graph.edges()],
        "left_out": graph.left_out,
    }


def graph_mermaid(graph: RunGraph) -> str:
    """The graph as a Mermaid flowchart, coloured by status; a dotted arrow only makes a job the last."""
    names = {each.job: f"j{index}" for index, each in enumerate(graph.jobs)}
    lines = ["flowchart LR"]
    lines += (f"    {names[each.job]}[{mermaid_text(_label(each))}]" for each in graph.jobs)
    lines += (
        f"    {names[source]} {'-.->' if is_last else '-->'} {names[target]}"
        for source, target, is_last in graph.edges()
    )
    lines += (f"    style {names[each.job]} fill:{colour}" for each in graph.jobs if (colour := _colour(each)))
    if graph.left_out:
        lines.append(f"    more[{mermaid_text(f'and {graph.left_out} more')}]")
    return "\n".join(lines) + "\n"


def graph_dot(graph: RunGraph) -> str:
    """The graph for Graphviz, coloured by status; a dashed arrow only makes a job the last."""
    lines = [
        f"digraph {dot_text(graph.name)} {{",
        "    rankdir=LR;",
        "    node [shape=box, style=filled, fillcolor=white];",
    ]
    for each in graph.jobs:
        filled = f', fillcolor="{colour}"' if (colour := _colour(each)) else ""
        lines.append(f"    {dot_text(each.job)} [label={dot_text(_label(each))}{filled}];")
    for source, target, is_last in graph.edges():
        lines.append(f"    {dot_text(source)} -> {dot_text(target)}{' [style=dashed]' if is_last else ''};")
    if graph.left_out:
        lines.append(f"    more [label={dot_text(f'and {graph.left_out} more')}];")
    return "\n".join([*lines, "}"]) + "\n"


def _job(job: str, nodes: Sequence[WorkflowNode], job_of: dict[str, str]) -> GraphJob:
    needs = dict.fromkeys(job_of.get(need, need) for node in nodes for need in node.needs)
    variants = [node for node in nodes if node.variant is not None]
    note = passed_text(variants) if variants else "kept" if nodes[0].kept_from else ""
    bad = [node for node in nodes if node.status in {NodeStatus.FAILED, NodeStatus.TIMED_OUT}]
    return GraphJob(
        job,
        _status_of(nodes),
        tuple(node.node_id for node in nodes),
        tuple(needs),
        is_finally=nodes[0].is_finally,
        is_tolerated=bool(bad) and all(node.is_tolerated for node in bad),
        note=note,
    )


def _status_of(nodes: Sequence[WorkflowNode]) -> NodeStatus:
    statuses = {node.status for node in nodes}
    if statuses & _UNDER_WAY:
        return NodeStatus.WAITING if statuses == {NodeStatus.WAITING} else NodeStatus.RUNNING
    return next(status for status in _BY_WEIGHT if status in statuses)


def _label(job: GraphJob) -> str:
    said = f"{job.job}: {'tolerated' if job.is_tolerated else job.status.value}"
    return f"{said}, {job.note}" if job.note else said


def _colour(job: GraphJob) -> str | None:
    return _TOLERATED if job.is_tolerated else _COLOURS.get(job.status)
